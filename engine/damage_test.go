package engine_test

import (
	"errors"
	"io"
	"os"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/lake"
)

// TestDamagedFilesAreReplaced damages published files behind the ledger's back. A run of
// everything makes the same rows again, and must not take that for the same file.
func TestDamagedFilesAreReplaced(t *testing.T) {
	t.Parallel()
	damages := map[string]func(t *testing.T, root lake.Store, key string) error{
		"gone": func(t *testing.T, root lake.Store, key string) error { return root.Remove(t.Context(), key) },
		"a flipped bit": func(t *testing.T, root lake.Store, key string) error {
			r, err := root.Open(t.Context(), key)
			if err != nil {
				return err
			}
			data, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil {
				return err
			}
			data[len(data)/3] ^= 4
			return root.Put(t.Context(), key, data)
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSites(t, func(t *testing.T, at site) {
				b := newBenchAt(t, inPlaceProject(), at)
				b.write("t/1.csv", "id,d,v,note\n1,2025-01-01,1.50,a\n2,2025-01-02,2.50,b\n")
				b.write("t/1.csv.control.json", `{"records": 2}`)
				b.run(engine.Selection{})
				_, root := b.stores()
				if err := damage(t, root, "t/year=2025/month=1/day=1/part-0000.parquet"); err != nil {
					t.Fatal(err)
				}
				if d := differences(t, b, root); d != 1 {
					t.Errorf("%d differences after the damage", d)
				}
				if report := b.run(engine.Selection{Full: true}); report.Unchanged != 1 || report.Published != 1 {
					t.Errorf("%d unchanged, %d published", report.Unchanged, report.Published)
				}
				if d := differences(t, b, root); d != 0 {
					t.Errorf("%d differences after the repair", d)
				}
			})
		})
	}
}

func differences(t *testing.T, b *bench, root lake.Store) int {
	t.Helper()
	v, err := engine.VerifyLake(t.Context(), root, b.open(false).State(), engine.VerifyOptions{})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, d := range v.Differences {
		t.Log(d.Key, d.Fault)
	}
	return len(v.Differences)
}
