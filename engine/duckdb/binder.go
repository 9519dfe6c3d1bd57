package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Binder is an empty DuckDB in memory that sees no file and no network: a project's
// files are bound in it, and its unit tests run in it. It is one connection, for
// one goroutine.
type Binder struct {
	db   *sql.DB
	conn *sql.Conn
}

var (
	_ model.Binder = (*Binder)(nil)
	_ model.Runner = (*Binder)(nil)
)

// binderSettings make errors carry their byte position and shut everything out.
var binderSettings = []string{
	"set errors_as_json = true",
	"set threads = 1",
	"set timezone = 'UTC'",
	"set autoinstall_known_extensions = false",
	"set autoload_known_extensions = false",
	"set enable_external_access = false",
	"set lock_configuration = true",
}

// NewBinder opens one. Close it.
func NewBinder(ctx context.Context) (*Binder, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fmt.Errorf("open scratch database: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open scratch database: %w", err), db.Close())
	}
	b := &Binder{db: db, conn: conn}
	for _, set := range binderSettings {
		if _, err := conn.ExecContext(ctx, set); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", set, err), b.Close())
		}
	}
	return b, nil
}

// Close frees the database.
func (b *Binder) Close() error { return errors.Join(b.conn.Close(), b.db.Close()) }

// Parse returns the tree of one SELECT, as json_serialize_sql prints it.
func (b *Binder) Parse(ctx context.Context, statement string) ([]byte, error) {
	// The function takes a constant, which a bound parameter is not to it.
	serialize := "select cast(json_serialize_sql(" + sqltext.QuoteString(statement) +
		", skip_null := true, skip_empty := true, skip_default := true) as varchar)"
	var tree string
	if err := b.conn.QueryRowContext(ctx, serialize).Scan(&tree); err != nil {
		return nil, bindError(err, "", 0)
	}
	var fault struct {
		Error    bool   `json:"error"`
		Message  string `json:"error_message"`
		Type     string `json:"error_type"`
		Position string `json:"position"`
	}
	if err := json.Unmarshal([]byte(tree), &fault); err != nil {
		return nil, fmt.Errorf("parse statement: %w", err)
	}
	switch {
	case fault.Error && fault.Type == "not implemented":
		return nil, &model.BindError{Msg: "not a SELECT", Remedy: "write one SELECT: its rows are what the file makes, and nothing else is run"}
	case fault.Error:
		bind := &model.BindError{Off: offset(fault.Position, 0), Msg: firstLine(fault.Message)}
		diagnose(bind, statement, complaint{Message: fault.Message})
		return nil, bind
	}
	return []byte(tree), nil
}

// Plan returns the plan of one SELECT, bound and not optimized, as
// json_serialize_plan prints it: every expression with its type.
func (b *Binder) Plan(ctx context.Context, statement string) ([]byte, error) {
	serialize := "select cast(json_serialize_plan(" + sqltext.QuoteString(statement) +
		", skip_null := true, skip_empty := true, skip_default := true) as varchar)"
	var plan string
	if err := b.conn.QueryRowContext(ctx, serialize).Scan(&plan); err != nil {
		return nil, bindError(err, "", 0)
	}
	return []byte(plan), nil
}

// Define makes an empty table, in the place of one of that name.
func (b *Binder) Define(ctx context.Context, name string, columns []model.Column) error {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = sqltext.QuoteName(c.Name) + " " + c.Type
	}
	create := "create or replace table " + sqltext.QuoteName(name) + " (" + strings.Join(list, ", ") + ")"
	if _, err := b.conn.ExecContext(ctx, create); err != nil {
		return fmt.Errorf("define %s: %w", name, bindError(err, "", -1))
	}
	return nil
}

// Describe binds a SELECT and returns its output columns.
func (b *Binder) Describe(ctx context.Context, statement string) ([]model.Column, error) {
	const describe = "describe "
	rows, err := b.conn.QueryContext(ctx, describe+statement)
	if err != nil {
		return nil, bindError(err, statement, len(describe))
	}
	defer rows.Close()
	var columns []model.Column
	for rows.Next() {
		var c model.Column
		var null, key, def, extra sql.NullString
		if err := rows.Scan(&c.Name, &c.Type, &null, &key, &def, &extra); err != nil {
			return nil, fmt.Errorf("describe statement: %w", err)
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// Exec runs a statement.
func (b *Binder) Exec(ctx context.Context, statement string) error {
	if _, err := b.conn.ExecContext(ctx, statement); err != nil {
		return bindError(err, statement, 0)
	}
	return nil
}

// Rows returns each value as text, SQL's null as "null".
func (b *Binder) Rows(ctx context.Context, statement string) ([][]string, error) {
	const cast = "select columns(*)::varchar from ("
	rows, err := b.conn.QueryContext(ctx, cast+statement+"\n)")
	if err != nil {
		return nil, bindError(err, statement, len(cast))
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]string
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = v.String
			if !v.Valid {
				row[i] = "null"
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// complaint is what DuckDB says of a statement, as JSON.
type complaint struct {
	Message    string `json:"exception_message"`
	Position   string `json:"position"`
	Candidates string `json:"candidates"`
	Name       string `json:"name"`
	Kind       string `json:"type"`
	Subtype    string `json:"error_subtype"`
}

// bindError makes a model.BindError of DuckDB's JSON; lead is how many bytes stood
// before the caller's statement. What is not the statement's fault stays as it is.
func bindError(err error, statement string, lead int) error {
	var duck *duckdb.Error
	if !errors.As(err, &duck) || blameless(duck.Type) {
		return err
	}
	brace := strings.IndexByte(duck.Msg, '{')
	if brace < 0 {
		return &model.BindError{Off: -1, Msg: firstLine(duck.Msg)}
	}
	var said complaint
	if json.Unmarshal([]byte(duck.Msg[brace:]), &said) != nil {
		return &model.BindError{Off: -1, Msg: firstLine(duck.Msg)}
	}
	fault := &model.BindError{Off: offset(said.Position, lead), Msg: firstLine(said.Message)}
	if said.Name != "" && said.Candidates != "" {
		fault.Msg += didYouMean(said.Name, strings.Split(said.Candidates, ","))
	}
	for _, line := range strings.Split(said.Message, "\n")[1:] {
		if strings.HasPrefix(line, "Either ") {
			fault.Remedy = strings.TrimSuffix(strings.ToLower(line[:1])+line[1:], ".")
		}
	}
	diagnose(fault, statement, said)
	return fault
}

// blameless errors say nothing of the statement: they end the check.
func blameless(t duckdb.ErrorType) bool {
	return slices.Contains([]duckdb.ErrorType{duckdb.ErrorTypeInterrupt, duckdb.ErrorTypeFatal,
		duckdb.ErrorTypeInternal, duckdb.ErrorTypeOutOfMemory, duckdb.ErrorTypeConnection}, t)
}

func didYouMean(name string, candidates []string) string {
	for i, c := range candidates {
		candidates[i] = strings.Trim(strings.TrimSpace(c), `"`)
	}
	return sqltext.DidYouMean(name, candidates)
}

func offset(position string, lead int) int {
	n, err := strconv.Atoi(position)
	if err != nil || n < lead {
		return -1
	}
	return n - lead
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimRight(line, "!. \r")
}
