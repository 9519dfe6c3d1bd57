package model

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// bindModels binds each model behind its inputs. What stands below a fault is not
// bound: its own faults would be guesses.
func (l *loader) bindModels(ctx context.Context) {
	l.define(ctx, BusinessDay, businessDayColumns)
	for _, name := range l.project.Order {
		d := l.drafts[name]
		if d == nil || l.fatal != nil {
			continue
		}
		for _, needed := range sortedKeys(d.needs) {
			if l.broken[needed] && !d.unbound {
				d.unbound = true
				l.report.Skipped = append(l.report.Skipped, Skip{File: d.file, Why: "it reads " + needed + ", which has a fault"})
			}
		}
		l.broken[name] = d.unbound || !l.bindModel(ctx, d) || l.broken[name]
	}
	l.uniqueLoads()
}

// bindModel reports whether the model has no fault.
func (l *loader) bindModel(ctx context.Context, d *draft) bool {
	m := d.model
	before := len(l.faults)
	if !d.unclear {
		d.unclear = !l.units(d)
	}
	var ok bool
	if m.ReadsItself {
		m.Columns, ok = l.describeItself(ctx, d)
	} else {
		m.Columns, ok = l.describe(ctx, d.st)
	}
	if !ok || !l.output(d) {
		return false
	}
	m.Private = l.privateOutput(d)
	columns, _ := l.project.Output(m.Name)
	if l.define(ctx, m.Name, columns) {
		l.bindTests(ctx, d)
	}
	return !d.unclear && len(l.faults) == before
}

// describeItself finds the types of a model that reads its own output: from nulls
// of any type, then again from what comes of it until that does not change.
func (l *loader) describeItself(ctx context.Context, d *draft) ([]Column, bool) {
	m := d.model
	var nulls []string
	for _, o := range d.tree.outputs {
		if o.name == "" || o.name == "*" {
			l.fault(d.st.pos(o.off), "a model that reads itself names each of its columns")
			return nil, false
		}
		nulls = append(nulls, "null as "+sqltext.QuoteName(o.name))
	}
	for _, p := range dateParts {
		nulls = append(nulls, "cast(null as integer) as "+p.Name)
	}
	lead := "with " + sqltext.QuoteName(m.Name) + " as (select " + strings.Join(nulls, ", ") + " where false) select * from ("
	columns, err := l.Binder.Describe(ctx, lead+d.st.text+"\n)")
	if err != nil {
		l.bindFault(d.st, shifted(err, len(lead)))
		return nil, false
	}
	const rounds = 4
	for range rounds {
		before := columns
		if !l.define(ctx, m.Name, append(slices.Clone(before), dateParts...)) {
			return nil, false
		}
		var ok bool
		if columns, ok = l.describe(ctx, d.st); !ok {
			return nil, false
		}
		if slices.Equal(columns, before) {
			return columns, true
		}
	}
	l.faultTry(d.start(), "cast the columns that build on the unit before", "the types of %s do not settle, as it reads itself", m.Name)
	return nil, false
}

// shifted moves a BindError's offset back over what stood before the statement.
func shifted(err error, lead int) error {
	var bind *BindError
	if errors.As(err, &bind) {
		return &BindError{Off: max(bind.Off-lead, -1), Msg: bind.Msg, Remedy: bind.Remedy}
	}
	return err
}

// bindTests completes the tests and binds them all at once, and only if that fails
// one by one.
func (l *loader) bindTests(ctx context.Context, d *draft) {
	m := d.model
	before := len(l.faults)
	if len(m.Grain) > 0 {
		grain := Test{Kind: Unique, Columns: m.Grain, Text: "grain " + strings.Join(m.Grain, ", "), Pos: d.grain[0].pos}
		d.tests = append([]Test{grain}, d.tests...)
	}
	var conditions, values []string
	var texts []condition
	for i := range d.tests {
		t := &d.tests[i]
		if !l.columnsOf(t, m) || !l.literals(t, m) || !l.timed(t, m) {
			continue
		}
		if f := t.Fails(); f != "" {
			conditions = append(conditions, "not ("+f+")")
		}
		if t.Kind == Expression {
			values = append(values, "("+t.SQL+")")
			texts = append(texts, condition{t.SQL, d.off(t.pos(0))})
		}
	}
	m.Tests = d.tests
	l.report.Tests += len(m.Tests)
	if len(l.faults) == before && len(conditions) > 0 {
		l.bindConditions(ctx, m, conditions, values)
	}
	if len(l.faults) == before && len(texts) > 0 {
		m.conditions = conditionsOf(m.Name, d.source, texts)
		if tree, ok := l.parse(ctx, m.conditions); ok {
			m.unsteady = tree.findings
		}
	}
}

// columnsOf gives the test's columns the output's spelling, and faults those that
// are not there.
func (l *loader) columnsOf(t *Test, m *Model) bool {
	before := len(l.faults)
	missing := func(dataset, name string, columns []Column) {
		l.fault(t.named(name), "`test: %s`: %s has no column %s%s", t.Text, dataset, name, sqltext.DidYouMean(name, names(columns)))
	}
	for i, name := range t.Columns {
		c, ok := column(m.Columns, name)
		if !ok {
			missing(m.Name, name, m.Columns)
			continue
		}
		t.Columns[i] = c.Name
	}
	if t.Kind == Relationship {
		columns, _ := l.project.Output(t.Target)
		if _, ok := column(columns, t.TargetColumn); !ok {
			missing(t.Target, t.TargetColumn, columns)
		}
	}
	return len(l.faults) == before
}

var numberText = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)$`)

// literals writes the accepted values as the column's type wants them.
func (l *loader) literals(t *Test, m *Model) bool {
	if t.Kind != Accepted {
		return true
	}
	c, ok := column(m.Columns, t.Columns[0])
	if !ok {
		return false
	}
	base, _, _ := strings.Cut(c.Type, "(")
	t.literals = nil
	for _, v := range t.Values {
		switch base {
		case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL", "DOUBLE", "FLOAT":
			if !numberText.MatchString(v) {
				l.fault(t.Pos, "`test: %s`: %q is no %s", t.Text, v, c.Type)
				return false
			}
			t.literals = append(t.literals, v)
		case "BOOLEAN":
			if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
				l.fault(t.Pos, "`test: %s`: %q is no %s", t.Text, v, c.Type)
				return false
			}
			t.literals = append(t.literals, strings.ToLower(v))
		default:
			t.literals = append(t.literals, sqltext.QuoteString(v))
		}
	}
	return true
}

// bindConditions binds the conditions of all tests; values are those of expressions.
func (l *loader) bindConditions(ctx context.Context, m *Model, conditions, values []string) {
	selected := strings.Join(append([]string{"1"}, values...), ", ")
	columns, err := l.Binder.Describe(ctx, fmt.Sprintf("select %s from %s t where %s", selected, part(m.Name), strings.Join(conditions, " and ")))
	if err == nil && !slices.ContainsFunc(columns[1:], func(c Column) bool { return c.Type != "BOOLEAN" }) {
		return
	}
	for _, t := range m.Tests {
		if t.Fails() != "" {
			l.bindTest(ctx, m, t)
		}
	}
}

// bindTest tells what is wrong with one test, if anything.
func (l *loader) bindTest(ctx context.Context, m *Model, t Test) {
	from := " from " + part(m.Name) + " t"
	where := "select 1" + from + " where "
	_, err := l.Binder.Describe(ctx, where+t.Fails())
	var bind *BindError
	switch {
	case errors.As(err, &bind):
		pos := t.Pos
		if t.Kind == Expression {
			pos = t.pos(bind.Off - len(where) - len("not ("))
		}
		l.faultTry(pos, bind.Remedy, "`test: %s`: %s", t.Text, bind.Msg)
	case err != nil:
		l.fatal = fmt.Errorf("check %s: %w", m.File, err)
	case t.Kind == Expression:
		columns, err := l.Binder.Describe(ctx, "select ("+t.SQL+") as value"+from)
		if err == nil && columns[0].Type != "BOOLEAN" {
			l.faultTry(t.pos(0), "say what must be true of it, such as `"+t.SQL+" is not null`", "`test: %s` is %s and not BOOLEAN", t.Text, columns[0].Type)
		}
	}
}

// uniqueLoads holds the warehouse's names against each other and the datasets'.
func (l *loader) uniqueLoads() {
	by := map[string]string{}
	for _, name := range sortedKeys(l.drafts) {
		at := l.drafts[name].load
		before, twice := by[at.text]
		switch {
		case at.text == "":
		case !datasetName.MatchString(at.text):
			l.fault(at.pos, "`load`: %q is not the name of a table: a letter, then letters, digits and _, all lower case", at.text)
		case twice:
			l.fault(at.pos, "`load`: %s is loaded from %s already", at.text, before)
		case at.text != name && l.isDataset(at.text), at.text == BusinessDay:
			l.fault(at.pos, "`load`: %s is the name of a dataset: on the lake a name means one thing", at.text)
		default:
			by[at.text] = name
		}
	}
}
