package reference

import "testing"

// TestMean: half a cent goes up, and nothing less does.
func TestMean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cents int64
		count int
		want  int64
	}{
		{29, 2, 15}, {-29, 2, -15}, {1, 3, 0}, {2, 3, 1},
		{179335163, 2, 89667582},
		{500_000_000, 1_000_000_001, 0}, {500_000_001, 1_000_000_001, 1},
		{999_999_999_999_999_999, 2, 500_000_000_000_000_000},
	} {
		if got := mean(c.cents, c.count); got != c.want {
			t.Errorf("mean of %d in %d: %d, want %d", c.cents, c.count, got, c.want)
		}
	}
}
