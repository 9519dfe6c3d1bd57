package engine_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
)

// bench is a project with its directories, for running it as a command would.
type bench struct {
	t         *testing.T
	files     fs.FS
	name      string
	input     string
	lake      string
	cache     string // of plans; "": none
	batchDays int
	keep      int
	threads   int
	memory    int64
	budget    int64
	maxObject int64
	maxRatio  int64
	settle    time.Duration
	wrap      func(lake.Store) lake.Store // the input; nil: as it is
	now       func() time.Time
	at        site
	buckets   *buckets // nil: in directories
	log       *slog.Logger
	wrapLake  func(lake.Store) lake.Store // nil: as it is
	semantics string                      // "": the engine's
	// evaluate makes what evaluates the SQL out of a DuckDB; nil: the DuckDB does.
	evaluate func(duck *duckdb.Engine, work string) engine.Engine
}

func newBench(t *testing.T, files fs.FS) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{t: t, files: files, name: "test", input: filepath.Join(dir, "raw"), lake: filepath.Join(dir, "lake"), batchDays: 30, threads: 2,
		memory: 1_000_000_000, budget: 256 << 20, now: time.Now, log: slog.New(slog.DiscardHandler)}
	if err := os.MkdirAll(b.input, 0o755); err != nil {
		t.Fatal(err)
	}
	return b
}

// bank are the files of the project that ships.
func bank() fs.FS { return os.DirFS("..") }

// project loads and checks the files.
func (b *bench) project() (*model.Project, error) {
	b.t.Helper()
	ctx := b.t.Context()
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(judge.Close(), binder.Close()); err != nil {
			b.t.Error(err)
		}
	}()
	return model.Load(ctx, model.Options{FS: b.files, Judge: judge, Binder: binder})
}

// open opens a mill; write as a run does.
func (b *bench) open(write bool) *engine.Mill {
	b.t.Helper()
	m, err := b.tryOpen(write)
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func (b *bench) tryOpen(write bool) (*engine.Mill, error) {
	b.t.Helper()
	ctx := b.t.Context()
	project, err := b.project()
	if err != nil {
		return nil, err
	}
	input, root := b.stores()
	b.send(input)
	if b.wrap != nil {
		input = b.wrap(input)
	}
	if err := root.Prepare(ctx); err != nil {
		return nil, err
	}
	run := engine.NewRun()
	work, err := root.StagingDir(run)
	if err != nil {
		return nil, err
	}
	settings := duckdb.Settings{MemoryLimit: b.memory, Threads: b.threads, Work: work, Log: b.log}
	reading := b.reach(&settings, input, root)
	duck, err := duckdb.Open(ctx, settings)
	if err != nil {
		return nil, err
	}
	if b.wrapLake != nil {
		root = b.wrapLake(root)
	}
	var evaluating engine.Engine = duck
	if b.evaluate != nil {
		evaluating = b.evaluate(duck, work)
	}
	m, err := engine.Open(ctx, engine.Options{Project: project, Name: b.name, Cache: b.cache, Input: input, Lake: root, Engine: evaluating, Work: work,
		Keep: b.keep, BatchDays: b.batchDays, Budget: b.budget, MaxObject: b.maxObject, MaxRatio: b.maxRatio, Settle: b.settle, Run: run, Command: "test", Program: "test", Log: b.log, Now: b.now, Reading: reading, Semantics: b.semantics}, write)
	if err != nil {
		return nil, errors.Join(err, duck.Close())
	}
	b.t.Cleanup(func() {
		if err := duck.Close(); err != nil {
			b.t.Error(err)
		}
	})
	return m, nil
}

// run runs and closes, and fails the test where the run itself fails.
func (b *bench) run(s engine.Selection) *engine.Report {
	b.t.Helper()
	m := b.open(true)
	report, err := m.Execute(b.t.Context(), s)
	if err := errors.Join(err, m.Close()); err != nil {
		b.t.Fatal(err)
	}
	b.fetch()
	if r := report.Reading; r != nil {
		b.t.Logf("%d objects read in place, %d fetched", r.Objects, r.Copied)
	}
	return report
}

func (b *bench) plan(s engine.Selection) *engine.Plan {
	b.t.Helper()
	m := b.open(false)
	plan, err := m.Plan(b.t.Context(), s)
	if err := errors.Join(err, m.Close()); err != nil {
		b.t.Fatal(err)
	}
	return plan
}

// write puts an object into the input.
func (b *bench) write(key, text string) {
	b.t.Helper()
	path := filepath.Join(b.input, filepath.FromSlash(key))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		b.t.Fatal(err)
	}
}

// shared is the directory of real input beside the repository; tests skip
// where it is absent.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "shared", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the real input %s is not beside the repository: %v", name, err)
	}
	return dir
}
