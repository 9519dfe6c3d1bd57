package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/lake"
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
func (l *loader) Load(ctx context.Context, r engine.LoadRequest) (report engine.LoadReport, err error) {
	house, err := l.opening.wait()
	if err != nil {
		return report, err
	}
	duck, done, err := l.workspace.lakeReader(ctx, l.lake)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, done()) }()
	began := time.Now()
	request := warehouse.Request{Run: r.Run}
	missing := house.Missing
	if r.Published != nil || r.Dropped != nil {
		missing = house.Loadable
		request.Published, request.Within = partsOf(duck, r.Published), l.workspace.scope(r.Within)
	}
	for _, u := range r.Dropped {
		request.Removed = append(request.Removed, warehouse.Removed{Unit: u.Unit, ContentHash: u.Content})
	}
	if request.Parts, err = missing(ctx, partsOf(duck, r.Parts)); err != nil {
		return report, err
	}
	if len(request.Parts) == 0 && request.Published == nil {
		report.Control, err = controlsOf(ctx, house, r.Parts)
		return report, err
	}
	request.Progress = l.counting(request.Parts)
	loaded, err := house.Load(ctx, request)
	report.Removed, report.Leaves, report.Rows, report.Seconds, report.Detail = loaded.Removed, len(loaded.Parts), loaded.Rows, time.Since(began).Seconds(), loaded
	if err == nil {
		report.Control, err = controlsOf(ctx, house, r.Parts)
	}
	return report, err
}

// counting adds up what the parts of a load tell, one at a time.
func (l *loader) counting(parts []warehouse.Part) func(warehouse.Event) {
	type place struct{ table, unit string }
	rows, sent := map[place]int64{}, map[place]int64{}
	for _, p := range parts {
		rows[place{p.Table, p.Unit}] = p.Rows
	}
	now := engine.Progress{Step: "load", Total: int64(len(parts))}
	return func(e warehouse.Event) {
		at := place{e.Table, e.Unit}
		if e.Bytes > sent[at] {
			now.Bytes += e.Bytes - sent[at]
			sent[at] = e.Bytes
		}
		switch {
		case e.Done && e.Step == warehouse.StepCopy, e.Done && e.Step == warehouse.StepMerge:
			now.Rows += rows[at]
			rows[at] = 0 // once
		}
		if e.Done && (e.Step == warehouse.StepSwap || e.Step == warehouse.StepMerge) {
			now.Done++
		}
		now.What = e.Table + " " + e.Unit
		l.progress(now)
	}
}

func partsOf(duck *lakeReader, parts []engine.Part) []warehouse.Part {
	list := make([]warehouse.Part, len(parts))
	for i, p := range parts {
		list[i] = partOf(duck, p)
	}
	return list
}

func partOf(duck *lakeReader, p engine.Part) warehouse.Part {
	r := p.Record
	part := warehouse.Part{Table: p.Table, Dataset: p.Dataset, Unit: string(p.Unit), BusinessDate: p.BusinessDate, Fingerprint: r.Fingerprint,
		ContentHash: r.Content, Rows: r.Rows, Key: p.Grain,
		Private: p.Private, Gone: p.Gone, Lake: lakeSide{duck: duck, part: p}}
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
		part.Controls = []warehouse.Control{controlOf(p, r.Control)}
	}
	part.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		return duck.csv(ctx, p, columns)
	}
	part.Binary = func(ctx context.Context, columns []warehouse.Target) (io.ReadCloser, error) {
		return duck.binary(ctx, p, columns)
	}
	return part
}

// controlsOf are the control totals of the parts as the warehouse counted them when
// it loaded what is published now.
func controlsOf(ctx context.Context, house *warehouse.Warehouse, parts []engine.Part) ([]engine.PartControl, error) {
	list, err := house.Loads(ctx)
	if err != nil {
		return nil, err
	}
	type place struct{ table, unit string }
	loaded := make(map[place]warehouse.Loaded, len(list))
	for _, one := range list {
		loaded[place{one.Table, one.Unit}] = one
	}
	var controls []engine.PartControl
	for _, p := range parts {
		one, there := loaded[place{p.Table, string(p.Unit)}]
		if !there || one.ContentHash != p.Record.Content {
			continue
		}
		tally, err := tallyOf(p, one)
		if err != nil {
			return nil, fmt.Errorf("control totals of %s unit %s: %w", p.Table, p.Unit, err)
		}
		controls = append(controls, engine.PartControl{Dataset: p.Dataset, Unit: p.Unit, Control: tally})
	}
	return controls, nil
}
