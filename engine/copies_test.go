package engine_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
)

// distant is an engine whose workers see one directory alone, and that notes which files
// it is given.
type distant struct {
	engine.Engine
	seen  string
	mu    sync.Mutex
	given []string
}

func (d *distant) Seen() string { return d.seen }

func (d *distant) Make(ctx context.Context, t job.Task) (job.File, error) {
	d.mu.Lock()
	for _, files := range t.Inputs.Files {
		d.given = append(d.given, files...)
	}
	d.mu.Unlock()
	return d.Engine.Make(ctx, t)
}

// TestCopiesWhereTheyAreSeen: published files of a store, for an engine that works on
// other machines, are copied to where these see them.
func TestCopiesWhereTheyAreSeen(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{
		"first":  "-- grain: id\nselect d, id, n from raw_a",
		"second": "-- grain: id\nselect d, id, n + 1 as n from first",
	})
	b := newBenchAt(t, files, siteOf("minio-fetch"))
	b.days(3)
	b.run(engine.Selection{})

	d := &distant{}
	b.evaluate = func(duck *duckdb.Engine, work string) engine.Engine {
		d.Engine, d.seen = duck, filepath.Join(work, "seen") // DuckDB may read no other
		return d
	}
	replace(t, files, "sql/models/second.sql", "n + 1", "n + 2")
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone {
		t.Errorf("exit %d", report.Exit)
	}
	for _, path := range d.given {
		if !strings.HasPrefix(path, filepath.Join(d.seen, "lake")+"/") {
			t.Errorf("given %s, seen is %s", path, d.seen)
		}
	}
	if len(d.given) != 3 {
		t.Errorf("%d files were given, want one a day", len(d.given))
	}
}
