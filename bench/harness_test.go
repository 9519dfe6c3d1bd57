package bench_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
)

// bank loads and checks the project that ships.
func bank(b *testing.B) *model.Project {
	b.Helper()
	return loadProject(b, os.DirFS(".."))
}

// loadProject loads and checks the files of a project.
func loadProject(b *testing.B, files fs.FS) *model.Project {
	b.Helper()
	ctx := b.Context()
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		b.Fatal(err)
	}
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		b.Fatal(errors.Join(err, judge.Close()))
	}
	project, err := model.Load(ctx, model.Options{FS: files, Judge: judge, Binder: binder})
	if err := errors.Join(err, judge.Close(), binder.Close()); err != nil {
		b.Fatal(err)
	}
	return project
}

// mill is an open mill on a lake, with the settings that a command has where
// none are given.
type mill struct {
	*engine.Mill
	engine *duckdb.Engine
	lake   lake.Store
}

func (m *mill) close() error { return errors.Join(m.engine.Close(), m.Close()) }

// openMill opens input and lake as `ledgermill etl` does.
func openMill(b *testing.B, project *model.Project, in *input, root string) *mill {
	b.Helper()
	m, err := tryOpenMill(b, project, in, root)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func tryOpenMill(b *testing.B, project *model.Project, in *input, root string) (*mill, error) {
	ctx := b.Context()
	settings := config.Default()
	raw, err := lake.Open(in.dir, lake.Options{})
	if err != nil {
		return nil, err
	}
	m := &mill{}
	if m.lake, err = lake.Open(root, lake.Options{}); err != nil {
		return nil, err
	}
	if err := m.lake.Prepare(ctx); err != nil {
		return nil, err
	}
	run := engine.NewRun()
	work, err := m.lake.StagingDir(run)
	if err != nil {
		return nil, err
	}
	if m.engine, err = openDuckDB(b, work, false, in.dir, root); err != nil {
		return nil, err
	}
	m.Mill, err = engine.Open(ctx, engine.Options{Project: project, Name: settings.Name, Input: raw, Lake: m.lake, Engine: m.engine, Work: work,
		BatchDays: settings.Engine.BatchDays, Budget: int64(settings.Engine.MemoryLimit) / 4, Run: run, Command: "bench", Program: "bench",
		Log: slog.New(slog.DiscardHandler), Now: time.Now}, true)
	if err != nil {
		return nil, errors.Join(err, m.engine.Close())
	}
	return m, nil
}

func openDuckDB(b *testing.B, work string, ordered bool, readable ...string) (*duckdb.Engine, error) {
	settings := config.Default().Engine
	return duckdb.Open(b.Context(), duckdb.Settings{MemoryLimit: int64(settings.MemoryLimit), Threads: settings.Threads, Work: work,
		Readable: readable, Ordered: ordered, Log: slog.New(slog.DiscardHandler)})
}

// makeLake runs the whole lake part into a fresh lake and returns how long it
// took: opening the engine and the ledger, reading, auditing, publishing.
func makeLake(b *testing.B, project *model.Project, in *input) (root string, took spent) {
	b.Helper()
	root = filepath.Join(workDir(b), "lake")
	began := now()
	m := openMill(b, project, in, root)
	report, err := m.Execute(b.Context(), engine.Selection{})
	if err := errors.Join(err, m.close()); err != nil {
		b.Fatal(err)
	}
	took = began.since()
	if report.Exit != engine.ExitDone {
		b.Fatalf("the run ended with exit %d: %v", report.Exit, report.Verdicts)
	}
	return root, took
}

// spent is what something took, by the clock and of all cores. Where others use
// the machine, the second is the fairer figure.
type spent struct{ wall, cpu time.Duration }

// now is a point in time, and what this process has spent until then.
func now() spent {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // fails only for another argument
	return spent{wall: time.Duration(time.Now().UnixNano()), cpu: time.Duration(used.Utime.Nano() + used.Stime.Nano())}
}

func (s spent) since() spent {
	then := now()
	return spent{wall: then.wall - s.wall, cpu: then.cpu - s.cpu}
}
