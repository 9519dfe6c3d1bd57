package stats_test

import (
	"fmt"
	"math"
	"testing"

	"ledgermill/bench/stats"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	sure := func(value, low, high float64) stats.Ratio {
		return stats.Ratio{Value: value, Low: low, High: high, Runs: 10, Basis: stats.Bootstrap}
	}
	as := func(r stats.Ratio, basis stats.Basis) stats.Ratio { r.Basis = basis; return r }
	for _, c := range []struct {
		ratio     stats.Ratio
		variation float64
		same, two stats.Verdict
	}{
		{sure(0.25, 0.24, 0.26), 0.02, stats.Faster, stats.Faster},
		{sure(1.30, 1.25, 1.35), 0.02, stats.Slower, stats.Slower},
		{sure(1.00, 0.98, 1.02), 0.02, stats.NoDifference, stats.NoDifference},
		{sure(0.97, 0.96, 0.98), 0.01, stats.NoDifference, stats.NoDifference}, // sure, and too little
		{sure(1.07, 1.06, 1.08), 0.01, stats.Slower, stats.NoDifference},       // too little between two runs
		{sure(1.15, 1.06, 1.20), 0.12, stats.Slower, stats.NoDifference},       // within the variation of two runs
		{sure(1.15, 0.99, 1.20), 0.05, stats.NoDifference, stats.NoDifference}, // not sure
		{sure(1.15, 0.85, 1.40), 0.05, stats.TooNoisy, stats.TooNoisy},
		{sure(0.75, 0.60, 1.01), 0.05, stats.TooNoisy, stats.TooNoisy},
		{sure(1.02, 0.95, 1.40), 0.05, stats.NoDifference, stats.NoDifference}, // one slow value
		{as(sure(0.50, 0.45, 0.55), stats.Range), 0.05, stats.Faster, stats.Faster},
		{as(sure(1.20, 1.10, 1.24), stats.Range), 0.05, stats.TooNoisy, stats.NoDifference}, // few runs, all on one side
		{as(sure(0.96, 0.94, 0.98), stats.Range), 0.05, stats.NoDifference, stats.NoDifference},
		{as(sure(1.20, 0.99, 1.24), stats.Range), 0.05, stats.NoDifference, stats.NoDifference},
		{as(sure(0.25, 0.25, 0.25), stats.Single), 0, stats.TooNoisy, stats.TooNoisy},
		{as(sure(0.25, 0.25, 0.25), stats.Counted), 0, stats.Faster, stats.Faster},
		{sure(math.NaN(), math.NaN(), math.NaN()), 0, stats.TooNoisy, stats.TooNoisy},
	} {
		if got := stats.SameRun().Judge(c.ratio, c.variation); got != c.same {
			t.Errorf("%+v in one run is %s, want %s", c.ratio, got, c.same)
		}
		if got := stats.TwoRuns().Judge(c.ratio, c.variation); got != c.two {
			t.Errorf("%+v between two runs is %s, want %s", c.ratio, got, c.two)
		}
	}
}

// TestJudgeMirrors: what is faster one way round is slower the other.
func TestJudgeMirrors(t *testing.T) {
	t.Parallel()
	random := generator(t)
	mirror := map[stats.Verdict]stats.Verdict{stats.Faster: stats.Slower, stats.Slower: stats.Faster, stats.NoDifference: stats.NoDifference, stats.TooNoisy: stats.TooNoisy}
	for range 100 {
		a, b := noisy(random, 2+random.IntN(10), 1, 0.08), noisy(random, 2+random.IntN(10), 0.6+random.Float64(), 0.08)
		r := stats.RatioOf(a, b, false)
		if one, other := stats.SameRun().Judge(r, 0.08), stats.SameRun().Judge(r.Inverse(), 0.08); mirror[one] != other {
			t.Errorf("%+v is %s, its inverse %s", r, one, other)
		}
	}
}

// TestSameBuildIsNoDifference is the promise of the bench: of cases of one build in
// two runs, 19 in 20 and more are no difference, on a machine that is quiet or not.
// Three repetitions are fewer than the method asks for, and need a quiet one.
func TestSameBuildIsNoDifference(t *testing.T) {
	t.Parallel()
	const cases = 400
	for _, noise := range []struct {
		within, between float64
		runs            []int
	}{
		{0.01, 0.005, []int{3, 6, 10}}, {0.03, 0.01, []int{3, 6, 10}}, {0.05, 0.02, []int{6, 10}}, {0.06, 0.02, []int{6, 10}},
	} {
		for _, n := range noise.runs {
			t.Run(fmt.Sprintf("noise %v, drift %v, %d runs", noise.within, noise.between, n), func(t *testing.T) {
				t.Parallel()
				random := generator(t)
				found := map[stats.Verdict]int{}
				for range cases {
					a := noisy(random, n, math.Exp(noise.between*random.NormFloat64()), noise.within)
					b := noisy(random, n, math.Exp(noise.between*random.NormFloat64()), noise.within)
					found[stats.TwoRuns().Judge(stats.RatioOf(b, a, false), max(stats.Variation(a), stats.Variation(b)))]++
				}
				t.Log(found)
				if found[stats.NoDifference] < cases*19/20 {
					t.Errorf("of %d cases of the same build: %v", cases, found)
				}
			})
		}
	}
}

// TestChangesAreFound: a quarter more is found as slower nearly always, where the
// machine is quiet enough to tell.
func TestChangesAreFound(t *testing.T) {
	t.Parallel()
	random, found := generator(t), 0
	for range 300 {
		a, b := noisy(random, 10, 1, 0.03), noisy(random, 10, 1.25, 0.03)
		if stats.TwoRuns().Judge(stats.RatioOf(b, a, false), 0.03) == stats.Slower {
			found++
		}
	}
	if found < 285 {
		t.Errorf("found %d of 300", found)
	}
}

func TestInteract(t *testing.T) {
	t.Parallel()
	random := generator(t)
	draw := func(middle float64) stats.Samples { return noisy(random, 10, middle, 0.02) }
	for _, c := range []struct {
		name                        string
		naive, added, without, full float64
		alone, taken                float64
		named                       bool
	}{
		{"independent", 12, 6, 2, 1, 2, 2, false},
		{"needs the others", 12, 12, 3, 1, 1, 3, true},
		{"hidden by the others", 12, 4, 1.02, 1, 3, 1.02, true},
		{"under a fifth", 12, 6, 2.2, 1, 2, 2.2, false},
	} {
		got := stats.Interact(draw(c.naive), draw(c.added), draw(c.without), draw(c.full), true)
		if got.Named() != c.named || math.Abs(got.Alone.Value/c.alone-1) > 0.05 || math.Abs(got.Taken.Value/c.taken-1) > 0.05 {
			t.Errorf("%s: %+v, named %v", c.name, got, got.Named())
		}
		if want := got.Taken.Value / got.Alone.Value; !near(got.By.Value, want) {
			t.Errorf("%s: %v, want %v", c.name, got.By.Value, want)
		}
	}
	if once := stats.Interact(stats.Samples{9}, stats.Samples{3}, stats.Samples{1}, stats.Samples{1}, false); once.Named() {
		t.Errorf("one repetition named %+v", once)
	}
}
