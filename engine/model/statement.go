package model

import (
	"cmp"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// StatementKind is the kind of file that a statement is of.
type StatementKind uint8

// The kinds of statements that are looked at one by one.
const (
	ModelStatement StatementKind = iota + 1
	DataTestStatement
	QueryStatement
	ConditionStatement // the CHECKs of a contract or the `test:` expressions of a model
)

// Statement is a SELECT that is bound: the one of a file, or one of its conditions.
type Statement struct {
	Kind   StatementKind
	Name   string
	File   string
	Source string   // the text of the file
	SQL    string   // with the parameters bound, without a semicolon
	On     Place    // of a query: where it runs
	Inputs []string // datasets; of a query the tables that it names on the lake

	// Unsteady is what makes the rows of a test or a query depend on more than its
	// inputs. A model with any is not sound.
	Unsteady []BindError

	st statement
}

// Pos is the place in the file of byte off of SQL.
func (s Statement) Pos(off int) sqltext.Pos { return s.st.pos(off) }

// Statements are the sound models, data tests and queries of the lake, by file.
func (p *Project) Statements() []Statement {
	var all []Statement
	for _, m := range p.Models {
		all = append(all, Statement{Kind: ModelStatement, Name: m.Name, File: m.File, Source: m.Source, SQL: m.SQL, Inputs: m.Inputs, st: m.st})
	}
	for _, t := range p.DataTests {
		all = append(all, Statement{Kind: DataTestStatement, Name: t.Name, File: t.File, Source: t.Source, SQL: t.SQL, Inputs: t.Inputs, Unsteady: unsteady(t.findings, nil, t.st), st: t.st})
	}
	for _, q := range p.Queries {
		if q.OnLake() {
			all = append(all, Statement{Kind: QueryStatement, Name: q.Name, File: q.File, Source: q.Source, SQL: q.SQL, On: q.On, Inputs: q.Inputs,
				Unsteady: unsteady(q.findings, q.Parameters, q.st), st: q.st})
		}
	}
	slices.SortFunc(all, func(a, b Statement) int { return cmp.Compare(a.File, b.File) })
	return all
}

// Conditions are what the sound contracts and models say of single records, by file:
// a SELECT of all CHECKs or of all `test:` expressions of each, which knows where in
// the file each of them stands.
func (p *Project) Conditions() []Statement {
	var all []Statement
	for name, c := range p.Contracts {
		var texts []condition
		for _, check := range c.Checks {
			texts = append(texts, condition{check.Text, check.Off})
		}
		if len(texts) > 0 {
			st := conditionsOf(name, &source{name: name, file: c.File, src: c.Source}, texts)
			all = append(all, Statement{Kind: ConditionStatement, Name: name, File: c.File, Source: c.Source, SQL: st.text, st: st})
		}
	}
	for name, m := range p.Models {
		if m.conditions.source != nil {
			all = append(all, Statement{Kind: ConditionStatement, Name: name, File: m.File, Source: m.Source, SQL: m.conditions.text,
				Unsteady: unsteady(m.unsteady, nil, m.conditions), st: m.conditions})
		}
	}
	slices.SortFunc(all, func(a, b Statement) int { return cmp.Compare(a.File, b.File) })
	return all
}

// condition is the text of a boolean over a row, and its byte of the file.
type condition struct {
	text string
	off  int
}

// conditionsOf selects the values of conditions on a dataset.
func conditionsOf(dataset string, s *source, texts []condition) statement {
	st := statement{source: s}
	var b strings.Builder
	for i, c := range texts {
		st.spans = append(st.spans, span{at: b.Len(), off: c.off, bound: true})
		if i == 0 {
			b.WriteString("select (")
		} else {
			b.WriteString("\n), (")
		}
		st.spans = append(st.spans, span{at: b.Len(), off: c.off})
		b.WriteString(c.text)
		st.spans = append(st.spans, span{at: b.Len(), off: c.off + len(c.text), bound: true})
	}
	b.WriteString("\n) from " + part(dataset) + " t")
	st.text = b.String()
	return st
}

// unsteady leaves out what stands in the place of a parameter's default.
func unsteady(findings []finding, parameters []sqltext.Parameter, st statement) []BindError {
	var all []BindError
	for _, f := range findings {
		bound := slices.ContainsFunc(parameters, func(p sqltext.Parameter) bool { return p.Pos == st.pos(f.off) })
		if !bound {
			all = append(all, BindError{Off: f.off, Msg: f.msg, Remedy: f.remedy})
		}
	}
	return all
}

// Selection are the columns of a dataset or of the warehouse's table that it is
// loaded into, without year, month and day, and the columns that identify a row:
// nil where none are named.
func (p *Project) Selection(table string) (columns []Column, key []string, ok bool) {
	if name, loaded := p.Loads()[table]; loaded {
		table = name
	}
	if c := p.Contracts[table]; c != nil {
		return p.Stored(table), c.Key, true
	}
	if m := p.Models[table]; m != nil {
		return m.Columns, m.Grain, true
	}
	return nil, nil, false
}

// NotNull are the columns of a dataset that are never null: a contract's required
// ones and its key, a model's grain and what a `test: not null` that is no warning
// says.
func (p *Project) NotNull(table string) []string {
	if name, loaded := p.Loads()[table]; loaded {
		table = name
	}
	var names []string
	if c := p.Contracts[table]; c != nil {
		names = slices.Clone(c.Key)
		for _, col := range c.Columns {
			if col.NotNull || col.Name == c.BusinessDate {
				names = append(names, col.Name)
			}
		}
	}
	if m := p.Models[table]; m != nil {
		names = append(slices.Clone(m.Grain), m.BusinessDate)
		for _, t := range m.Tests {
			if t.Kind == NotNull && !t.Warn && t.AtMost == (Limit{}) {
				names = append(names, t.Columns...)
			}
		}
	}
	return names
}
