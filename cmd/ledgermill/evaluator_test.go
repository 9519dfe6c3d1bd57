package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
)

// TestExchange: executors on other machines are given a place that they see, wherever it
// is said that there are any.
func TestExchange(t *testing.T) {
	t.Parallel()
	bucket, err := lake.Open("s3://bank/lake", lake.Options{S3: config.S3{Endpoint: "http://127.0.0.1:1", Region: "us-east-1", AccessKey: "k", SecretKey: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spark config.Spark
		want  string
	}{
		"this machine":      {config.Spark{Master: "local[2]"}, ""},
		"the setting":       {config.Spark{Master: "yarn"}, bucket.Location("_exchange/1")},
		"a property":        {config.Spark{Conf: "spark.x=1 spark.master=yarn"}, bucket.Location("_exchange/1")},
		"a shared one":      {config.Spark{Master: "yarn", Exchange: "/shared"}, "/shared/ledgermill-night-1"},
		"the lake, by name": {config.Spark{Master: "local[2]", Exchange: config.ExchangeLake}, bucket.Location("_exchange/1")},
	} {
		w := &workspace{config: config.Config{Name: "night", Engine: config.Engine{Name: sparkName}, Spark: c.spark}}
		got, err := w.exchange(engine.Options{Run: "1", Lake: bucket})
		if err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", name, got, err, c.want)
		}
	}
}

// TestSweepExchange: what a killed run has left in a directory that executors share goes
// a day later, whichever engine is at work by then, and nothing else does.
func TestSweepExchange(t *testing.T) {
	t.Parallel()
	shared, root := t.TempDir(), &lake.Directory{}
	old := time.Now().Add(-25 * time.Hour)
	for _, dir := range []string{"ledgermill-night-00c0ffee", "ledgermill-night-0000beef", "ledgermill-night-dev-00c0ffee", "ledgermill-day-00c0ffee", "mine"} {
		file := filepath.Join(shared, dir, "text", "text-000000-0000.parquet")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
		for path := file; path != shared; path = filepath.Dir(path) {
			if dir == "ledgermill-night-0000beef" && path == file {
				continue // of a run that has been at work for long
			}
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	said := &bytes.Buffer{}
	w := &workspace{log: slog.New(slog.NewTextHandler(said, nil)), config: config.Config{Name: "night", Spark: config.Spark{Exchange: shared}}}
	w.sweepExchange(t.Context(), root)
	entries, err := os.ReadDir(shared)
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if d := cmp.Diff([]string{"ledgermill-day-00c0ffee", "ledgermill-night-0000beef", "ledgermill-night-dev-00c0ffee", "mine"}, left); err != nil || d != "" {
		t.Errorf("%v (-want +left):\n%s", err, d)
	}
	w.config.Spark.Exchange = filepath.Join(shared, "none")
	w.sweepExchange(t.Context(), root)
	if said.Len() > 0 {
		t.Errorf("said %s", said)
	}
}

// TestBudget: what DuckDB evaluates has to fit into its memory, whichever engine the
// settings name.
func TestBudget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]int64{"duckdb": 1 << 28, sparkName: sparkBudget} {
		c := config.Config{Name: "night", Input: dir, Lake: config.Lake{Root: filepath.Join(dir, name)}, Spark: config.Spark{Home: dir},
			Engine: config.Engine{Name: name, MemoryLimit: 1 << 30, Threads: 1, CacheDirectory: dir}}
		w := &workspace{config: c, project: &model.Project{}, log: slog.New(slog.DiscardHandler)}
		run, err := w.openMill(t.Context(), engine.Options{Run: "1"}, true)
		if err != nil {
			t.Fatal(err)
		}
		if run.Budget != want {
			t.Errorf("a run on %s reads %d bytes at once, want %d", name, run.Budget, want)
		}
		preview, err := w.bench(nil)(t.Context(), w.project, t.TempDir())
		if err := errors.Join(err, run.close()); err != nil {
			t.Fatal(err)
		}
		if preview.Mill.Budget != 1<<28 {
			t.Errorf("a preview with %s reads %d bytes at once", name, preview.Mill.Budget)
		}
		if err := preview.Close(); err != nil {
			t.Error(err)
		}
	}
}
