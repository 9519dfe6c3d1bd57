package model

import (
	"context"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/sqltext"
)

// UnitTest is a file of sql/tests with `test of`: given rows, and what a model
// makes of them.
type UnitTest struct {
	Name     string
	File     string
	Source   string
	About    string
	Model    string
	On       string // YYYY-MM-DD, a business date of the unit; "" for a whole model
	Given    []Given
	Expected string   // a SELECT
	Columns  []string // of Expected, as the model spells them: only these are compared
}

// Given is one `create or replace table <input> as <select>` of a unit test.
type Given struct {
	Name    string
	SQL     string   // the SELECT
	Columns []string // as the input spells them; its other columns are null
	Pos     sqltext.Pos
}

// testWords are the directives of sql/tests.
func testWords() []sqltext.DirectiveWord {
	return []sqltext.DirectiveWord{{Name: "about"}, {Name: "test of"}, {Name: "on"}}
}

// tests reads sql/tests: unit tests and data tests.
func (l *loader) tests(ctx context.Context) {
	for _, file := range l.files(testsDir) {
		if _, ok := l.claim(file, fileName); !ok {
			continue
		}
		s, ok := l.read(file, testWords(), false)
		of := sqltext.Select(s.directives, "test of")
		switch {
		case !ok:
		case len(of) > 1:
			l.fault(of[1].Pos, "`test of` stands twice, before on line %d", of[0].Pos.Line)
		case len(of) == 1:
			l.report.UnitTests++
			l.unitTest(ctx, s, of[0])
		default:
			l.report.DataTests++
			l.dataTest(ctx, s)
		}
		if l.fatal != nil {
			return
		}
	}
}

func (l *loader) unitTest(ctx context.Context, s *source, of sqltext.Directive) {
	before := len(l.faults)
	t := &UnitTest{Name: s.name, File: s.file, Source: s.src, About: about(s)}
	for _, d := range sqltext.Select(s.directives, "on") {
		l.faultTry(d.Pos, "`-- test of: <model>, on "+d.Value+"`", "the date of a unit test stands behind its model")
	}
	m := l.tested(t, of)
	if m == nil || len(l.faults) > before || l.broken[m.Name] {
		return
	}
	l.testDate(t, m, of)
	if len(s.statements) == 0 {
		l.fault(s.start(), "a unit test ends in the SELECT of what is expected")
		return
	}
	last := len(s.statements) - 1
	for _, tokens := range s.statements[:last] {
		l.given(ctx, s, t, m, tokens)
	}
	l.expected(ctx, s, t, m, s.statements[last])
	if len(l.faults) == before {
		l.project.UnitTests = append(l.project.UnitTests, t)
	}
}

// tested reads `<model>, on <date>`.
func (l *loader) tested(t *UnitTest, of sqltext.Directive) *Model {
	parts := items(of)
	if len(parts) == 0 || len(parts) > 2 {
		l.fault(of.At, "`test of` is `<model>, on YYYY-MM-DD`")
		return nil
	}
	name, err := parts[0].name()
	if err != nil {
		l.faults = append(l.faults, err)
		return nil
	}
	t.Model = name
	if len(parts) == 2 {
		date, ok := after(parts[1].text, "on")
		if _, err := time.Parse(time.DateOnly, date); !ok || err != nil {
			l.fault(parts[1].pos, "%q is no date: `on YYYY-MM-DD`", parts[1].text)
		}
		t.On = date
	}
	m := l.project.Models[name]
	if m == nil && !l.broken[name] {
		l.fault(parts[0].pos, "no model is called %s%s", name, sqltext.DidYouMean(name, sortedKeys(l.project.Models)))
	}
	return m
}

func (l *loader) testDate(t *UnitTest, m *Model, of sqltext.Directive) {
	if m.Dated() && t.On == "" {
		l.faultTry(of.At, "`-- test of: "+m.Name+", on 2025-01-31`", "%s is made unit by unit: say which", m.Name)
	}
	if !m.Dated() && t.On != "" {
		l.fault(of.At, "%s is whole and has no date", m.Name)
	}
}

// given reads `create or replace table <input> as <select>`.
func (l *loader) given(ctx context.Context, s *source, t *UnitTest, m *Model, tokens []sqltext.Token) {
	// create or replace table <name> as ...
	const name, query = 4, 6
	words := []string{"create", "or", "replace", "table", "", "as"}
	ok := len(tokens) > query && tokens[name].Name() != ""
	for i, w := range words {
		ok = ok && (i == name || tokens[i].Is(w))
	}
	if !ok {
		l.fault(tokens[0].Pos, "a unit test is `create or replace table <input> as select ...` statements, and one SELECT at the end")
		return
	}
	g := Given{Name: strings.ToLower(tokens[name].Name()), Pos: tokens[name].Pos}
	columns, ok := l.givenColumns(t, m, g)
	if !ok {
		return
	}
	st, err := s.statement(tokens[query:], nil)
	if err != nil {
		l.faults.Add(g.Pos, err)
		return
	}
	g.SQL = st.text
	described, ok := l.describe(ctx, st)
	if !ok {
		return
	}
	g.Columns = l.spelled(st, g.Name, described, columns)
	if in := l.givenInput(g.Name, m); in.businessDate != "" && !slices.Contains(g.Columns, in.businessDate) {
		l.fault(g.Pos, "the rows of %s lack their business date %s", g.Name, in.businessDate)
	}
	t.Given = append(t.Given, g)
}

// givenColumns are the columns of a table that a test of m may give.
func (l *loader) givenColumns(t *UnitTest, m *Model, g Given) ([]Column, bool) {
	known := slices.Clone(m.Inputs)
	if m.ReadsItself {
		known = append(known, m.Name)
	}
	if m.UsesBusinessDay {
		known = append(known, BusinessDay)
	}
	if !slices.Contains(known, g.Name) {
		l.fault(g.Pos, "%s is no input of %s%s", g.Name, m.Name, sqltext.DidYouMean(g.Name, known))
		return nil, false
	}
	if slices.ContainsFunc(t.Given, func(before Given) bool { return before.Name == g.Name }) {
		l.fault(g.Pos, "%s is given twice", g.Name)
		return nil, false
	}
	return l.project.Stored(g.Name), true
}

// givenInput is the unit of a given table; that of business_day is none.
func (l *loader) givenInput(name string, m *Model) input {
	if name == BusinessDay || !m.Dated() {
		return input{}
	}
	return l.input(name)
}

// Stored is what a file holds of a dataset: without year, month and day.
func (p *Project) Stored(name string) []Column {
	if name == BusinessDay {
		return businessDayColumns
	}
	columns, _ := p.Output(name)
	if m := p.Models[name]; m != nil {
		return m.Columns
	}
	if c := p.Contracts[name]; c != nil {
		return columns[:len(c.Columns)]
	}
	return columns
}

// spelled holds the columns of a test's statement against those of the dataset.
func (l *loader) spelled(st statement, dataset string, got, want []Column) []string {
	var all []string
	for _, g := range got {
		c, ok := column(want, g.Name)
		switch {
		case !ok:
			l.fault(st.pos(0), "%s has no column %s%s", dataset, g.Name, sqltext.DidYouMean(g.Name, names(want)))
		case slices.Contains(all, c.Name):
			l.fault(st.pos(0), "column %s stands twice", c.Name)
		default:
			all = append(all, c.Name)
		}
	}
	return all
}

func (l *loader) expected(ctx context.Context, s *source, t *UnitTest, m *Model, tokens []sqltext.Token) {
	st, err := s.statement(tokens, nil)
	if err != nil {
		l.faults.Add(tokens[0].Pos, err)
		return
	}
	if _, ok := l.parse(ctx, st); !ok {
		return
	}
	described, ok := l.describe(ctx, st)
	if !ok {
		return
	}
	t.Expected = st.text
	before := len(l.faults)
	if t.Columns = l.spelled(st, m.Name, described, m.Columns); len(l.faults) > before {
		return
	}
	compare := "select * from (" + st.text + "\n) except all select " + quoted(t.Columns) + " from " + sqltext.QuoteName(m.Name)
	if _, err := l.Binder.Describe(ctx, compare); err != nil {
		l.bindFault(st, shifted(err, len("select * from (")))
	}
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = sqltext.QuoteName(n)
	}
	return strings.Join(all, ", ")
}

// about joins the lines of `about`.
func about(s *source) string {
	var text string
	for _, d := range sqltext.Select(s.directives, "about") {
		text = joinAbout(text, d.Value)
	}
	return text
}
