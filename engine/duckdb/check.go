package duckdb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// fails is true where a record fails a CHECK by its typed columns. Null passes, as
// in SQL. It raises where the CHECK does.
func fails(c contract.Check) string { return "(coalesce((" + c.Text + "\n), true) is not true)" }

// raised reports whether a statement ended because an expression raised on a value.
func raised(err error) bool {
	var d *duck.Error
	if !errors.As(err, &d) {
		return false
	}
	switch d.Type {
	case duck.ErrorTypeConversion, duck.ErrorTypeOutOfRange, duck.ErrorTypeMismatchType, duck.ErrorTypeDivideByZero, duck.ErrorTypeInvalidInput, duck.ErrorTypeDecimal:
		return !strings.Contains(d.Msg, "CSV Error")
	}
	return false
}

// readAndCheck lands a group without its CHECKs and then applies them one by one:
// a record on which a CHECK raises fails it, and is found by halving the records
// until those that raise stand alone. It is slow, and rare: CHECKs speak of typed
// columns, and only one that casts text can raise.
func (l *landing) readAndCheck(ctx context.Context, s *session, g objectGroup) error {
	if _, err := s.exec(ctx, l.insert(g, nil)); err != nil {
		return err
	}
	var first, last int64
	in := fmt.Sprintf("_o between %d and %d", g.first[0], g.first[len(g.first)-1])
	query := fmt.Sprintf("select coalesce(min(rowid), 0), coalesce(max(rowid), -1) from %s where %s", l.table, in)
	if err := s.rows(ctx, query, []any{&first, &last}, func() error { return nil }); err != nil {
		return err
	}
	for _, c := range l.contract.Checks {
		if err := l.mark(ctx, s, c, first, last); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, fmt.Sprintf("update %s set _raw = null where %s and _reasons is null", l.table, in))
	return err
}

// mark notes the reason on the records that fail a CHECK among some rows. The CASE
// keeps the CHECK off all others, whatever order the optimizer gives to filters.
func (l *landing) mark(ctx context.Context, s *session, c contract.Check, first, last int64) error {
	if first > last {
		return nil
	}
	reason := sqltext.QuoteString(c.Name)
	failing := fmt.Sprintf("case when rowid between %d and %d then %s else false end", first, last, fails(c))
	note := fmt.Sprintf("update %s set _reasons = concat_ws(',', _reasons, %s) where ", l.table, reason)
	_, err := s.exec(ctx, note+failing)
	switch {
	case err == nil:
		return nil
	case !raised(err) || ctx.Err() != nil:
		return err
	case first == last:
		_, err = s.exec(ctx, note+fmt.Sprintf("rowid = %d", first))
		return err
	}
	half := first + (last-first)/2
	return errors.Join(l.mark(ctx, s, c, first, half), l.mark(ctx, s, c, half+1, last))
}

// unreadable reports whether DuckDB could not make sense of an object's bytes.
func unreadable(err error) bool {
	var d *duck.Error
	return errors.As(err, &d) && (d.Type == duck.ErrorTypeInvalidInput || d.Type == duck.ErrorTypeConversion)
}
