package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// UnitResult is the outcome of a unit test: rows as texts, of the compared columns.
type UnitResult struct {
	Columns    []string
	Missing    [][]string // expected, not made
	Unexpected [][]string // made, not expected

	Differences []Difference // of both, side by side
}

// Passed reports whether the rows are those expected.
func (r UnitResult) Passed() bool { return len(r.Missing)+len(r.Unexpected) == 0 }

// The tables of a run; no dataset's name begins with _.
const (
	expectedTable = "_expected"
	madeTable     = "_made"
)

// RunUnitTest makes the given tables, evaluates the model with the defaults of its
// parameters as for the unit of the test's date, and compares the expected columns
// as multisets. It works in a transaction that it undoes.
func (p *Project) RunUnitTest(ctx context.Context, r Runner, t *UnitTest) (result UnitResult, err error) {
	m := p.Models[t.Model]
	if m == nil {
		return result, sqltext.Errorf(sqltext.Pos{File: t.File}, "no model is called %s", t.Model)
	}
	if err := r.Exec(ctx, "begin"); err != nil {
		return result, fmt.Errorf("run %s: %w", t.File, err)
	}
	defer func() {
		if undo := r.Exec(context.WithoutCancel(ctx), "rollback"); undo != nil {
			err = errors.Join(err, fmt.Errorf("undo %s: %w", t.File, undo))
		}
	}()
	if err := p.makeGiven(ctx, r, m, t); err != nil {
		return result, err
	}
	if err := p.evaluate(ctx, r, m, t); err != nil {
		return result, err
	}
	if err := r.Exec(ctx, "create or replace temp table "+expectedTable+" as\n"+t.Expected); err != nil {
		return result, fmt.Errorf("%s: make what is expected: %w", t.File, err)
	}
	result.Columns = t.Columns
	if result.Missing, err = rowsOnlyIn(ctx, r, expectedTable, madeTable, t); err != nil {
		return result, err
	}
	if result.Unexpected, err = rowsOnlyIn(ctx, r, madeTable, expectedTable, t); err != nil {
		return result, err
	}
	result.Differences = result.differences(m.Grain)
	return result, nil
}

// MadeOf makes what is given and evaluates the model, as RunUnitTest does, and returns
// what selected says of the table _made: a list of expressions.
func (p *Project) MadeOf(ctx context.Context, r Runner, t *UnitTest, selected string) (rows [][]string, err error) {
	m := p.Models[t.Model]
	if err := r.Exec(ctx, "begin"); err != nil {
		return nil, fmt.Errorf("make %s: %w", t.Model, err)
	}
	defer func() { err = errors.Join(err, r.Exec(context.WithoutCancel(ctx), "rollback")) }()
	if err := p.makeGiven(ctx, r, m, t); err != nil {
		return nil, err
	}
	if err := p.evaluate(ctx, r, m, t); err != nil {
		return nil, err
	}
	order := "all"
	if sort := m.Sort(); len(sort) > 0 {
		order = quoted(sort)
	}
	return r.Rows(ctx, "select "+selected+" from "+madeTable+" order by "+order)
}

// evaluate makes the table of what is made. The model is taken
// as its file has it: a test goes with its file, whatever the configuration binds.
func (p *Project) evaluate(ctx context.Context, r Runner, m *Model, t *UnitTest) error {
	s, faults := readSource(m.File, m.Source, modelWords())
	if err := faults.Err(); err != nil {
		return err
	}
	st, err := s.one("a model", nil)
	if err != nil {
		return err
	}
	lead := "create or replace temp table " + madeTable + " as\n"
	if err := r.Exec(ctx, lead+st.text); err != nil {
		if fault, ok := st.fault(shifted(err, len(lead))); ok {
			return fault
		}
		return fmt.Errorf("%s: run %s: %w", t.File, m.File, err)
	}
	return nil
}

func rowsOnlyIn(ctx context.Context, r Runner, a, b string, t *UnitTest) ([][]string, error) {
	columns := quoted(t.Columns)
	rows, err := r.Rows(ctx, fmt.Sprintf("select %s from %s except all select %s from %s order by all", columns, a, columns, b))
	if err != nil {
		return nil, fmt.Errorf("%s: compare: %w", t.File, err)
	}
	return rows, nil
}

// makeGiven makes every input of the model, as the unit of the test sees it.
func (p *Project) makeGiven(ctx context.Context, r Runner, m *Model, t *UnitTest) error {
	for _, g := range t.Given {
		if err := r.Exec(ctx, "create or replace table "+sqltext.QuoteName(g.Name)+" as\n"+g.SQL); err != nil {
			return &sqltext.Error{Pos: g.Pos, Msg: fmt.Sprintf("make %s: %v", g.Name, err)}
		}
	}
	unit, err := unitOf(m.Partition, t.On)
	if err != nil {
		return sqltext.Errorf(sqltext.Pos{File: t.File}, "%s", err)
	}
	inputs := slices.Clone(m.Inputs)
	if m.ReadsItself {
		inputs = append(inputs, m.Name)
	}
	// business_day looks at the given dates, so that it comes before they are cut.
	var statements []string
	if m.UsesBusinessDay {
		statements = append(statements, p.businessDay(m, t, unit))
	}
	for _, name := range inputs {
		statements = append(statements, p.seen(m, t, unit, name))
	}
	for _, s := range statements {
		if err := r.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: make inputs: %w", t.File, err)
		}
	}
	return nil
}

// given finds what the test gives of a table; nil: nothing.
func (t *UnitTest) given(name string) *Given {
	i := slices.IndexFunc(t.Given, func(g Given) bool { return g.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Given[i]
}

// unit is a span of dates, both included; the zero unit is a whole dataset's.
type unit struct{ first, last time.Time }

func unitOf(p contract.Partition, on string) (unit, error) {
	if p == contract.Whole {
		return unit{}, nil
	}
	d, err := time.Parse(time.DateOnly, on)
	if err != nil {
		return unit{}, fmt.Errorf("%q is no date", on)
	}
	switch p {
	case contract.Month:
		first := time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)
		return unit{first, first.AddDate(0, 1, -1)}, nil
	case contract.Year:
		return unit{time.Date(d.Year(), 1, 1, 0, 0, 0, 0, time.UTC), time.Date(d.Year(), 12, 31, 0, 0, 0, 0, time.UTC)}, nil
	}
	return unit{d, d}, nil
}

func dateLiteral(d time.Time) string { return "date '" + d.Format(time.DateOnly) + "'" }

// lastDay is the last day of the unit that the date expression d is in.
func lastDay(p contract.Partition, d string) string {
	if p == contract.Day {
		return d
	}
	return fmt.Sprintf("cast(date_trunc('%s', %s) + interval 1 %s - interval 1 day as date)", p, d, p)
}

// seen makes of the given rows of an input what the unit sees of them, typed, with
// absent columns null, and year, month and day.
func (p *Project) seen(m *Model, t *UnitTest, u unit, name string) string {
	g := t.given(name)
	var selected []string
	for _, c := range p.Stored(name) {
		value := "null"
		if g != nil && slices.Contains(g.Columns, c.Name) {
			value = sqltext.QuoteName(c.Name)
		}
		selected = append(selected, fmt.Sprintf("cast(%s as %s) as %s", value, c.Type, sqltext.QuoteName(c.Name)))
	}
	date := p.BusinessDateOf(name)
	for _, part := range dateParts {
		switch {
		case date == "":
		case g == nil:
			selected = append(selected, "cast(null as integer) as "+part.Name)
		default:
			selected = append(selected, fmt.Sprintf("cast(%s(cast(%s as date)) as integer) as %s", part.Name, sqltext.QuoteName(date), part.Name))
		}
	}
	create := "create or replace table " + sqltext.QuoteName(name) + " as select " + strings.Join(selected, ", ")
	switch {
	case g == nil:
		return create + " where false"
	case !m.Dated() || date == "":
		return create + " from " + sqltext.QuoteName(name)
	}
	grant, granted := m.Reads[name]
	return create + " from " + sqltext.QuoteName(name) + " where " + window(m.Partition, u, "cast("+sqltext.QuoteName(date)+" as date)", name, grant, granted && name != m.Name, name == m.Name)
}

// window is the condition of the rows that the unit u sees of an input by date d.
func window(p contract.Partition, u unit, d, name string, g Grant, granted, itself bool) string {
	first, last := dateLiteral(u.first), dateLiteral(u.last)
	own := fmt.Sprintf("%s between %s and %s", d, first, last)
	latest := func(condition string) string {
		return fmt.Sprintf("%s = (select max(%s) from %s where %s)", lastDay(p, d), lastDay(p, d), sqltext.QuoteName(name), condition)
	}
	switch {
	case itself:
		return latest(d + " < " + first)
	case !granted:
		return own
	}
	// A unit is seen whole or not at all, by its last day.
	from := dateLiteral(u.last.AddDate(0, 0, 1-g.Days))
	if g.Kind == MonthToDate {
		from = dateLiteral(time.Date(u.last.Year(), u.last.Month(), 1, 0, 0, 0, 0, time.UTC))
	}
	within := fmt.Sprintf("%s between %s and %s", lastDay(p, d), from, last)
	switch g.Kind {
	case Previous:
		return own + " or " + latest(d+" < "+first)
	case LatestWithin:
		return own + " or " + latest(within)
	}
	return own + " or " + within
}

// BusinessDateOf is the column of a dataset's business date; "" of a whole one.
func (p *Project) BusinessDateOf(name string) string {
	if c := p.Contracts[name]; c != nil {
		return c.BusinessDate
	}
	if m := p.Models[name]; m != nil {
		return m.BusinessDate
	}
	return ""
}

// businessDay makes the one row of business_day, unless the test gives it. The
// previous business date is the last day of the latest earlier unit that is given.
func (p *Project) businessDay(m *Model, t *UnitTest, u unit) string {
	create := "create or replace table " + BusinessDay + " as "
	if g := t.given(BusinessDay); g != nil {
		var selected []string
		for _, c := range businessDayColumns {
			value := "null"
			if slices.Contains(g.Columns, c.Name) {
				value = c.Name
			}
			selected = append(selected, fmt.Sprintf("cast(%s as %s) as %s", value, c.Type, c.Name))
		}
		return create + "select " + strings.Join(selected, ", ") + " from " + BusinessDay
	}
	var dates []string
	for _, g := range t.Given {
		if date := p.BusinessDateOf(g.Name); date != "" && m.Dated() {
			dates = append(dates, fmt.Sprintf("select max(cast(%s as date)) as d from %s where cast(%s as date) < %s",
				sqltext.QuoteName(date), sqltext.QuoteName(g.Name), sqltext.QuoteName(date), dateLiteral(u.first)))
		}
	}
	previous := "null"
	if len(dates) > 0 {
		previous = "(select " + lastDay(m.Partition, "max(d)") + " from (" + strings.Join(dates, " union all ") + "))"
	}
	last := dateLiteral(u.last)
	return create + fmt.Sprintf("select %s as business_date, cast(%s as date) as previous_business_date, last_day(%s) = %s as is_month_end", last, previous, last, last)
}
