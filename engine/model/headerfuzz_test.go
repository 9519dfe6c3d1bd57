package model_test

import (
	"testing"

	"ledgermill/engine/model"
)

// FuzzModelHeader: any file is read, or its faults are told; reading it again tells
// the same.
func FuzzModelHeader(f *testing.F) {
	for _, seed := range []string{
		"-- about: x\n-- grain: a, b\n-- publish: whole\n-- preserves: raw_a\nselect 1",
		"-- reads b: 7 days before, whole\n-- order: a desc\n-- load: facts, merge by a\n-- test: unique a\n-- business date: d\nselect /* $x */ 1;",
		"-- reads: \n-- load:\n-- publish: no, month\n'", "--about é:\xff\n$$",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if a, b := model.ReadModelHeader(src), model.ReadModelHeader(src); a != b {
			t.Fatalf("%d faults, then %d", a, b)
		}
	})
}
