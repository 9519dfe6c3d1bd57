package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"ledgermill/bench/stats"
)

// noisy are n times around a middle: log-normal, and one in twenty up to half
// as long again, because something else ran.
func noisy(random *rand.Rand, n int, middle, variation float64) stats.Samples {
	s := make(stats.Samples, n)
	for i := range s {
		s[i] = middle * math.Exp(variation*random.NormFloat64())
		if random.IntN(20) == 0 {
			s[i] *= 1 + random.Float64()/2
		}
	}
	return s
}

// generator is seeded by the test's name, so that a failure can be seen again.
func generator(t *testing.T) *rand.Rand {
	var seed uint64
	for _, c := range t.Name() {
		seed = seed*31 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, 1))
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func TestMedianAndVariation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values            []float64
		median, variation float64
	}{
		{[]float64{3}, 3, 0},
		{[]float64{3, 1}, 2, math.Sqrt2 / 2},
		{[]float64{9, 1, 2}, 2, math.Sqrt(19) / 4},
		{[]float64{2, 4, 4, 4, 5, 5, 7, 9}, 4.5, math.Sqrt(32.0/7) / 5},
		{[]float64{0, 0}, 0, 0},
	} {
		before := slices.Clone(c.values)
		if got := stats.Median(c.values); !near(got, c.median) {
			t.Errorf("median of %v is %v, not %v", c.values, got, c.median)
		}
		if got := stats.Variation(c.values); !near(got, c.variation) {
			t.Errorf("variation of %v is %v, not %v", c.values, got, c.variation)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("%v became %v", before, c.values)
		}
	}
	if !math.IsNaN(stats.Median(nil)) || !math.IsNaN(stats.GeometricMean(nil)) {
		t.Error("a figure of nothing")
	}
	if got := stats.GeometricMean([]float64{2, 0.5, 8}); !near(got, 2) {
		t.Errorf("geometric mean %v", got)
	}
}

// TestIntervalCovers draws from distributions whose ratio is known, and counts how
// often the interval holds it: 95 times in 100, and a little more or less where
// samples are few.
func TestIntervalCovers(t *testing.T) {
	t.Parallel()
	const draws = 400
	for _, n := range []int{6, 10, 30} {
		for _, paired := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d runs, paired %v", n, paired), func(t *testing.T) {
				t.Parallel()
				random, held := generator(t), 0
				for range draws {
					r := stats.RatioOf(noisy(random, n, 1, 0.08), noisy(random, n, 4, 0.08), paired)
					if r.Basis != stats.Bootstrap || r.Runs != n {
						t.Fatalf("%+v", r)
					}
					if r.Low <= 0.25 && 0.25 <= r.High {
						held++
					}
				}
				if share := float64(held) / draws; share < 0.915 {
					t.Errorf("the interval held the truth %.1f times in 100", 100*share)
				}
			})
		}
	}
}

// TestPairsCancelWhatSlowsBoth has rounds of very different speed: the ratio of
// paired samples is sharp though the times are not.
func TestPairsCancelWhatSlowsBoth(t *testing.T) {
	t.Parallel()
	random := generator(t)
	of, by := make(stats.Samples, 10), make(stats.Samples, 10)
	for i := range of {
		round := 1 + random.Float64()
		of[i], by[i] = 2*round*(1+0.01*random.Float64()), round*(1+0.01*random.Float64())
	}
	paired, loose := stats.RatioOf(of, by, true), stats.RatioOf(of, by, false)
	if paired.Low > 2 || paired.High < 2 || 3*(paired.High-paired.Low) > loose.High-loose.Low {
		t.Errorf("paired %+v, not paired %+v", paired, loose)
	}
}

func TestRatioProperties(t *testing.T) {
	t.Parallel()
	random := generator(t)
	for range 60 {
		a, b := noisy(random, 2+random.IntN(12), 1, 0.1), noisy(random, 2+random.IntN(12), 3, 0.1)
		r := stats.RatioOf(a, b, true)
		if r != stats.RatioOf(a, b, true) {
			t.Fatal("the same samples gave another interval")
		}
		if !near(r.Value, stats.Median(a)/stats.Median(b)) {
			t.Fatalf("%+v is not the ratio of medians", r)
		}
		if !(r.Low <= r.Value && r.Value <= r.High) {
			t.Fatalf("%+v does not hold its own value", r)
		}
		if r.Low < slices.Min(a)/slices.Max(b) || r.High > slices.Max(a)/slices.Min(b) {
			t.Fatalf("%+v is wider than the samples allow", r)
		}
		double := slices.Clone(a)
		for i := range double {
			double[i] *= 2
		}
		if twice := stats.RatioOf(double, b, true); !near(twice.Value, 2*r.Value) || !near(twice.Low, 2*r.Low) || !near(twice.High, 2*r.High) {
			t.Fatalf("twice %+v is %+v", r, twice)
		}
		if i := r.Inverse(); !near(i.Value*r.Value, 1) || !near(i.Low*r.High, 1) || i.Inverse().Basis != r.Basis {
			t.Fatalf("the inverse of %+v is %+v", r, i)
		}
	}
}

func TestBases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		of, by stats.Samples
		want   stats.Ratio
	}{
		{"one repetition", stats.Samples{2}, stats.Samples{4, 5, 6}, stats.Ratio{Value: 0.4, Low: 0.4, High: 0.4, Runs: 1, Basis: stats.Single}},
		{"counts", stats.Samples{2, 2}, stats.Samples{8, 8, 8}, stats.Ratio{Value: 0.25, Low: 0.25, High: 0.25, Runs: 2, Basis: stats.Counted}},
		{"few repetitions", stats.Samples{2, 3, 4}, stats.Samples{8, 10, 12}, stats.Ratio{Value: 0.3, Low: 2.0 / 12, High: 0.5, Runs: 3, Basis: stats.Range}},
	} {
		if got := stats.RatioOf(c.of, c.by, true); got != c.want || !got.Defined() {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	for _, r := range []stats.Ratio{stats.RatioOf(nil, stats.Samples{1}, true), stats.RatioOf(stats.Samples{1}, nil, true), stats.RatioOf(stats.Samples{1, 1}, stats.Samples{0, 0}, false)} {
		if r.Defined() {
			t.Errorf("%+v is defined", r)
		}
	}
}

func TestMean(t *testing.T) {
	t.Parallel()
	random, held := generator(t), 0
	for range 40 {
		pairs := []stats.Pair{{Of: noisy(random, 10, 2, 0.05), By: noisy(random, 10, 1, 0.05)}, {Of: noisy(random, 8, 32, 0.05), By: noisy(random, 10, 1, 0.05)}}
		m := stats.Mean(pairs)
		first, second := stats.RatioOf(pairs[0].Of, pairs[0].By, false), stats.RatioOf(pairs[1].Of, pairs[1].By, false)
		if m.Basis != stats.Bootstrap || m.Runs != 8 || !near(m.Value*m.Value, first.Value*second.Value) || m != stats.Mean(pairs) {
			t.Fatalf("%+v", m)
		}
		if ends := math.Sqrt(first.Low * second.Low); m.Low < ends*0.99 {
			t.Fatalf("%+v is wider than its ratios, %v", m, ends)
		}
		if m.Low <= 8 && 8 <= m.High {
			held++
		}
	}
	if held < 35 {
		t.Errorf("the interval held the truth %d times in 40", held)
	}
	one := stats.Pair{Of: noisy(random, 10, 2, 0.05), By: noisy(random, 10, 1, 0.05), Paired: true}
	alone, four := stats.RatioOf(one.Of, one.By, true), stats.Mean([]stats.Pair{one, one, one, one})
	if (four.High - four.Low) > 0.7*(alone.High-alone.Low) {
		t.Errorf("four ratios of as many samples, %+v, are drawn as one, %+v", four, alone)
	}
	few := stats.Mean([]stats.Pair{{Of: stats.Samples{2, 2.2}, By: stats.Samples{1, 1}}, {Of: stats.Samples{4, 4}, By: stats.Samples{1, 1}}})
	if few.Basis != stats.Range || few.Runs != 2 || !near(few.Low, math.Sqrt(8)) || !near(few.High, math.Sqrt(8.8)) {
		t.Errorf("%+v", few)
	}
	if none := stats.Mean(nil); none.Defined() {
		t.Errorf("%+v", none)
	}
}

func TestInterleaved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b []int
		want bool
	}{
		{[]int{0, 2, 4}, []int{1, 3, 5}, true},
		{[]int{0, 3, 4}, []int{1, 2, 5}, true}, // ABBA
		{[]int{0, 1, 2}, []int{3, 4, 5}, false},
		{[]int{0, 2}, []int{1}, false},
		{nil, nil, false},
	} {
		if got := stats.Interleaved(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	sizes := []float64{1e4, 1e5, 1e6, 1e7}
	for _, exponent := range []float64{0.9, 1, 1.3} {
		exact := make([]float64, len(sizes))
		for i, s := range sizes {
			exact[i] = 3e-6 * math.Pow(s, exponent)
		}
		g, ok := stats.Fit(sizes, exact)
		if !ok || !near(g.Exponent, exponent) || math.Abs(g.High-g.Low) > 1e-6 || math.Abs(g.At(1e6)/exact[2]-1) > 1e-9 || g.Sizes != 4 {
			t.Errorf("exponent %v: %+v %v", exponent, g, ok)
		}
	}
	// The textbook's own: slope 0.6 with t = 2.353 × ... of five points in logarithms.
	x, y := []float64{1, 2, 3, 4, 5}, []float64{2, 4, 5, 4, 5}
	for i := range x {
		x[i], y[i] = math.Exp(x[i]), math.Exp(y[i])
	}
	g, ok := stats.Fit(x, y)
	half := 3.182446305 * math.Sqrt(2.4/3/10)
	if !ok || !near(g.Exponent, 0.6) || math.Abs(g.Low-(0.6-half)) > 1e-6 || math.Abs(g.High-(0.6+half)) > 1e-6 {
		t.Errorf("%+v, want 0.6 ± %v", g, half)
	}
	for _, c := range [][2][]float64{{{1, 2}, {1, 2}}, {{1, 2, 3}, {1, 2}}, {{1, 2, 0}, {1, 2, 3}}, {{1, 2, 3}, {1, -2, 3}}, {{5, 5, 5}, {1, 2, 3}}} {
		if _, ok := stats.Fit(c[0], c[1]); ok {
			t.Errorf("%v fitted %v", c[0], c[1])
		}
	}
}

// TestFitCovers draws figures around a known exponent.
func TestFitCovers(t *testing.T) {
	t.Parallel()
	random, held := generator(t), 0
	sizes := []float64{1e4, 3e4, 1e5, 3e5, 1e6, 1e7}
	for range 2000 {
		figures := make([]float64, len(sizes))
		for i, s := range sizes {
			figures[i] = math.Pow(s, 1.1) * math.Exp(0.1*random.NormFloat64())
		}
		if g, _ := stats.Fit(sizes, figures); g.Low <= 1.1 && 1.1 <= g.High {
			held++
		}
	}
	if share := float64(held) / 2000; share < 0.935 || share > 0.965 {
		t.Errorf("the interval held the truth %.1f times in 100", 100*share)
	}
}
