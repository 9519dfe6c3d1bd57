package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// failsBehind is a lake that refuses a run's ledger entries behind the first so many.
type failsBehind struct {
	lake.Store
	entries int
}

func (f *failsBehind) Create(ctx context.Context, key string, data []byte) error {
	if strings.HasPrefix(key, ledger.Prefix) {
		if f.entries--; f.entries < 0 {
			return errors.New("the store is full")
		}
	}
	return f.Store.Create(ctx, key, data)
}

// TestStraysOfBrokenRun breaks a run off behind its first batch, which publishes what
// the inventory knows of all objects, and before another batch has written or removed
// an object's rejects without a business date. A run before it has read the objects, so
// that they are not at hand. The next run catches up.
func TestStraysOfBrokenRun(t *testing.T) {
	t.Parallel()
	const first, clean, undated = "t/1.csv", "id,d,v,note\n1,2025-01-02,1.50,a\n", "id,d,v,note\n1,2025-01-02,1.50,a\n2,x,1.00,d\n"
	for _, c := range []struct {
		name, before, after string
		want                int // files of rejects
	}{{"removed", undated, clean, 0}, {"written", clean, undated, 1}, {"replaced", undated, undated + "3,y,1.00,e\n", 1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, inPlaceProject())
			b.cache, b.batchDays, b.budget = t.TempDir(), 1, 1
			b.write(first, c.before)
			b.run(engine.Selection{})
			b.write(first, c.after)
			b.write("t/0.csv", "id,d,v,note\n9,2025-01-01,1.50,a\n")
			b.plan(engine.Selection{})
			b.wrapLake = func(s lake.Store) lake.Store { return &failsBehind{s, 1} }
			m := b.open(true)
			_, err := m.Execute(t.Context(), engine.Selection{})
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			if err == nil || !strings.Contains(err.Error(), "the store is full") {
				t.Fatalf("the run ends with %v", err)
			}
			b.wrapLake = nil
			b.run(engine.Selection{})
			if files := b.rejectFiles(); len(files) != c.want {
				t.Errorf("rejects: %v", files)
			}
			if report := b.run(engine.Selection{}); !report.NothingToDo() {
				t.Errorf("a run after it made %v", report.Units)
			}
		})
	}
}
