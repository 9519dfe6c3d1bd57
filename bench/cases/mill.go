package cases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
	"ledgermill/warehouse"
)

// mill is an open mill on a lake, with the settings that a command has where none
// are given but the memory.
type mill struct {
	*engine.Mill
	of      data
	project *model.Project
	engine  *duckdb.Engine
	lake    lake.Store
	work    string
	end     func() error // of what evaluates beside engine
}

// evaluator is what evaluates the SQL of a mill, made of a DuckDB, and how to end it.
type evaluator func(duck *duckdb.Engine, staging string) (engine.Engine, func() error, error)

// byDuckDB evaluates in the DuckDB itself.
func byDuckDB(duck *duckdb.Engine, _ string) (engine.Engine, func() error, error) {
	return duck, func() error { return nil }, nil
}

// loadProject reads and checks the bank's SQL files.
func loadProject(ctx context.Context, files fs.FS) (*model.Project, error) {
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		return nil, err
	}
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		return nil, errors.Join(err, judge.Close())
	}
	project, err := model.Load(ctx, model.Options{FS: files, Judge: judge, Binder: binder})
	return project, errors.Join(err, judge.Close(), binder.Close())
}

// openMill opens a directory of raw objects and a lake as `ledgermill run` does,
// from the SQL files on. Pipes of a load go to a directory below dir.
func (d data) openMill(ctx context.Context, files fs.FS, input, root, dir string) (*mill, error) {
	return d.openMillOn(ctx, files, input, root, dir, byDuckDB)
}

// openMillOn is openMill with another engine.
func (d data) openMillOn(ctx context.Context, files fs.FS, input, root, dir string, evaluate evaluator) (_ *mill, err error) {
	settings := config.Default()
	m := &mill{of: d}
	if m.project, err = loadProject(ctx, files); err != nil {
		return nil, err
	}
	raw, err := lake.Open(input, lake.Options{})
	if err != nil {
		return nil, err
	}
	if m.lake, err = lake.Open(root, lake.Options{}); err != nil {
		return nil, err
	}
	if err := m.lake.Prepare(ctx); err != nil {
		return nil, err
	}
	run := engine.NewRun()
	staging, err := m.lake.StagingDir(run)
	if err != nil {
		return nil, err
	}
	if m.work, err = os.MkdirTemp(dir, "pipes-"); err != nil {
		return nil, err
	}
	if m.engine, err = d.openDuckDB(ctx, staging, false, input, root); err != nil {
		return nil, errors.Join(err, os.RemoveAll(m.work))
	}
	evaluating, end, err := evaluate(m.engine, staging)
	if err != nil {
		return nil, errors.Join(err, m.engine.Close(), os.RemoveAll(m.work))
	}
	m.end = end
	m.Mill, err = engine.Open(ctx, engine.Options{Project: m.project, Name: settings.Name, Input: raw, Lake: m.lake, Engine: evaluating, Work: staging,
		BatchDays: settings.Engine.BatchDays, Budget: d.Memory / 4, Run: run, Command: "bench", Program: "bench",
		Log: slog.New(slog.DiscardHandler), Now: time.Now}, true)
	if err != nil {
		return nil, errors.Join(err, end(), m.engine.Close(), os.RemoveAll(m.work))
	}
	return m, nil
}

func (m *mill) close() error {
	return errors.Join(m.end(), m.engine.Close(), m.Close(), os.RemoveAll(m.work))
}

func (d data) openDuckDB(ctx context.Context, work string, ordered bool, readable ...string) (*duckdb.Engine, error) {
	return duckdb.Open(ctx, duckdb.Settings{MemoryLimit: d.Memory, Threads: config.Default().Engine.Threads, Work: work,
		Readable: readable, Ordered: ordered, Log: slog.New(slog.DiscardHandler)})
}

// run is the whole lake part: reading, auditing, publishing.
func (m *mill) run(ctx context.Context) error {
	report, err := m.Execute(ctx, engine.Selection{})
	if err != nil {
		return err
	}
	if report.Exit != engine.ExitDone {
		return fmt.Errorf("the run ended with exit %d: %v", report.Exit, report.Verdicts)
	}
	return nil
}

// load brings the warehouse what it lacks of the published parts.
func (m *mill) load(ctx context.Context, w *warehouse.Warehouse, s engine.Selection) (report warehouse.Report, err error) {
	reader, err := m.of.openDuckDB(ctx, m.work, true, m.lake.Location(""))
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	var parts []warehouse.Part
	for _, p := range m.Parts(s) {
		parts = append(parts, partOf(reader, p))
	}
	missing, err := w.Missing(ctx, parts)
	if err != nil {
		return report, err
	}
	return w.Load(ctx, warehouse.Request{Run: "bench", Parts: missing})
}

// loadInto opens a warehouse whose tables stand and loads what it lacks.
func (m *mill) loadInto(ctx context.Context, url string) error {
	w, err := warehouse.Open(ctx, warehouse.Options{URL: config.Secret(url)})
	if err != nil {
		return err
	}
	_, err = m.load(ctx, w, engine.Selection{})
	return err
}

// partOf is what the command's loader makes of a published unit, without the
// control totals by group.
func partOf(duck *duckdb.Engine, p engine.Part) warehouse.Part {
	part := warehouse.Part{Table: p.Table, Dataset: p.Dataset, Unit: string(p.Unit), BusinessDate: p.BusinessDate, Fingerprint: p.Record.Fingerprint,
		ContentHash: p.Record.Content, Rows: p.Record.Rows, Key: p.Grain}
	if p.BusinessDate != "" {
		part.From, part.To = p.Unit.Bounds()
	}
	for _, c := range p.Record.Columns {
		part.Columns = append(part.Columns, warehouse.Column{Name: c.Name, Type: c.Type})
	}
	for _, t := range p.Record.Totals {
		total := warehouse.Total{Column: t.Column, NonNull: t.NonNull}
		if t.Sum != nil {
			total.Sum = t.Sum.String()
		}
		part.Totals = append(part.Totals, total)
	}
	part.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		return duck.CSV(ctx, p.Location, columns, p.BusinessDate)
	}
	part.Binary = func(ctx context.Context, columns []warehouse.Target) (io.ReadCloser, error) {
		targets := make([]duckdb.Target, len(columns))
		for i, c := range columns {
			targets[i] = duckdb.Target(c)
		}
		return duck.Binary(ctx, p.Location, targets, p.BusinessDate)
	}
	return part
}

func (d data) templateLake() string { return filepath.Join(d.dir(), "lake-of-dimensions") }

// copyLake copies a lake file by file.
func copyLake(to, from string) error { return os.CopyFS(to, os.DirFS(from)) }
