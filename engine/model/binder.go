package model

import "context"

// Binder is the SQL engine that statements are checked against: an empty DuckDB in
// memory that sees no file and no network. Faults in a statement are *BindError.
type Binder interface {
	// Parse returns the tree of one SELECT, as json_serialize_sql prints it.
	Parse(ctx context.Context, sql string) ([]byte, error)
	// Define makes an empty table, in the place of one of that name.
	Define(ctx context.Context, name string, columns []Column) error
	// Describe binds a SELECT and returns its output columns.
	Describe(ctx context.Context, sql string) ([]Column, error)
}

// Runner is a connection to a DuckDB in which a unit test may make tables; each
// test undoes what it made.
type Runner interface {
	Exec(ctx context.Context, sql string) error
	// Rows returns each value as text, SQL's null as "null".
	Rows(ctx context.Context, sql string) ([][]string, error)
}

// BindError is what a Binder says against a statement.
type BindError struct {
	Off    int    // byte offset in the statement; -1 where it is not known
	Msg    string // one line, `did you mean` included
	Remedy string // "" is none
}

// Error is the message.
func (e *BindError) Error() string { return e.Msg }

// Try returns the remedy, or "".
func (e *BindError) Try() string { return e.Remedy }
