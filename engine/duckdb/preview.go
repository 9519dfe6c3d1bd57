package duckdb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Sight is what is to be seen of a model on a unit.
type Sight struct {
	SQL     string   // evaluated in the place of the model's statement
	Where   string   // a condition over its columns; "": all rows
	Columns []string // those to show; nil: all
	Limit   int      // rows at most; 0: all
	Order   []string
	Sample  int64 // of every input so many rows at most, the same every time; 0: all
	Private func(model.Column) bool
}

// Seen are the rows that a Sight shows, and how many there are in all.
type Seen struct {
	*Rows
	Total   int64 // that the statement makes
	Matched int64 // of them those of Where
	Masked  []string
}

// WhereError is what is wrong with the condition of a Sight.
type WhereError struct {
	Fault   *model.BindError
	Running bool // it raised on a row, whose values the message may show
}

func (e *WhereError) Error() string { return e.Fault.Msg }

// Unwrap returns the fault, with its place in the condition.
func (e *WhereError) Unwrap() error { return e.Fault }

// ColumnError says that what is seen has no such column.
type ColumnError struct {
	Name  string
	Names []string
}

func (e *ColumnError) Error() string {
	return "there is no column " + e.Name + sqltext.DidYouMean(e.Name, e.Names)
}

// Try tells the names.
func (e *ColumnError) Try() string { return "one of " + strings.Join(e.Names, ", ") }

func namesOf(columns []model.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

const seenTable = "_seen"

// See evaluates a statement on a unit and returns its rows, private columns masked. A
// fault of the statement is a *model.BindError, one of the condition a *WhereError.
// The caller owes a Close.
func (e *Engine) See(ctx context.Context, t job.Task, v Sight) (_ *Seen, err error) {
	m, err := e.making(ctx, t.Unit, t.Previous, t.Inputs)
	if err != nil {
		return nil, err
	}
	seen, err := m.see(ctx, t.Model, v)
	if err != nil {
		return nil, errors.Join(err, m.session.close())
	}
	return seen, nil
}

func (m *making) see(ctx context.Context, one *model.Model, v Sight) (*Seen, error) {
	if err := m.evaluate(ctx, one, v); err != nil {
		return nil, err
	}
	described, err := m.session.describe(ctx, seenTable)
	if err != nil {
		return nil, err
	}
	seen := &Seen{}
	var columns, all []model.Column
	var list, private []string
	for _, c := range described {
		column := model.Column{Name: c.Name, Type: c.Type}
		all = append(all, column)
		shown := sqltext.QuoteName(c.Name)
		if v.Private != nil && v.Private(column) {
			private = append(private, c.Name)
			shown, column.Type = masked(c.Name), "VARCHAR"
		}
		if v.Columns == nil || slices.ContainsFunc(v.Columns, func(name string) bool { return strings.EqualFold(name, c.Name) }) {
			columns, list = append(columns, column), append(list, shown)
			if column.Type != c.Type || strings.HasPrefix(shown, "case") {
				seen.Masked = append(seen.Masked, c.Name)
			}
		}
	}
	for _, name := range v.Columns {
		if !slices.ContainsFunc(all, func(c model.Column) bool { return strings.EqualFold(name, c.Name) }) {
			return nil, &ColumnError{Name: name, Names: namesOf(all)}
		}
	}
	where, err := m.where(ctx, v.Where, all, private)
	if err != nil {
		return nil, err
	}
	counts := "select count(*), count(*) filter (where " + where + ") from " + seenTable
	if err := m.session.rows(ctx, counts, []any{&seen.Total, &seen.Matched}, func() error { return nil }); err != nil {
		err = conditionFault(err)
		var raised *WhereError
		if errors.As(err, &raised) {
			raised.Running = true
		}
		return nil, err
	}
	source := fmt.Sprintf("(select %s from %s where %s order by %s", strings.Join(list, ", "), seenTable, where, orderOf(v.Order, all))
	if v.Limit > 0 {
		source += fmt.Sprintf(" limit %d", v.Limit)
	}
	seen.Rows, err = m.engine.stream(ctx, m.session, columns, source+")")
	return seen, err
}

// evaluate makes the table of what the statement makes.
func (m *making) evaluate(ctx context.Context, one *model.Model, v Sight) error {
	inputs := one.Inputs
	if one.ReadsItself {
		inputs = append(slices.Clone(inputs), one.Name)
	}
	if err := m.views(ctx, inputs); err != nil {
		return err
	}
	if v.Sample > 0 {
		for _, name := range inputs {
			if err := m.sample(ctx, name, v.Sample); err != nil {
				return err
			}
		}
	}
	lead := "create or replace temp table " + seenTable + " as\n"
	_, err := m.session.conn.ExecContext(ctx, lead+v.SQL)
	return behind(placed(err, lead+v.SQL), len(lead))
}

// sample puts a few rows in the place of an input: by the hash of the row, so that it
// is the same ones every time.
func (m *making) sample(ctx context.Context, name string, rows int64) error {
	q := sqltext.QuoteName(name)
	return m.session.script(ctx,
		fmt.Sprintf("create or replace temp table %s as select * from %s t order by hash(t), t limit %d", sqltext.QuoteName("_sample "+name), q, rows),
		"create or replace temp view "+q+" as select * from "+sqltext.QuoteName("_sample "+name))
}

func masked(name string) string {
	q := sqltext.QuoteName(name)
	return maskedText(q) + " as " + q
}

// orderOf is an order by columns that are there, made total by all of them.
func orderOf(names []string, columns []model.Column) string {
	var order []string
	for _, name := range names {
		if slices.ContainsFunc(columns, func(c model.Column) bool { return c.Name == name }) {
			order = append(order, seenTable+"."+sqltext.QuoteName(name)+" nulls last")
		}
	}
	if len(order) == 0 {
		return "all"
	}
	return strings.Join(order, ", ")
}

// where checks a condition by itself: one boolean over the columns, and none of those
// that are masked, which it would tell.
func (m *making) where(ctx context.Context, condition string, columns []model.Column, private []string) (string, error) {
	if strings.TrimSpace(condition) == "" {
		return "true", nil
	}
	tokens, err := sqltext.Lex("", condition)
	if err != nil {
		return "", conditionFault(&model.BindError{Off: -1, Msg: strings.TrimPrefix(err.Error(), ":")})
	}
	for _, t := range sqltext.Code(tokens) {
		// A query, the row as a whole and columns by pattern would get round the masks.
		if t.Is("select") || t.Is("from") || t.Is("columns") || t.Is(seenTable) {
			return "", &WhereError{Fault: &model.BindError{Off: t.Off, Msg: "a condition sees the columns of one row: " + t.Text + " is not for it"}}
		}
		if slices.ContainsFunc(private, func(name string) bool { return strings.EqualFold(name, t.Name()) }) {
			return "", &WhereError{Fault: &model.BindError{Off: t.Off, Msg: t.Name() + " is private: a condition on it would tell its values"}}
		}
	}
	const lead = "select ("
	statement := lead + condition + "\n) from " + seenTable
	one, err := m.session.oneSelect(ctx, statement)
	if err == nil {
		_, err = m.session.bind(ctx, one.body)
	}
	if err != nil {
		return "", conditionFault(named(behind(err, len(lead)), columns))
	}
	kinds, err := m.session.describe(ctx, "("+statement+")")
	if err != nil {
		return "", conditionFault(err)
	}
	if len(kinds) != 1 || kinds[0].Type != "BOOLEAN" {
		return "", &WhereError{Fault: &model.BindError{Off: -1, Msg: "it is " + kinds[0].Type + " and no condition", Remedy: "compare it with something"}}
	}
	return "(" + condition + "\n)", nil
}

// conditionFault blames the condition for a fault of a statement that holds it.
func conditionFault(err error) error {
	var bind *model.BindError
	if errors.As(err, &bind) {
		return &WhereError{Fault: bind}
	}
	if err = unplaced(err); errors.As(err, &bind) {
		return &WhereError{Fault: bind}
	}
	return err
}

var missingColumn = regexp.MustCompile(`^Referenced column "(.+)" not found`)

// named adds the nearest of the columns where one is not there.
func named(err error, columns []model.Column) error {
	var bind *model.BindError
	if errors.As(err, &bind) {
		if m := missingColumn.FindStringSubmatch(bind.Msg); m != nil {
			bind.Msg += sqltext.DidYouMean(m[1], namesOf(columns))
		}
	}
	return err
}
