package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Make evaluates one model on one unit, writes its file and verifies it. Units are
// never evaluated together: how many are landed at once cannot change a result.
func (e *Engine) Make(ctx context.Context, t job.Task) (file job.File, err error) {
	m, err := e.making(ctx, t.Unit, t.Previous, t.Inputs)
	if err != nil {
		return file, err
	}
	defer func() { err = errors.Join(err, m.session.close()) }()
	made, err := m.model(ctx, t)
	if err != nil {
		return file, &job.ModelError{Model: t.Model.Name, Pos: placeIn(t.Model, err), Unit: t.Unit, Err: err}
	}
	return *made, nil
}

// placeIn is where in a model's file an error is, as far as that is known.
func placeIn(one *model.Model, err error) sqltext.Pos {
	pos := sqltext.Pos{File: one.File}
	var bind *model.BindError
	start := strings.Index(one.Source, one.SQL)
	if start < 0 || !errors.As(err, &bind) || bind.Off < 0 || bind.Off > len(one.SQL) {
		return pos
	}
	before := one.Source[:start+bind.Off]
	pos.Line = 1 + strings.Count(before, "\n")
	pos.Col = 1 + utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:])
	return pos
}

// Test runs the tests of a model on a file of its unit, staged or published.
func (e *Engine) Test(ctx context.Context, t job.Task, file job.File) (results []job.TestResult, err error) {
	m, err := e.making(ctx, t.Unit, t.Previous, t.Inputs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.session.close()) }()
	if results, err = m.tests(ctx, t.Model, &file); err != nil {
		return nil, &job.ModelError{Model: t.Model.Name, Pos: sqltext.Pos{File: t.Model.File}, Unit: t.Unit, Err: err}
	}
	return results, nil
}

// Audit runs one data test.
func (e *Engine) Audit(ctx context.Context, a job.Audit) (result job.TestResult, err error) {
	m, err := e.making(ctx, a.Unit, a.Previous, a.Inputs)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, m.session.close()) }()
	result, err = m.dataTest(ctx, a.Test)
	if err != nil {
		return result, fmt.Errorf("%s: data test %s of %s: %w", a.Test.File, a.Test.Name, a.Unit, err)
	}
	return result, nil
}

// making is one evaluation under way.
type making struct {
	engine  *Engine
	session *session
	unit    job.Unit
	inputs  job.Inputs
}

func (e *Engine) making(ctx context.Context, u job.Unit, previous time.Time, inputs job.Inputs) (*making, error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	m := &making{engine: e, session: s, unit: u, inputs: inputs}
	if err := m.businessDay(ctx, previous); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return m, nil
}

func (m *making) businessDay(ctx context.Context, previous time.Time) error {
	last := m.unit.Last()
	if last.IsZero() {
		return nil
	}
	date := func(t time.Time) string {
		if t.IsZero() {
			return "cast(null as date)"
		}
		return "date '" + t.Format(time.DateOnly) + "'"
	}
	_, err := m.session.exec(ctx, fmt.Sprintf("create temp view %s as select %s as business_date, %s as previous_business_date, %t as is_month_end",
		model.BusinessDay, date(last), date(previous), last.AddDate(0, 0, 1).Day() == 1))
	return err
}

func (m *making) model(ctx context.Context, t job.Task) (*job.File, error) {
	one := t.Model
	inputs := one.Inputs
	if one.ReadsItself {
		inputs = append(slices.Clone(inputs), one.Name)
	}
	if err := m.views(ctx, inputs); err != nil {
		return nil, err
	}
	return m.file(ctx, t, one.SQL)
}

// file writes the rows of a query as the file of the task's unit, and verifies it.
func (m *making) file(ctx context.Context, t job.Task, query string) (*job.File, error) {
	one := t.Model
	order := []string{"all"}
	if sort := one.Sort(); len(sort) > 0 {
		order = order[:0]
		for _, name := range sort {
			order = append(order, sqltext.QuoteName(name)+" nulls last")
		}
	}
	w := writing{query: query, order: strings.Join(order, ", "), stamp: t.Stamp,
		path: filepath.Join(t.Directory, filepath.FromSlash(t.Unit.Key(one.Name)))}
	file, err := m.session.write(ctx, w)
	if err != nil {
		return nil, err
	}
	file.Dataset, file.Unit = one.Name, t.Unit
	var control *controlSQL
	if t.Control != nil {
		control = newControlSQL(t.Control)
	}
	if err := m.session.verify(ctx, file, control); err != nil {
		return nil, err
	}
	return file, m.withinUnit(ctx, one, w.path)
}

// withinUnit refuses rows of another unit: publishing them would hide or double
// what that unit holds.
func (m *making) withinUnit(ctx context.Context, one *model.Model, path string) error {
	if !one.Dated() {
		return nil
	}
	from, to := m.unit.Bounds()
	q := sqltext.QuoteName(one.BusinessDate)
	var strangers int64
	err := m.session.rows(ctx, fmt.Sprintf("select count(*) from %s where %s is null or %s < date '%s' or %s >= date '%s'",
		parquet(path), q, q, from.Format(time.DateOnly), q, to.Format(time.DateOnly)),
		[]any{&strangers}, func() error { return nil })
	if err != nil {
		return err
	}
	if strangers > 0 {
		return fmt.Errorf("%d rows have a %s outside the unit", strangers, one.BusinessDate)
	}
	return nil
}

// views makes each input what may be seen of it.
func (m *making) views(ctx context.Context, inputs []string) error {
	for _, name := range inputs {
		var err error
		if units, ok := m.inputs.Contracts[name]; ok {
			err = m.contractView(ctx, name, units)
		} else {
			err = m.fileView(ctx, name, m.inputs.Files[name])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *making) contractView(ctx context.Context, name string, units []job.Unit) error {
	l := m.engine.landings[name]
	if l == nil {
		c := m.engine.contracts[name]
		if c == nil || len(units) > 0 {
			return fmt.Errorf("contract %s has not been landed", name)
		}
		l = &landing{contract: c} // it has no unit that may be read
	}
	for _, u := range units {
		if l.table != "" && !l.settled[u] {
			return fmt.Errorf("unit %s of contract %s has not been settled", u, name)
		}
	}
	columns := quoteNames(l.contract.Names())
	if d := l.contract.BusinessDate; d != "" {
		columns += ", " + calendar(d)
	}
	if l.table == "" {
		var list []string
		for _, col := range l.contract.Columns {
			list = append(list, "cast(null as "+col.Type.String()+") as "+sqltext.QuoteName(col.Name))
		}
		_, err := m.session.exec(ctx, fmt.Sprintf("create or replace temp view %s as select %s from (select %s) where false",
			sqltext.QuoteName(name), columns, strings.Join(list, ", ")))
		return err
	}
	_, err := m.session.exec(ctx, fmt.Sprintf("create or replace temp view %s as select %s from %s where _reasons is null and %s",
		sqltext.QuoteName(name), columns, l.table, job.Within(l.contract, units)))
	return err
}

// calendar are the integers that hive readers take from the path.
func calendar(date string) string {
	q := sqltext.QuoteName(date)
	return fmt.Sprintf("cast(year(%s) as integer) as year, cast(month(%s) as integer) as month, cast(day(%s) as integer) as day", q, q, q)
}

func (m *making) fileView(ctx context.Context, name string, files []string) error {
	query, err := m.engine.datasetSQL(name, files)
	if err != nil {
		return err
	}
	_, err = m.session.exec(ctx, "create or replace temp view "+sqltext.QuoteName(name)+" as "+query)
	return err
}

// datasetSQL selects the rows of a model's files, with the calendar of a dated one.
func (e *Engine) datasetSQL(name string, files []string) (string, error) {
	one := e.models[name]
	if one == nil {
		return "", fmt.Errorf("dataset %s is no model of this project", name)
	}
	calendarOf := ""
	if one.Dated() {
		calendarOf = ", " + calendar(one.BusinessDate)
	}
	if len(files) == 0 {
		var list []string
		for _, c := range one.Columns {
			list = append(list, "cast(null as "+c.Type+") as "+sqltext.QuoteName(c.Name))
		}
		return "select *" + calendarOf + " from (select " + strings.Join(list, ", ") + ") where false", nil
	}
	return "select *" + calendarOf + " from " + parquet(files...), nil
}

// Use names the contracts and the models that the engine will read as inputs.
func (e *Engine) Use(contracts map[string]*contract.Contract, models map[string]*model.Model) {
	e.contracts, e.models = contracts, models
}

// controlSQL are the totals of a control directive over a dataset's columns.
type controlSQL struct{ control *contract.Control }

func newControlSQL(c *contract.Control) *controlSQL { return &controlSQL{control: c} }
