package contract

import "context"

// Judge is the SQL engine that reads the DDL: DuckDB on an empty scratch database.
// Each call stands alone; nothing of it stays behind. What is wrong with the SQL
// that it was given is a *Fault.
type Judge interface {
	// Tables runs the statements and reads back the tables that they make, in order.
	Tables(ctx context.Context, statements ...string) ([]Table, error)
	// Expression takes one expression apart without binding it.
	Expression(ctx context.Context, sql string) (Expression, error)
	// TypeOf binds an expression over varchar columns and returns its type: "DECIMAL(18,2)".
	TypeOf(ctx context.Context, sql string, columns []string) (string, error)
}

// Table is what the engine's catalogue says of a table.
type Table struct {
	Name    string
	Comment string
	Columns []TableColumn
	Checks  []string // the engine's own text of each CHECK, in order
	Key     []string
}

// TableColumn is a column of a Table.
type TableColumn struct {
	Name    string
	Type    string // as the engine prints it: DECIMAL(18,2)
	NotNull bool
	Default string // as the engine prints it, or ""
	Comment string
}

// Expression is what an expression is made of.
type Expression struct {
	Columns  []string // that it names, each once, in order
	Unstable []string // functions that do not give the same for the same arguments: now, random
	Refused  []string // what a plain expression over columns has not: a subquery, a window, a star
}

// Fault is what is wrong with SQL that a Judge was given.
type Fault struct {
	Statement int // of the statements given to Tables
	Off       int // byte offset in the statement or expression; -1 where unknown
	Msg       string
	Remedy    string
}

// Error is the message.
func (f *Fault) Error() string { return f.Msg }
