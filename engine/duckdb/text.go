package duckdb

import (
	"context"
	"errors"
	"strings"

	"ledgermill/engine/sqltext"
)

// Texts is a small result as people read it: every value as DuckDB prints it.
type Texts struct {
	Columns []string
	Rows    [][]string
	Null    [][]bool
}

// texts runs a query and casts every column to text in DuckDB, so that a decimal
// or a timestamp is written in one way everywhere.
func (s *session) texts(ctx context.Context, query string) (t Texts, err error) {
	source := "(" + query + "\n)"
	columns, err := s.describe(ctx, source)
	if err != nil {
		return t, err
	}
	var list []string
	for _, c := range columns {
		t.Columns = append(t.Columns, c.Name)
		list = append(list, "cast("+sqltext.QuoteName(c.Name)+" as varchar)")
	}
	statement := "select " + strings.Join(list, ", ") + " from " + source
	if err := s.before(ctx, statement); err != nil {
		return t, err
	}
	rows, err := s.conn.QueryContext(ctx, statement)
	if err != nil {
		return t, fault(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, dest := make([]*string, len(list)), make([]any, len(list))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return t, err
		}
		texts, nulls := make([]string, len(list)), make([]bool, len(list))
		for i, v := range values {
			if v == nil {
				nulls[i] = true
				continue
			}
			texts[i] = *v
		}
		t.Rows, t.Null = append(t.Rows, texts), append(t.Null, nulls)
	}
	return t, fault(rows.Err())
}
