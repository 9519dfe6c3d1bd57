package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// Comparison says what two versions of a unit are compared by.
type Comparison struct {
	Old      string   // Parquet file of the version before
	Key      []string // columns that identify a row; nil: rows are compared whole
	Proven   bool     // Key is known to identify the rows of Old
	By       []string // columns that sums are parted by, as far as both versions have them
	Examples int      // of each kind at most
	Private  func(model.Column) bool
}

// Difference is what parts two versions of a unit.
type Difference struct {
	Before  int64              `json:"rows_before"`
	After   int64              `json:"rows_after"`
	Added   int64              `json:"added"`
	Removed int64              `json:"removed"`
	Changed int64              `json:"changed"`
	Key     []string           `json:"key"`              // empty: rows were compared whole
	NoKey   string             `json:"no_key,omitempty"` // why not by the key that there is
	New     []string           `json:"new_columns"`      // only the version after has them
	Dropped []string           `json:"dropped_columns"`  // only the version before
	Retyped []Retyped          `json:"retyped_columns"`
	Columns []ColumnDifference `json:"columns"` // those with another value in some row, most rows first
	Rows    RowExamples        `json:"examples"`
	By      []string           `json:"-"`    // columns that sums are parted by
	Sums    []SumDifference    `json:"sums"` // of DECIMAL columns
}

// Retyped is a column of two types.
type Retyped struct {
	Column string `json:"column"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ColumnDifference counts the rows in which a column has another value.
type ColumnDifference struct {
	Column   string    `json:"column"`
	Rows     int64     `json:"rows"`
	Masked   bool      `json:"masked,omitempty"`
	Examples []Example `json:"examples"`
}

// Example is one value before and after; nil is null.
type Example struct {
	Key    []*string `json:"key"`
	Before *string   `json:"before"`
	After  *string   `json:"after"`
}

// RowExamples are rows of one version alone, by the names of their columns.
type RowExamples struct {
	Columns []string    `json:"columns"`
	Added   [][]*string `json:"added"`
	Removed [][]*string `json:"removed"`
}

// SumDifference is a sum before and after; nil: the version lacks the column, or has
// no value in it.
type SumDifference struct {
	Column string    `json:"column"`
	By     []*string `json:"by,omitempty"`
	Before *string   `json:"before"`
	After  *string   `json:"after"`
	Delta  *string   `json:"delta"` // after less before
}

// Differs reports whether anything does.
func (d *Difference) Differs() bool {
	return d.Added+d.Removed+d.Changed > 0 || len(d.New)+len(d.Dropped)+len(d.Retyped) > 0
}

const (
	oldTable  = "_old"
	pairTable = "_pairs"
)

// Compare evaluates a model on a unit and holds what comes of it against an older file
// of the unit.
func (e *Engine) Compare(ctx context.Context, t job.Task, c Comparison) (_ *Difference, err error) {
	m, err := e.making(ctx, t.Unit, t.Previous, t.Inputs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.session.close()) }()
	if err := m.evaluate(ctx, t.Model, Sight{SQL: t.Model.SQL}); err != nil {
		return nil, err
	}
	if _, err := m.session.exec(ctx, "create or replace temp view "+oldTable+" as select * from "+parquet(c.Old)); err != nil {
		return nil, err
	}
	k := &comparing{making: m, Comparison: c, out: &Difference{New: []string{}, Dropped: []string{}, Retyped: []Retyped{}, Columns: []ColumnDifference{}, Sums: []SumDifference{},
		Key: []string{}, Rows: RowExamples{Columns: []string{}, Added: [][]*string{}, Removed: [][]*string{}}}}
	for _, step := range []func(context.Context) error{k.columns, k.counts, k.chooseKey, k.rows, k.sums} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("compare %s of %s: %w", t.Model.Name, t.Unit, err)
		}
	}
	return k.out, nil
}

// comparing is a comparison under way.
type comparing struct {
	*making
	Comparison
	out        *Difference
	old, after []ledger.Column
	common     []ledger.Column // as the version after has them
}

func columnNamed(columns []ledger.Column, name string) (ledger.Column, bool) {
	i := slices.IndexFunc(columns, func(c ledger.Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return ledger.Column{}, false
	}
	return columns[i], true
}

// columns finds what both versions have.
func (k *comparing) columns(ctx context.Context) (err error) {
	if k.old, err = k.session.describe(ctx, oldTable); err != nil {
		return err
	}
	if k.after, err = k.session.describe(ctx, seenTable); err != nil {
		return err
	}
	for _, c := range k.after {
		was, both := columnNamed(k.old, c.Name)
		switch {
		case !both:
			k.out.New = append(k.out.New, c.Name)
			continue
		case was.Type != c.Type:
			k.out.Retyped = append(k.out.Retyped, Retyped{Column: c.Name, Before: was.Type, After: c.Type})
		}
		k.common = append(k.common, c)
	}
	for _, c := range k.old {
		if _, both := columnNamed(k.after, c.Name); !both {
			k.out.Dropped = append(k.out.Dropped, c.Name)
		}
	}
	return nil
}

func (k *comparing) counts(ctx context.Context) error {
	return k.session.rows(ctx, fmt.Sprintf("select (select count(*) from %s), (select count(*) from %s)", oldTable, seenTable),
		[]any{&k.out.Before, &k.out.After}, func() error { return nil })
}

// chooseKey takes the declared key if both versions have its columns and it identifies
// their rows.
func (k *comparing) chooseKey(ctx context.Context) error {
	if len(k.Key) == 0 {
		k.out.NoKey = "the model names no grain"
		return nil
	}
	for _, name := range k.Key {
		if _, ok := columnNamed(k.common, name); !ok {
			k.out.NoKey = name + " of the grain is not in both versions"
			return nil
		}
	}
	for _, version := range []struct{ table, name string }{{oldTable, "before"}, {seenTable, "after"}} {
		if version.table == oldTable && k.Proven {
			continue
		}
		var repeated int64
		query := fmt.Sprintf("select count(*) from (select 1 from %s group by %s having count(*) > 1)", version.table, quoteNames(k.Key))
		if err := k.session.rows(ctx, query, []any{&repeated}, func() error { return nil }); err != nil {
			return err
		}
		if repeated > 0 {
			k.out.NoKey = fmt.Sprintf("%d keys (%s) stand more than once in the version %s", repeated, strings.Join(k.Key, ", "), version.name)
			return nil
		}
	}
	k.out.Key = k.Key
	return nil
}
