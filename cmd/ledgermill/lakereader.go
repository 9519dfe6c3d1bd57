package main

import (
	"context"
	"errors"
	"io"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/warehouse"
)

// lakeReader is a DuckDB over published units, for streaming them and for counting
// them again.
type lakeReader struct {
	*duckdb.Engine
	copies *lake.Copies // nil: DuckDB reads where they lie
}

// lakeReader opens one that works in a directory of its own.
func (w *workspace) lakeReader(ctx context.Context, root lake.Store) (*lakeReader, func() error, error) {
	work, err := w.scratch("load-")
	if err != nil {
		return nil, nil, err
	}
	settings := w.engineSettings(ctx, work.Path(), root)
	settings.Ordered = true
	duck, err := duckdb.Open(ctx, settings)
	if err != nil {
		return nil, nil, errors.Join(err, work.Close())
	}
	r := &lakeReader{Engine: duck}
	if way := w.reading(ctx, root); way != nil && way.Way == engine.Fetched {
		r.copies = lake.NewCopies(root, work.Path())
	}
	return r, func() error { return errors.Join(duck.Close(), work.Close()) }, nil
}

// location is where DuckDB reads a unit.
func (r *lakeReader) location(ctx context.Context, p engine.Part) (string, error) {
	if r.copies == nil {
		return p.Location, nil
	}
	location, err := r.copies.Path(ctx, p.Record.Key)
	if err != nil {
		return "", &engine.StoreError{Op: "read", URL: p.Location, Err: err}
	}
	return location, nil
}

// csv streams one unit as CSV.
func (r *lakeReader) csv(ctx context.Context, p engine.Part, columns []string) (io.ReadCloser, error) {
	return r.stream(ctx, p, func(location string) (io.ReadCloser, error) { return r.CSV(ctx, location, columns, p.BusinessDate) })
}

// binary streams one unit in COPY's binary format.
func (r *lakeReader) binary(ctx context.Context, p engine.Part, columns []warehouse.Target) (io.ReadCloser, error) {
	targets := make([]duckdb.Target, len(columns))
	for i, c := range columns {
		targets[i] = duckdb.Target(c)
	}
	return r.stream(ctx, p, func(location string) (io.ReadCloser, error) { return r.Binary(ctx, location, targets, p.BusinessDate) })
}

// stream opens one unit's rows. Its copy, if it needs one, goes with the stream.
func (r *lakeReader) stream(ctx context.Context, p engine.Part, open func(location string) (io.ReadCloser, error)) (io.ReadCloser, error) {
	location, err := r.location(ctx, p)
	if err != nil {
		return nil, err
	}
	rows, err := open(location)
	if r.copies == nil {
		return rows, err
	}
	drop := func() error { return r.copies.Drop(p.Record.Key) }
	if err != nil {
		return nil, errors.Join(err, drop())
	}
	return &lastReader{ReadCloser: rows, done: drop}, nil
}

// lastReader is the stream that a copy was made for.
type lastReader struct {
	io.ReadCloser
	done func() error
}

func (l *lastReader) Close() error { return errors.Join(l.ReadCloser.Close(), l.done()) }
