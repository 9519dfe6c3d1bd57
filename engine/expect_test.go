package engine

import (
	"math"
	"testing"
)

// TestExpectSeconds goes by a start and a rate where runs tell both, and never by less
// than nothing.
func TestExpectSeconds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		runs []paced
		rows float64
		want float64
	}{
		"no run":              {nil, 100, 0},
		"one run":             {[]paced{{1000, 2}}, 3000, 6},
		"a start and a rate":  {[]paced{{1000, 2}, {3000, 4}}, 5000, 6},
		"equal runs":          {[]paced{{1000, 2}, {1000, 4}}, 2000, 6},
		"slower when large":   {[]paced{{1000, 1}, {2000, 4}}, 4000, 20.0 / 3},
		"rows tell nothing":   {[]paced{{1000, 4}, {2000, 2}}, 9000, 3},
		"runs without a row":  {[]paced{{0, 4}, {0, 2}}, 9000, 3},
		"nothing is expected": {[]paced{{1000, 2}, {3000, 4}}, 0, 1},
	} {
		if got := expectSeconds(c.runs, c.rows); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
