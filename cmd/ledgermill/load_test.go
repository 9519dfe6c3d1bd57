package main

import (
	"testing"

	"ledgermill/engine"
)

// A load that only removes has done something.
func TestLoadedText(t *testing.T) {
	t.Parallel()
	for want, report := range map[string]engine.LoadReport{
		"nothing to do":                                                               {Seconds: 1},
		"loaded 2 leaves, 1,000 rows in 1.5 s":                                        {Leaves: 2, Rows: 1000, Seconds: 1.5},
		"removed 1 unit that the lake does not hold in 1.0 s":                         {Removed: 1, Seconds: 1},
		"loaded 1 leaf, 3 rows, removed 2 units that the lake does not hold in 1.0 s": {Leaves: 1, Rows: 3, Removed: 2, Seconds: 1},
	} {
		if got := loadedText(report); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
