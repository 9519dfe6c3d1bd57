package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
)

// engineSettings are the limits of a DuckDB that works in a directory and reads stores.
func (w *workspace) engineSettings(ctx context.Context, work string, readable ...lake.Store) duckdb.Settings {
	// What DuckDB allocates beside its buffers comes on top, some fifth of them.
	s := duckdb.Settings{MemoryLimit: int64(w.config.Engine.MemoryLimit) / 5 * 4, Threads: w.config.Engine.Threads, Work: work, Spill: w.config.Engine.TempDirectory, Log: w.log,
		Before: w.seams.statement}
	w.reach(ctx, &s, readable)
	return s
}

// mill is a run's mill with its engine, and how to close both.
type mill struct {
	*engine.Mill
	close func() error
}

// openMill opens the ledger and an engine. A mill that writes stages its files
// where the lake can take them over by a rename; a plan works elsewhere.
func (w *workspace) openMill(ctx context.Context, o engine.Options, write bool) (*mill, error) {
	input, root, err := w.stores()
	if err != nil {
		return nil, err
	}
	work, done, err := w.workDirectory(ctx, root, o.Run, write)
	if err != nil {
		return nil, err
	}
	if w.tracker != nil {
		w.tracker.Into(work)
	}
	o.Project, o.Input, o.Lake, o.Work = w.project, input, root, work
	opened, _, err := w.millOf(ctx, o, write)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	end := opened.close
	opened.close = func() error { return errors.Join(end(), done()) }
	if write {
		w.sweepExchange(ctx, root)
	}
	return opened, nil
}

// millOf opens a mill on its project, stores and directory, and its engine. One that
// writes nothing evaluates in the DuckDB, whichever engine the settings name: the two
// agree, and executors do not see where it works. After an error the directory is gone.
func (w *workspace) millOf(ctx context.Context, o engine.Options, write bool) (*mill, *duckdb.Engine, error) {
	discard := func() error { return os.RemoveAll(o.Work) }
	from, err := w.readFrom()
	if err != nil {
		return nil, nil, errors.Join(err, discard())
	}
	o.ReadFrom = from
	stores := withReadFrom(from, o.Input, o.Lake)
	settings := w.engineSettings(ctx, o.Work, stores...)
	onSpark, place := write && w.config.Engine.Name == sparkName, ""
	if onSpark {
		if place, err = w.exchange(o); err != nil {
			return nil, nil, errors.Join(err, discard())
		}
	}
	if place != "" && !strings.Contains(place, "://") {
		settings.Readable = append(settings.Readable, place)
	}
	duck, err := duckdb.Open(ctx, settings)
	if err != nil {
		return nil, nil, errors.Join(err, discard())
	}
	end := func() error { return nil }
	o.Engine, o.Reading = duck, w.reading(ctx, stores...)
	if onSpark {
		if o.Reading, err = fetched(o.Reading, place); err == nil {
			o.Engine, end, err = w.openSpark(duck, o, place)
		}
		if err != nil {
			return nil, nil, errors.Join(err, duck.Close(), discard())
		}
	}
	o.Name = w.config.Name
	if w.project != nil { // previews read theirs anew on each edit, and mask by themselves
		if o.Lineage, err = w.privateLineage(ctx); err != nil {
			return nil, nil, errors.Join(err, end(), duck.Close(), discard())
		}
	}
	o.Keep, o.HoldAfter = w.config.Lake.Keep, w.config.Lake.HoldAfter
	o.Cache, o.BatchDays, o.Settle, o.Log = w.cache(), w.config.Engine.BatchDays, w.config.Lake.Settle, w.log
	// A byte of text takes two or three in memory as typed rows, and models need as much again.
	o.MaxObject, o.MaxRatio, o.Budget, o.Program, o.Config = int64(w.config.Engine.MaxObject), int64(w.config.Engine.MaxRatio), int64(w.config.Engine.MemoryLimit)/4, version, w.configHash()
	if onSpark {
		o.Budget = sparkBudget
	}
	if w.seams.budget > 0 {
		o.Budget = w.seams.budget
	}
	if w.seams.store != nil {
		o.Input, o.Lake = w.seams.store(o.Input), w.seams.store(o.Lake)
	}
	m, err := engine.Open(ctx, o, write)
	if err != nil {
		return nil, nil, errors.Join(err, end(), duck.Close(), discard())
	}
	return &mill{Mill: m, close: func() error { return errors.Join(end(), duck.Close(), m.Close()) }}, duck, nil
}

// workDirectory is where a mill works, and how it is left. That of a run is its store's,
// which knows the dead by the lake's lock.
func (w *workspace) workDirectory(ctx context.Context, root lake.Store, run string, write bool) (dir string, done func() error, err error) {
	if !write {
		own, err := w.scratch("plan-")
		if err != nil {
			return "", nil, err
		}
		return own.Path(), own.Close, nil
	}
	if err := root.Prepare(ctx); err != nil {
		return "", nil, &engine.StoreError{Op: "open", URL: root.URL(), Err: err}
	}
	if dir, err = root.StagingDir(run); err != nil {
		return "", nil, &engine.StoreError{Op: "open", URL: root.URL(), Err: err}
	}
	return dir, func() error { return nil }, nil
}
