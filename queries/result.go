package queries

import (
	"strings"
	"time"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
)

// Kind is what a column holds, as far as printing it goes.
type Kind uint8

// The kinds of columns. Text is also every type that is none of the others.
const (
	Text    Kind = iota
	Exact        // integers and decimals
	Float        // binary floating point
	Boolean      // true or false
	Moment       // dates, times, timestamps, intervals
)

// Number reports whether columns of the kind are numbers.
func (k Kind) Number() bool { return k == Exact || k == Float }

// Column is a column of a result. Names may repeat.
type Column struct {
	Name string
	Type string // as the place calls it: DECIMAL(18,2) on the lake, numeric in the warehouse
	Kind Kind
}

// Result is a query under way. Rows come as text, written in one way by both
// places: see [duckdb.Rows].
type Result struct {
	Columns []Column
	On      model.Place
	AsOf    time.Time // what current_date was bound to; zero where nothing was

	rows      rows
	statement *statement
}

// Show is a result of rows that an engine has begun to return, in the place of a query.
func Show(rows *duckdb.Rows) *Result {
	return &Result{Columns: columnsOf(rows), On: model.Lake, rows: rows, statement: &statement{}}
}

func columnsOf(rows *duckdb.Rows) []Column {
	columns := make([]Column, len(rows.Columns()))
	for i, c := range rows.Columns() {
		columns[i] = Column{Name: c.Name, Type: c.Type, Kind: duckKind(c.Type)}
	}
	return columns
}

// rows are what both places return.
type rows interface {
	Next() bool
	Values() []*string
	Err() error
	Close() error
}

// Next moves to the next row; false at the end or after an error.
func (r *Result) Next() bool { return r.rows.Next() }

// Values of the row, nil for null. They hold until the next call of Next.
func (r *Result) Values() []*string { return r.rows.Values() }

// Err is the error that ended the rows, if one did.
func (r *Result) Err() error {
	err := r.rows.Err()
	if err == nil {
		return nil
	}
	return r.statement.fault(err)
}

// Close ends the query, also half way.
func (r *Result) Close() error { return r.rows.Close() }

func duckKind(name string) Kind {
	if strings.HasPrefix(name, "DECIMAL(") && strings.HasSuffix(name, ")") {
		return Exact
	}
	switch name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT":
		return Exact
	case "FLOAT", "DOUBLE":
		return Float
	case "BOOLEAN":
		return Boolean
	case "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIME WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE", "INTERVAL":
		return Moment
	}
	return Text
}

func postgresKind(name string) Kind {
	switch name {
	case "int2", "int4", "int8", "numeric", "oid":
		return Exact
	case "float4", "float8":
		return Float
	case "bool":
		return Boolean
	case "date", "time", "timetz", "timestamp", "timestamptz", "interval":
		return Moment
	}
	return Text
}
