package bench_test

import (
	"math"
	"testing"
	"time"

	"ledgermill/bench"
)

func TestSample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		sample    bench.Sample
		median    time.Duration
		variation float64
	}{
		{"nothing", nil, 0, 0},
		{"one", bench.Sample{4 * time.Second}, 4 * time.Second, 0},
		{"odd, unsorted", bench.Sample{9 * time.Second, time.Second, 2 * time.Second}, 2 * time.Second, math.Sqrt(19) / 4},
		{"even", bench.Sample{4 * time.Second, 2 * time.Second}, 3 * time.Second, math.Sqrt2 / 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := append(bench.Sample(nil), c.sample...)
			if got := c.sample.Median(); got != c.median {
				t.Errorf("median %v, want %v", got, c.median)
			}
			if got := c.sample.Variation(); math.Abs(got-c.variation) > 1e-12 {
				t.Errorf("variation %v, want %v", got, c.variation)
			}
			for i, d := range before {
				if c.sample[i] != d {
					t.Fatalf("the sample was reordered: %v", c.sample)
				}
			}
		})
	}
}

func TestSampleAgainstFloor(t *testing.T) {
	t.Parallel()
	s, floor := bench.Sample{3 * time.Second, 5 * time.Second, 4 * time.Second}, bench.Sample{time.Second, 3 * time.Second}
	if got := s.Ratio(floor); got != 2 {
		t.Errorf("ratio %v, want 2", got)
	}
	if got := s.Rate(1000); got != 250 {
		t.Errorf("rate %v, want 250", got)
	}
}
