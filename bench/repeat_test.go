package bench_test

import (
	"math"
	"strings"
	"testing"

	"ledgermill/bench"
)

// TestShortCasesDoMore: a repetition does the work so often that its sample is long
// enough, or as often as another run's; its times are those of one.
func TestShortCasesDoMore(t *testing.T) {
	t.Parallel()
	r, err := measure(t, bench.Options{Only: []string{"brief"}, Repeat: 2})
	if err == nil {
		t.Error("an answer that wavers is not void")
	}
	want := map[string]int{"three": 50, "long": 0, "once": 0}
	for name, times := range want {
		c := r.Suite("brief").Case(name)
		if c.Times != times || len(c.Samples) != 2 {
			t.Errorf("%s: the work is done %d times in each of %d repetitions", name, c.Times, len(c.Samples))
		}
		for _, s := range c.Samples {
			if s.Written != int64(max(times, 1)) || math.Abs(s.Wall-s.Stages[0].Wall) > 1e-12 || math.Abs(s.Wall-map[string]float64{"three": 0.003, "once": 0.003, "long": 0.1}[name]) > 1e-9 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
	if c := r.Suite("brief").Case("wavers"); !strings.Contains(c.Void, "hash cd came out, and 0 with ab the time before") {
		t.Errorf("void %q", c.Void)
	}
	if c := r.Suite("brief").Case("single"); len(c.Samples) != 1 || c.Wanted != 1 || c.Warmups != 0 {
		t.Errorf("a case of one repetition: %+v", c)
	}
	r.Suite("brief").Case("three").Times = 7
	like, err := measure(t, bench.Options{Only: []string{"brief/three", "brief/long"}, Repeat: 2, Like: r})
	if err != nil || like.Suite("brief").Case("three").Times != 7 || like.Suite("brief").Case("long").Times != 0 {
		t.Errorf("%v, %+v", err, like.Suite("brief"))
	}
}

// TestOnce: each case runs once, without a warm-up.
func TestOnce(t *testing.T) {
	t.Parallel()
	r, err := measure(t, bench.Options{Only: []string{"fine", "brief/three"}, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			if len(c.Samples) != 1 || c.Wanted != 1 || c.Warmups != 0 || c.Times != 0 {
				t.Errorf("%s: %+v", c.Name, c)
			}
		}
	}
}
