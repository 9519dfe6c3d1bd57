package duckdb

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// View is a table that a query reads: what readers see of a dataset's files.
type View struct {
	Columns      []model.Column // in order, without year, month and day
	BusinessDate string         // of year, month and day; "" where the dataset is whole
	Files        []Files        // none: no rows
}

// Files are Parquet files of one shape. A column of the view that they lack is one
// of Values, or null; one of another type is cast.
type Files struct {
	Paths   []string
	Columns []model.Column
	Values  map[string]string // texts, by column
}

// ReadOnlyError refuses a text that is not one statement that only reads.
type ReadOnlyError struct{ Statements int }

func (e *ReadOnlyError) Error() string {
	switch e.Statements {
	case 0:
		return "there is no statement"
	case 1:
		return "the statement does more than read"
	}
	return fmt.Sprintf("one statement is run, and these are %d", e.Statements)
}

// Try returns the remedy.
func (e *ReadOnlyError) Try() string { return "write one SELECT, WITH, VALUES, DESCRIBE or EXPLAIN" }

// Query runs one statement that only reads, on views by name. Its faults are
// *model.BindError, with the place in statement where DuckDB tells it, and
// *ReadOnlyError. Rows come as they are made, however many; the caller owes a Close.
func (e *Engine) Query(ctx context.Context, views map[string]View, statement string) (_ *Rows, err error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	r, err := e.query(ctx, s, views, statement)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return r, nil
}

func (e *Engine) query(ctx context.Context, s *session, views map[string]View, statement string) (*Rows, error) {
	one, err := s.oneSelect(ctx, statement)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(views)) {
		if _, err := s.exec(ctx, "create temp view "+sqltext.QuoteName(name)+" as "+views[name].query()); err != nil {
			return nil, fmt.Errorf("view of %s: %w", name, err)
		}
	}
	names, err := s.bind(ctx, one.body)
	if err != nil {
		return nil, shift(err, one.off)
	}
	if one.explain != "" {
		return s.explain(ctx, one.explain+one.body)
	}
	source := "(" + one.body + "\n)"
	types, err := s.describe(ctx, source)
	if err != nil {
		return nil, err
	}
	if len(types) != len(names) {
		return nil, fmt.Errorf("describe query: %d columns, then %d", len(names), len(types))
	}
	columns := make([]model.Column, len(types))
	for i, t := range types {
		columns[i] = model.Column{Name: names[i], Type: t.Type}
	}
	return e.stream(ctx, s, columns, source)
}

// query selects what readers see.
func (v View) query() string {
	var parts []string
	for _, f := range v.Files {
		if len(f.Paths) > 0 {
			parts = append(parts, "select "+v.list(f)+" from "+parquet(f.Paths...))
		}
	}
	if parts == nil {
		parts = []string{"select " + v.list(Files{}) + " where false"}
	}
	query := strings.Join(parts, " union all ")
	if v.BusinessDate == "" {
		return query
	}
	return "select *, " + calendar(v.BusinessDate) + " from (" + query + ")"
}

func (v View) list(f Files) string {
	have := f.Columns
	list := make([]string, len(v.Columns))
	for i, c := range v.Columns {
		name := sqltext.QuoteName(c.Name)
		at := slices.IndexFunc(have, func(h model.Column) bool { return strings.EqualFold(h.Name, c.Name) })
		switch {
		case at < 0:
			value := "null"
			if text, ok := f.Values[c.Name]; ok {
				value = sqltext.QuoteString(text)
			}
			list[i] = "cast(" + value + " as " + c.Type + ") as " + name
		case have[at].Type != c.Type:
			list[i] = "cast(" + name + " as " + c.Type + ") as " + name
		default:
			list[i] = name
		}
	}
	return strings.Join(list, ", ")
}

// selection is a statement that only reads.
type selection struct {
	explain string // EXPLAIN and its options, as they stand before the body
	body    string // without a semicolon at its end
	off     int    // of the body in the text
}

// oneSelect takes a text apart. DuckDB's parser is the judge, and runs nothing:
// preparing a text of several statements would run all but the last.
func (s *session) oneSelect(ctx context.Context, text string) (one selection, err error) {
	tokens, err := sqltext.Lex("", text)
	if err != nil {
		return one, err
	}
	statements := sqltext.Statements(tokens)
	if len(statements) != 1 {
		return one, &ReadOnlyError{Statements: len(statements)}
	}
	code := statements[0]
	rest := code[explainLength(code):]
	if len(rest) == 0 {
		return one, &ReadOnlyError{Statements: 1}
	}
	one = selection{body: sqltext.Source(text, rest), explain: text[code[0].Off:rest[0].Off], off: rest[0].Off}
	n, err := s.selects(ctx, one.body)
	if err != nil {
		return one, shift(err, one.off)
	}
	if n != 1 {
		return one, &ReadOnlyError{Statements: n}
	}
	return one, nil
}

// explainLength is how many tokens of EXPLAIN [ANALYZE] [(options)] stand first.
func explainLength(code []sqltext.Token) int {
	if !code[0].Is("explain") {
		return 0
	}
	n := 1
	if n < len(code) && code[n].Is("analyze") {
		n++
	}
	if n+1 < len(code) && code[n].Is("(") && (code[n+1].Is("format") || code[n+1].Is("analyze")) {
		for n < len(code) && !code[n].Is(")") {
			n++
		}
		n++
	}
	return min(n, len(code))
}

// selects is how many statements text has, where all of them are SELECTs.
func (s *session) selects(ctx context.Context, text string) (int, error) {
	var tree string
	// The function takes a constant, which a bound parameter is not to it.
	serialize := "select cast(json_serialize_sql(" + sqltext.QuoteString(text) + ", skip_null := true, skip_empty := true, skip_default := true) as varchar)"
	if err := s.conn.QueryRowContext(ctx, serialize).Scan(&tree); err != nil {
		return 0, fault(err)
	}
	var parsed struct {
		Error      bool              `json:"error"`
		Type       string            `json:"error_type"`
		Message    string            `json:"error_message"`
		Position   string            `json:"position"`
		Statements []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal([]byte(tree), &parsed); err != nil {
		return 0, fmt.Errorf("parse statement: %w", err)
	}
	switch {
	case parsed.Error && parsed.Type == "not implemented":
		return 0, &ReadOnlyError{Statements: 1}
	case parsed.Error:
		return 0, &model.BindError{Off: offset(parsed.Position, 0), Msg: firstLine(parsed.Message)}
	}
	return len(parsed.Statements), nil
}

// bind returns the names of the columns, as often as they stand in the statement.
func (s *session) bind(ctx context.Context, body string) (names []string, err error) {
	err = s.conn.Raw(func(raw any) (err error) {
		prepared, err := raw.(*duck.Conn).PrepareContext(ctx, body)
		if err != nil {
			return placed(err, body)
		}
		defer func() { err = errors.Join(err, prepared.Close()) }()
		if n := prepared.NumInput(); n > 0 {
			return &model.BindError{Off: -1, Msg: "a $ parameter has no value", Remedy: "write /* $name */ before a literal, which is its default"}
		}
		names, err = columnNames(prepared)
		return err
	})
	return names, err
}

func columnNames(prepared driver.Stmt) ([]string, error) {
	statement := prepared.(*duck.Stmt)
	n, err := statement.ColumnCount()
	if err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i := range names {
		if names[i], err = statement.ColumnName(i); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func (s *session) explain(ctx context.Context, statement string) (*Rows, error) {
	var key, value string
	r := &Rows{session: s, columns: []model.Column{{Name: "QUERY PLAN", Type: "VARCHAR"}}, lines: []string{}}
	err := s.rows(ctx, statement, []any{&key, &value}, func() error {
		r.lines = append(r.lines, strings.Split(strings.TrimRight(value, "\n"), "\n")...)
		return nil
	})
	return r, err
}

// stream begins the query as a COPY into a pipe: the driver would hold all of a
// result in memory, out of sight of the memory limit.
func (e *Engine) stream(ctx context.Context, s *session, columns []model.Column, source string) (*Rows, error) {
	list, aliases := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		// By position: two columns of a result may have one name.
		aliases[i] = fmt.Sprintf("c%d", i)
		list[i] = textOf(aliases[i], c.Type)
	}
	fifo := filepath.Join(e.settings.Work, fmt.Sprintf("query-%d.fifo", e.pipes.Add(1)))
	f, err := openFeed(fifo)
	if err != nil {
		return nil, fmt.Errorf("open pipe: %w", err)
	}
	ctx, f.cancel = context.WithCancel(ctx)
	statement := fmt.Sprintf("copy (select %s from %s as result(%s)) to %s (format csv, header false, force_quote *)",
		strings.Join(list, ", "), source, strings.Join(aliases, ", "), sqltext.QuoteString(fifo))
	go func() {
		_, err := s.exec(ctx, statement)
		f.finish(errors.Join(unplaced(err), s.close()))
	}()
	return newRows(columns, f), nil
}
