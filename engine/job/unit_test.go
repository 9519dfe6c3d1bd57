package job_test

import (
	"strings"
	"testing"

	"ledgermill/engine/job"
)

// FuzzParseUnit: the name of a unit is the beginning of its first date, its bounds are
// in order, and its key stays below its dataset.
func FuzzParseUnit(f *testing.F) {
	for _, seed := range []string{"2025-01-31", "2025-02", "2024", "whole", "2025-02-30", "0000-00", "9999-12-31", "２０２５", "-001-01-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := job.ParseUnit(text)
		if err != nil {
			return
		}
		from, after := u.Bounds()
		if u != job.Whole && (!from.Before(after) || !strings.HasPrefix(from.Format("2006-01-02"), text)) {
			t.Fatalf("%q is from %s to %s", text, from, after)
		}
		if key := u.Key("facts"); !strings.HasPrefix(key, "facts/") || strings.Contains(key, "..") {
			t.Fatalf("%q lies at %q", text, key)
		}
	})
}
