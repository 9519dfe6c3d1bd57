package queries

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// typed is what messages call the file of a statement that has none.
const typed = "statement"

// readOnlyCode is what PostgreSQL says of a statement that writes.
const readOnlyCode = "25006"

// ownFault are the classes of PostgreSQL's errors that are the statement's: data,
// syntax and names, features, cardinality, and functions that raise.
var ownFault = []string{"21", "22", "2F", "0A", "42", "P0"}

// statement is what is run, and where it stands for messages.
type statement struct {
	text   string // one statement, without a semicolon at its end
	at     sqltext.Pos
	tokens []sqltext.Token
	asOf   time.Time // zero where nothing is bound to it
}

// statement binds the parameters.
func (o Options) statement(ctx context.Context, q *model.Query, place model.Place) (*statement, error) {
	file, source := typed, o.SQL
	if q != nil {
		// The project's values are in its text already.
		file, source = q.File, q.SQL
	}
	parameters, faults := sqltext.Parameters(file, source)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := o.known(file, parameters); err != nil {
		return nil, err
	}
	values, asOf, err := o.values(ctx, parameters, place)
	if err != nil {
		return nil, err
	}
	bind := func() (string, error) { return sqltext.Bind(file, source, values) }
	if q != nil {
		bind = func() (string, error) { return q.Bind(values) }
	}
	text, err := bind()
	if err != nil {
		return nil, err
	}
	st, err := one(file, text)
	if err != nil {
		return nil, err
	}
	st.asOf = asOf
	if q != nil {
		st.at = start(q)
	}
	return st, nil
}

// known refuses values that no parameter takes.
func (o Options) known(file string, parameters []sqltext.Parameter) error {
	names := sqltext.ParameterNames(parameters)
	for _, name := range slices.Sorted(maps.Keys(o.Parameters)) {
		if slices.Contains(names, name) {
			continue
		}
		remedy := "it has no parameters"
		if len(names) > 0 {
			remedy = "it has " + strings.Join(names, ", ")
		}
		return &sqltext.Error{Pos: sqltext.Pos{File: file}, Msg: "no parameter " + name + sqltext.DidYouMean(name, names), Remedy: remedy}
	}
	return nil
}

// values are those that were set, and the date for parameters that would be today.
func (o Options) values(ctx context.Context, parameters []sqltext.Parameter, place model.Place) (map[string]string, time.Time, error) {
	values := maps.Clone(o.Parameters)
	if values == nil {
		values = map[string]string{}
	}
	var asOf time.Time
	for _, p := range parameters {
		if _, set := values[p.Name]; set || !strings.EqualFold(p.Literal, "current_date") {
			continue
		}
		if asOf = o.AsOf; asOf.IsZero() {
			latest, found, err := o.latest(ctx, place)
			if err != nil {
				return nil, asOf, err
			}
			if !found {
				// There is nothing that a date could choose from.
				return values, asOf, nil
			}
			asOf = latest
		}
		values[p.Name] = asOf.Format(time.DateOnly)
	}
	return values, asOf, nil
}

// one takes the only statement of a text.
func one(file, text string) (*statement, error) {
	tokens, err := sqltext.Lex(file, text)
	if err != nil {
		return nil, err
	}
	statements := sqltext.Statements(tokens)
	if len(statements) != 1 {
		return nil, &duckdb.ReadOnlyError{Statements: len(statements)}
	}
	code := statements[0]
	return &statement{text: sqltext.Source(text, code), at: code[0].Pos, tokens: code}, nil
}

// start is where in its file the query's statement begins.
func start(q *model.Query) sqltext.Pos {
	if tokens, err := sqltext.Lex(q.File, q.Source); err == nil {
		if code := sqltext.Code(tokens); len(code) > 0 {
			return code[0].Pos
		}
	}
	return sqltext.Pos{File: q.File}
}

// pos is the place in its file of a byte of the statement. A value bound before it
// on its line may move the column.
func (st *statement) pos(off int) sqltext.Pos {
	if off < 0 || off > len(st.text) {
		return st.at
	}
	before := st.text[:off]
	line := strings.LastIndexByte(before, '\n') + 1
	p := sqltext.Pos{File: st.at.File, Line: st.at.Line + strings.Count(before, "\n"), Col: utf8.RuneCountInString(before[line:]) + 1}
	if line == 0 {
		p.Col += st.at.Col - 1
	}
	return p
}

// fault puts what an engine says against the statement at its place. Any other
// error stays as it is.
func (st *statement) fault(err error) error {
	var bind *model.BindError
	if errors.As(err, &bind) {
		return &sqltext.Error{Pos: st.pos(bind.Off), Msg: bind.Msg, Remedy: bind.Remedy}
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch {
	case pg.Code == readOnlyCode:
		return &duckdb.ReadOnlyError{Statements: 1}
	case slices.Contains(ownFault, pg.Code[:min(2, len(pg.Code))]):
		off := -1
		if pg.Position > 0 {
			off = byteOffset(st.text, int(pg.Position)-1)
		}
		return &sqltext.Error{Pos: st.pos(off), Msg: pg.Message, Remedy: pg.Hint}
	}
	return err
}

// byteOffset is where the nth character of a text begins.
func byteOffset(text string, n int) int {
	for off := range text {
		if n == 0 {
			return off
		}
		n--
	}
	return len(text)
}
