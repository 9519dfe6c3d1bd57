package model

import (
	"context"
	"maps"
	"slices"

	"ledgermill/engine/sqltext"
)

// Place is where a query can run.
type Place string

// The places of queries.
const (
	Warehouse Place = "warehouse"
	Lake      Place = "lake"
	Both      Place = "both"
)

// Query is a file of queries, checked; bound where it runs on the lake.
type Query struct {
	Name       string
	File       string
	Source     string
	About      string
	On         Place
	SQL        string // its statement with the project's parameters bound, without a semicolon
	Parameters []sqltext.Parameter
	Inputs     []string // the tables that it names on the lake, sorted; nil where it runs on the warehouse alone
	Columns    []Column // the output; nil where it runs on the warehouse alone

	source *source
	values map[string]string
	st     statement

	findings []finding
}

// OnLake reports whether the query runs on the lake.
func (q *Query) OnLake() bool { return q.On != Warehouse }

// OnWarehouse reports whether the query runs on the warehouse.
func (q *Query) OnWarehouse() bool { return q.On != Lake }

// Bind is the statement with values in the place of its parameters' defaults, above
// the project's. A value that no parameter takes is an error.
func (q *Query) Bind(values map[string]string) (string, error) {
	known := sqltext.ParameterNames(q.Parameters)
	for _, name := range sortedKeys(values) {
		if !slices.Contains(known, name) {
			return "", &sqltext.Error{Pos: sqltext.Pos{File: q.File}, Msg: "the query has no parameter " + name + sqltext.DidYouMean(name, known)}
		}
	}
	all := maps.Clone(q.values)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, values)
	st, err := q.source.one("a query", all)
	return st.text, err
}

// queryWords are the directives of queries.
func queryWords() []sqltext.DirectiveWord {
	return []sqltext.DirectiveWord{{Name: "about"}, {Name: "on"}}
}

func (l *loader) queries(ctx context.Context) {
	tables := l.lakeTables(ctx)
	for _, file := range l.files(queriesDir) {
		if _, ok := l.claim(file, fileName); !ok {
			continue
		}
		l.report.Queries++
		if s, ok := l.read(file, queryWords(), true); ok && l.fatal == nil {
			l.query(ctx, s, tables)
		}
	}
}

// lakeTables makes the warehouse's names tables of the binder, and returns each
// name with whether something can be bound against it.
func (l *loader) lakeTables(ctx context.Context) map[string]bool {
	tables := map[string]bool{}
	for _, name := range sortedKeys(l.drafts) {
		m := l.drafts[name].model
		if m.Load == "" {
			continue
		}
		tables[m.Load] = !l.broken[name]
		if columns, ok := l.project.Output(name); ok && !l.broken[name] && m.Load != name {
			l.define(ctx, m.Load, columns)
		}
	}
	return tables
}

func (l *loader) query(ctx context.Context, s *source, tables map[string]bool) {
	before := len(l.faults)
	q := &Query{Name: s.name, File: s.file, Source: s.src, About: about(s), Parameters: s.parameters, source: s, values: l.Parameters}
	l.place(q, s)
	st, err := s.one("a query", l.Parameters)
	if err != nil {
		l.faults.Add(s.start(), err)
	}
	if len(l.faults) > before {
		return
	}
	q.SQL, q.st = st.text, st
	if !q.OnLake() {
		l.report.Skipped = append(l.report.Skipped, Skip{File: s.file, Why: "runs on the warehouse alone"})
		l.project.Queries = append(l.project.Queries, q)
		return
	}
	tree, ok := l.parse(ctx, st)
	if !ok || !l.queryInputs(q, st, tree, tables) {
		return
	}
	q.findings = tree.findings
	if q.Columns, ok = l.describe(ctx, st); ok {
		l.project.Queries = append(l.project.Queries, q)
	}
}

// place reads `on`.
func (l *loader) place(q *Query, s *source) {
	on := sqltext.Select(s.directives, "on")
	places := []string{string(Warehouse), string(Lake), string(Both)}
	switch {
	case len(on) == 0:
		l.fault(sqltext.Pos{File: s.file, Line: 1, Col: 1}, "a query says where it runs: `-- on: warehouse`, `lake` or `both`")
	case len(on) > 1:
		l.fault(on[1].Pos, "`on` stands twice, before on line %d", on[0].Pos.Line)
	case !slices.Contains(places, on[0].Value):
		l.fault(on[0].At, "`on` is warehouse, lake or both, and not %q%s", on[0].Value, sqltext.DidYouMean(on[0].Value, places))
	default:
		q.On = Place(on[0].Value)
	}
}

// queryInputs checks the tables of a query that runs on the lake; false where one
// is not there or broken.
func (l *loader) queryInputs(q *Query, st statement, tree *tree, tables map[string]bool) bool {
	ok := true
	for _, t := range tree.tables {
		sound, loaded := tables[t.name]
		isDataset := l.isDataset(t.name) && q.On == Lake
		switch {
		case loaded:
			ok = ok && sound
		case isDataset:
			ok = ok && !l.broken[t.name]
		case q.On == Both:
			l.fault(st.pos(t.off), "no model is loaded into a table %s: it is not on both%s", t.name, l.didYouMeanTable(t.name, tables))
			ok = false
		default:
			l.fault(st.pos(t.off), "the lake has no table %s%s", t.name, sqltext.DidYouMean(t.name, append(sortedKeys(tables), l.datasets()...)))
			ok = false
		}
		if !slices.Contains(q.Inputs, t.name) {
			q.Inputs = append(q.Inputs, t.name)
		}
	}
	slices.Sort(q.Inputs)
	return ok
}

// didYouMeanTable is the table that a dataset is loaded into, else the nearest one.
func (l *loader) didYouMeanTable(name string, tables map[string]bool) string {
	if d := l.drafts[name]; d != nil && d.model.Load != "" {
		name = d.model.Load
	}
	return sqltext.DidYouMean(name, sortedKeys(tables))
}
