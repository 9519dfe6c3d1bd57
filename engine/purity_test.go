package engine_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// edited is a copy of a project's files, to be changed.
func edited(t *testing.T, from fs.FS) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, dir := range []string{"sql/contracts", "sql/models", "sql/tests", "sql/warehouse", "queries"} {
		entries, err := fs.ReadDir(from, dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".sql") {
				continue
			}
			data, err := fs.ReadFile(from, dir+"/"+e.Name())
			if err != nil {
				t.Fatal(err)
			}
			files[dir+"/"+e.Name()] = &fstest.MapFile{Data: data}
		}
	}
	return files
}

func replace(t *testing.T, files fstest.MapFS, name, old, with string) {
	t.Helper()
	text := string(files[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not contain %q", name, old)
	}
	files[name] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, with, 1))}
}

// TestSameBytes makes the same days with other numbers of threads and units at
// once, with little memory, and again: every file has the same bytes.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	onSitesIfAsked(t, sameBytes)
}

func sameBytes(t *testing.T, at site) {
	first := newBenchAt(t, bank(), at)
	generate(t, first, 3_000, 9, "2025-02-03")
	first.run(engine.Selection{})
	want := lakeBytes(t, first)
	if len(want) < 12*3 {
		t.Fatalf("only %d files", len(want))
	}
	for _, c := range []struct {
		threads, batch int
		budget         int64
	}{{1, 1, 1}, {4, 3, 1 << 20}, {2, 30, 256 << 20}} {
		t.Run(fmt.Sprintf("threads %d batch %d", c.threads, c.batch), func(t *testing.T) {
			t.Parallel()
			b := newBenchAt(t, bank(), at)
			b.input, b.threads, b.batchDays, b.budget = first.input, c.threads, c.batch, c.budget
			b.run(engine.Selection{})
			if d := cmp.Diff(want, lakeBytes(t, b)); d != "" {
				t.Errorf("files (-want +got):\n%s", d)
			}
			report := b.run(engine.Selection{Full: true})
			if report.Published > len(b.rejectFiles()) || report.Unchanged == 0 {
				t.Errorf("--full published %d files again, %d had equal rows", report.Published, report.Unchanged)
			}
			if d := cmp.Diff(want, lakeBytes(t, b)); d != "" {
				t.Errorf("files after --full (-want +got):\n%s", d)
			}
		})
	}
}

// rejectFiles are the keys of the lake's rejects.
func (b *bench) rejectFiles() []string {
	b.t.Helper()
	var keys []string
	err := fs.WalkDir(os.DirFS(b.lake), "_rejects", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			keys = append(keys, path)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return keys
}

// TestEdits edits the files of a published project: what depends on an edit is
// made again, and nothing else.
func TestEdits(t *testing.T) {
	t.Parallel()
	onSites(t, edits)
}

func edits(t *testing.T, at site) {
	files := edited(t, bank())
	b := newBenchAt(t, files, at)
	generate(t, b, 2_000, 2, "2025-01-31")
	b.run(engine.Selection{})
	n := len(b.open(false).State().UnitNames("transactions"))
	steps := []struct {
		name string
		edit func()
		made map[string]int // models made, and units of each
		kept int            // made with equal rows
	}{
		{"nothing", func() {}, nil, 0},
		{"a comment and layout", func() {
			replace(t, files, "sql/models/transactions.sql", "with usual as (", "-- a word more\nWITH   usual\nAS (")
		}, nil, 0},
		{"a leaf", func() {
			replace(t, files, "sql/models/daily_transaction_summary.sql", "count(distinct merchant_id)", "1 + count(distinct merchant_id)")
		}, map[string]int{"daily_transaction_summary": n}, 0},
		{"a rule of the fact", func() {
			replace(t, files, "sql/models/transactions.sql", "/* $high_amount */ 5000.00", "/* $high_amount */ 0.00")
		}, map[string]int{"transactions": n, "daily_transaction_summary": n, "merchant_daily_summary": n}, 2 * n},
		{"an edit that leaves the rows equal", func() {
			replace(t, files, "sql/models/transactions.sql", "else 'VERY_LARGE'", "else 'VERY_' || 'LARGE'")
		}, map[string]int{"transactions": n}, n},
		{"a test that still passes", func() {
			replace(t, files, "sql/models/transactions.sql", "-- test: day_of_week between 1 and 7", "-- test: day_of_week between 0 and 7")
		}, map[string]int{}, 0},
		{"a dimension", func() {
			replace(t, files, "sql/models/merchants_dim.sql", "  category,", "  lower(category) as category,")
		}, map[string]int{"merchants_dim": 1}, 0},
	}
	for _, s := range steps {
		s.edit()
		before := lakeBytes(t, b)
		report := b.run(engine.Selection{})
		made := map[string]int{}
		for _, u := range report.Units {
			if !strings.HasPrefix(u.Dataset, "raw_") {
				made[u.Dataset]++
			}
		}
		if len(s.made) == 0 {
			s.made = map[string]int{}
		}
		if d := cmp.Diff(s.made, made); d != "" {
			t.Errorf("%s: made (-want +got):\n%s", s.name, d)
		}
		if report.Unchanged != s.kept {
			t.Errorf("%s: %d units with equal rows, want %d", s.name, report.Unchanged, s.kept)
		}
		if len(s.made) == 0 {
			if len(report.Tests) > 0 != (s.name == "a test that still passes") {
				t.Errorf("%s: %d tests ran", s.name, len(report.Tests))
			}
			if d := cmp.Diff(before, lakeBytes(t, b)); d != "" || !report.NothingToDo() {
				t.Errorf("%s: the lake changed:\n%s", s.name, d)
			}
		}
	}
}
