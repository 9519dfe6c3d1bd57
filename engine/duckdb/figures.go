package duckdb

import (
	"context"
	"fmt"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// Kind is what values of a column are, as far as comparing them elsewhere goes.
type Kind string

// The kinds. Text is whatever is no other.
const (
	Number    Kind = "number" // exact: whole or decimal
	Double    Kind = "double"
	Single    Kind = "single"
	Boolean   Kind = "boolean"
	Date      Kind = "date"
	Time      Kind = "time"
	Timestamp Kind = "timestamp" // without zone, or at UTC
	Text      Kind = "text"
)

// Published is a unit's file in the lake, and what is asked of it.
type Published struct {
	Location     string
	BusinessDate string   // of the columns year, month and day, where the file lacks them
	Columns      []string // in order
	Control      *contract.Control
}

// Figures are what a file holds, computed from its rows.
type Figures struct {
	Rows    int64
	Columns []ColumnFigures
	Control ledger.Tally // without a control directive empty
}

// ColumnFigures are those of one column; nil is what its kind does not have, and
// what no value has. Sum is the exact sum of numbers, the bytes of texts, and how
// many booleans are true.
type ColumnFigures struct {
	Column        string
	Kind          Kind
	NonNull       int64
	Sum, Min, Max *string
}

// Figures counts and adds up a file's rows. Nothing remembered goes into it.
func (e *Engine) Figures(ctx context.Context, p Published) (f Figures, err error) {
	err = e.onPublished(ctx, p, func(s *session, columns []publishedColumn) error {
		if err := s.figures(ctx, columns, &f); err != nil || p.Control == nil {
			return err
		}
		f.Control, err = newControlSQL(p.Control).tally(ctx, s, publishedView)
		return err
	})
	return f, err
}

// publishedColumn is a column of the view of a file.
type publishedColumn struct {
	name  string
	ident string // quoted
	duck  string // DuckDB's type
	kind  Kind
}

// publishedView is a file with its calendar columns, of the session's own.
const publishedView = "published"

// onPublished makes the view of a file in a session of its own.
func (e *Engine) onPublished(ctx context.Context, p Published, do func(*session, []publishedColumn) error) (err error) {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closing := s.close(); err == nil {
			err = closing
		}
	}()
	query, err := s.feedQuery(ctx, p.Location, p.Columns, p.BusinessDate)
	if err != nil {
		return err
	}
	aliases := make([]string, len(p.Columns))
	for i, name := range p.Columns {
		aliases[i] = sqltext.QuoteName(name)
	}
	view := fmt.Sprintf("create temp view %s(%s) as %s", publishedView, strings.Join(aliases, ", "), query)
	if _, err := s.exec(ctx, view); err != nil {
		return fmt.Errorf("read %s: %w", p.Location, err)
	}
	described, err := s.describe(ctx, publishedView)
	if err != nil {
		return fmt.Errorf("read %s: %w", p.Location, err)
	}
	columns := make([]publishedColumn, len(described))
	for i, c := range described {
		columns[i] = publishedColumn{name: c.Name, ident: aliases[i], duck: c.Type, kind: kindOf(c.Type)}
	}
	if err := do(s, columns); err != nil {
		return fmt.Errorf("read %s: %w", p.Location, err)
	}
	return nil
}

func kindOf(duck string) Kind {
	switch {
	case exact(duck), strings.HasPrefix(duck, "U") && exact(duck[1:]):
		return Number
	case strings.HasPrefix(duck, "TIMESTAMP"):
		return Timestamp
	}
	switch duck {
	case "DOUBLE":
		return Double
	case "FLOAT":
		return Single
	case "BOOLEAN":
		return Boolean
	case "DATE":
		return Date
	case "TIME":
		return Time
	}
	return Text
}

func (s *session) figures(ctx context.Context, columns []publishedColumn, f *Figures) error {
	list, dest := []string{"count(*)"}, []any{&f.Rows}
	f.Columns = make([]ColumnFigures, len(columns))
	for i, c := range columns {
		one := &f.Columns[i]
		one.Column, one.Kind = c.name, c.kind
		list, dest = append(list, "count("+c.ident+")"), append(dest, &one.NonNull)
		switch c.kind {
		case Number:
			list, dest = append(list, "cast(sum("+c.ident+") as varchar)"), append(dest, &one.Sum)
		case Boolean:
			list, dest = append(list, "cast(count(*) filter (where "+c.ident+") as varchar)"), append(dest, &one.Sum)
		case Text:
			list, dest = append(list, "cast(sum(strlen("+textOf(c.ident, c.duck)+")) as varchar)"), append(dest, &one.Sum)
		}
		if c.kind != Boolean && c.kind != Text {
			list = append(list, c.canonical("min("+c.ident+")"), c.canonical("max("+c.ident+")"))
			dest = append(dest, &one.Min, &one.Max)
		}
	}
	return s.rows(ctx, "select "+strings.Join(list, ", ")+" from "+publishedView, dest, func() error { return nil })
}
