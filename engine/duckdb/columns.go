package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

const (
	// probeMemory is the least that a probe works in.
	probeMemory = 128_000_000
	// probedColumns are decoded at once: each has a page in memory.
	probedColumns = 32
)

// Columns reads a Parquet object to its end, in a DuckDB of its own: some damage
// makes DuckDB find a fault in itself, and then its database is dead with all that
// has landed in it. What comes through here does so again.
func (e *Engine) Columns(ctx context.Context, o job.Object) (columns []ledger.Column, err error) {
	settings := e.settings
	settings.Threads, settings.MemoryLimit = 1, max(settings.MemoryLimit/4, probeMemory)
	probe, err := Open(ctx, settings)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, probe.Close()) }()
	s, err := probe.session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	from := "read_parquet(" + sqltext.QuoteString(escapeGlob(o.Path)) + ", hive_partitioning = false)"
	columns, err = s.describe(ctx, from)
	switch {
	case err != nil:
	case o.Numbered && slices.ContainsFunc(columns, func(c ledger.Column) bool { return strings.EqualFold(c.Name, rowNumber) }):
		err = fmt.Errorf("a column is called %s, as the reader calls the number of a record", rowNumber)
	default:
		err = s.readAll(ctx, from, columns, o)
	}
	if err != nil && ctx.Err() == nil {
		// Nothing is kept of what is read, so memory that does not suffice is the
		// object's fault too: a page that says it has gigabytes.
		what, _, _ := strings.Cut(err.Error(), "\n") // a stack may follow
		return nil, &job.ObjectError{Object: o.Key, Err: errors.New(what)}
	}
	return columns, err
}

// readAll decodes every value.
func (s *session) readAll(ctx context.Context, from string, columns []ledger.Column, o job.Object) error {
	if len(columns) != len(o.Mapping.Raw) {
		return fmt.Errorf("%d columns by its footer, %d by the engine", len(o.Mapping.Raw), len(columns))
	}
	for some := range slices.Chunk(columns, probedColumns) {
		var names []string
		for _, c := range some {
			names = append(names, c.Name)
		}
		var found int64
		var values any
		query := "select count(*), bit_xor(hash(" + quoteNames(names) + ")) from " + from
		if err := s.rows(ctx, query, []any{&found, &values}, func() error { return nil }); err != nil {
			return err
		}
		if found != o.Report.Records {
			return fmt.Errorf("%d records by its footer, %d by the engine", o.Report.Records, found)
		}
	}
	return nil
}
