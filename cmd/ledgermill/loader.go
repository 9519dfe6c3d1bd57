package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/warehouse"
)

// loader makes a warehouse what the engine knows as one: it turns published units
// into parts and lets DuckDB stream their rows.
type loader struct {
	workspace *workspace
	opening   *opening
	lake      lake.Store
	progress  func(engine.Progress)
}

var _ engine.Warehouse = (*loader)(nil)

// Load implements engine.Warehouse.
func (l *loader) Load(ctx context.Context, run string, parts []engine.Part) (report engine.LoadReport, err error) {
	house, err := l.opening.wait()
	if err != nil {
		return report, err
	}
	work, err := os.MkdirTemp("", "ledgermill-load-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	settings := l.workspace.engineSettings(ctx, work, l.lake)
	settings.Ordered = true
	duck, err := duckdb.Open(ctx, settings)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, duck.Close()) }()
	var copies *lake.Copies
	if r := l.workspace.reading(ctx, l.lake); r != nil && r.Way == engine.Fetched {
		copies = lake.NewCopies(l.lake, work)
	}
	began := time.Now()
	request := warehouse.Request{Run: run}
	for _, p := range parts {
		request.Parts = append(request.Parts, partOf(&reader{Engine: duck, copies: copies}, p))
	}
	if request.Parts, err = house.Missing(ctx, request.Parts); err != nil {
		return report, err
	}
	if len(request.Parts) == 0 {
		report.Control = controlsOf(parts)
		return report, nil
	}
	var done int64
	request.Progress = func(e warehouse.Event) {
		if e.Done && (e.Step == warehouse.StepSwap || e.Step == warehouse.StepMerge) {
			done++
		}
		l.progress(engine.Progress{Step: "load", Done: done, Total: int64(len(request.Parts)), What: e.Table + " " + e.Unit})
	}
	loaded, err := house.Load(ctx, request)
	report.Leaves, report.Rows, report.Seconds, report.Detail = len(loaded.Parts), loaded.Rows, time.Since(began).Seconds(), loaded
	if err == nil {
		report.Control = controlsOf(parts)
	}
	return report, err
}

func partOf(duck *reader, p engine.Part) warehouse.Part {
	r := p.Record
	part := warehouse.Part{Table: p.Table, Dataset: p.Dataset, Unit: string(p.Unit), BusinessDate: p.BusinessDate, Fingerprint: r.Fingerprint,
		ContentHash: r.Content, Rows: r.Rows, Key: p.Grain}
	if p.BusinessDate != "" {
		part.From, part.To = p.Unit.Bounds()
	}
	for _, c := range r.Columns {
		part.Columns = append(part.Columns, warehouse.Column{Name: c.Name, Type: c.Type})
	}
	for _, t := range r.Totals {
		total := warehouse.Total{Column: t.Column, NonNull: t.NonNull}
		if t.Sum != nil {
			total.Sum = t.Sum.String()
		}
		part.Totals = append(part.Totals, total)
	}
	if p.Control != nil {
		part.Controls = []warehouse.Control{controlOf(p)}
	}
	part.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		return duck.CSV(ctx, p, columns)
	}
	return part
}

// reader streams published units out of the lake.
type reader struct {
	*duckdb.Engine
	copies *lake.Copies // nil: DuckDB reads where they lie
}

// CSV streams one unit. Its copy, if it needs one, goes with the stream.
func (r *reader) CSV(ctx context.Context, p engine.Part, columns []string) (io.ReadCloser, error) {
	if r.copies == nil {
		return r.Engine.CSV(ctx, p.Location, columns, p.BusinessDate)
	}
	location, err := r.copies.Path(ctx, p.Record.Key)
	if err != nil {
		return nil, &engine.StoreError{Op: "read", URL: p.Location, Err: err}
	}
	rows, err := r.Engine.CSV(ctx, location, columns, p.BusinessDate)
	if err != nil {
		return nil, errors.Join(err, r.copies.Drop(p.Record.Key))
	}
	return &lastReader{ReadCloser: rows, done: func() error { return r.copies.Drop(p.Record.Key) }}, nil
}

// lastReader is the stream that a copy was made for.
type lastReader struct {
	io.ReadCloser
	done func() error
}

func (l *lastReader) Close() error { return errors.Join(l.ReadCloser.Close(), l.done()) }

// controlOf are the control totals that the lake's file has, for the warehouse to
// find again.
func controlOf(p engine.Part) warehouse.Control {
	control := warehouse.Control{By: p.Control.By}
	var sums []int
	for i, a := range p.Control.Aggregates {
		if a.Func == "sum" {
			control.Sum, sums = append(control.Sum, a.Column), append(sums, i)
		}
	}
	for _, g := range p.Record.Control.Groups {
		row := warehouse.ControlRow{Count: g.Records}
		for _, by := range g.By {
			row.By = append(row.By, nullable(by))
		}
		for _, i := range sums {
			row.Sums = append(row.Sums, sumText(g, i))
		}
		control.Rows = append(control.Rows, row)
	}
	return control
}

// nullable is nil for the empty text: a contract reads no empty text, so it stands
// for null.
func nullable(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func sumText(g ledger.Group, i int) string {
	if g.Unreadable[i] == g.Records {
		return ""
	}
	var d decimal.Decimal = g.Sums[i]
	return d.String()
}

// controlsOf are the control totals of all parts. After a load they are those of
// the warehouse too: it has compared each with its own rows before the swap.
func controlsOf(parts []engine.Part) []engine.PartControl {
	var controls []engine.PartControl
	for _, p := range parts {
		if p.Control != nil {
			controls = append(controls, engine.PartControl{Dataset: p.Dataset, Unit: job.Unit(p.Unit), Control: p.Record.Control})
		}
	}
	return controls
}
