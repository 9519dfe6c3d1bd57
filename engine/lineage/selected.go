package lineage

import (
	"regexp"
	"slices"
	"strings"
)

// selected resolves a SELECT: FROM first, then the list, then what decides about rows.
func (r *resolver) selected(n node, outer *scope) *relation {
	below := r.from(n.child("from_table"), outer)
	s := &scope{outer: outer, tables: below.tables, visible: below.visible}
	made := &relation{rows: below.rows}
	for _, item := range n.list("select_list") {
		for _, c := range r.item(item, s) {
			made.columns = append(made.columns, c)
			s.aliases = append(s.aliases, c)
		}
		if item.contains(func(e node) bool { return e.is("function_name", "unnest") && e.class() == "FUNCTION" }) {
			made.rows = union(made.rows, r.expression(item, s).from.as(Join))
		}
	}
	if where := n.child("where_clause"); where != nil {
		made.rows = union(made.rows, r.expression(where, s).from.as(Filter))
	}
	r.groups(n, s, made)
	for _, key := range []string{"having", "qualify"} {
		if e := n.child(key); e != nil {
			made.rows = union(made.rows, r.expression(e, s).from.as(Filter))
		}
	}
	r.modifiers(n, s, made)
	return made
}

// groups adds what the rows are grouped by: expressions, places in the list, or all
// of the list that is no aggregate.
func (r *resolver) groups(n node, s *scope, made *relation) {
	for _, e := range n.list("group_expressions") {
		from := r.expression(e, s).from
		if i, ok := e.constantNumber(); ok && i >= 1 && i <= len(made.columns) {
			from = made.columns[i-1].from
		}
		made.rows = union(made.rows, from.as(Group))
	}
	if !n.is("aggregate_handling", "FORCE_AGGREGATES") {
		return
	}
	for _, item := range n.list("select_list") {
		if item.contains(isAggregate) {
			continue
		}
		for _, c := range r.item(item, s) {
			made.rows = union(made.rows, c.from.as(Group))
		}
	}
}

// modifiers adds ORDER BY, LIMIT and DISTINCT.
func (r *resolver) modifiers(n node, s *scope, made *relation) {
	for _, m := range n.list("modifiers") {
		switch m.text("type") {
		case "ORDER_MODIFIER":
			for _, o := range m.list("orders") {
				made.rows = union(made.rows, r.ordered(o.child("expression"), s, made).as(Sort))
			}
		case "DISTINCT_MODIFIER":
			on := m.list("distinct_on_targets")
			for _, e := range on {
				made.rows = union(made.rows, r.expression(e, s).from.as(Group))
			}
			if len(on) == 0 {
				made.distinct()
			}
		default: // LIMIT and OFFSET
			m.below(func(e node) { made.rows = union(made.rows, r.expression(e, s).from.as(Filter)) })
		}
	}
}

// ordered is what an item of ORDER BY comes from: a place in the list, all of it, an
// alias, or an expression.
func (r *resolver) ordered(e node, s *scope, made *relation) set {
	if i, ok := e.constantNumber(); ok && i >= 1 && i <= len(made.columns) {
		return made.columns[i-1].from
	}
	if e.class() == "STAR" { // ORDER BY ALL
		var all []set
		for _, c := range made.columns {
			all = append(all, c.from)
		}
		return union(all...)
	}
	if path := e.texts("column_names"); e.class() == "COLUMN_REF" {
		if o, ok := s.find(path, true); ok {
			return o.from
		}
	}
	return r.expression(e, s).from
}

// item resolves an item of the select list, which may be several columns.
func (r *resolver) item(e node, s *scope) []column {
	alias := e.text("alias")
	isColumns := func(e node) bool { return e.class() == "STAR" && e.yes("columns") }
	switch {
	case e.class() == "STAR":
		return r.star(e, s)
	case e.is("type", "OPERATOR_UNPACK"):
		e.below(func(star node) { r.star(star, s) })
		return []column{{name: alias, origin: r.expression(e, s)}}
	case e.contains(isColumns) && !e.contains(func(e node) bool { return e.is("type", "OPERATOR_UNPACK") }):
		return r.eachColumn(e, s)
	case e.class() == "FUNCTION" && e.is("function_name", "unnest"):
		o := r.expression(e, s)
		return []column{{name: alias, origin: o, guess: true}}
	}
	if path := e.texts("column_names"); alias == "" && e.class() == "COLUMN_REF" && len(path) > 0 {
		alias = path[len(path)-1]
	}
	return []column{{name: alias, origin: r.expression(e, s)}}
}

// eachColumn resolves an expression with a COLUMNS(...) in it once for each of them.
func (r *resolver) eachColumn(e node, s *scope) []column {
	var star node
	e.contains(func(e node) bool {
		if star == nil && e.class() == "STAR" && e.yes("columns") {
			star = e
		}
		return star != nil
	})
	var all []column
	for _, c := range r.star(star, s) {
		inner := *s
		inner.star = &c
		made := column{name: e.text("alias"), origin: r.expression(e, &inner), guess: c.guess}
		if made.name == "" && e.class() == "CAST" {
			made.name = c.name
		}
		for _, a := range c.among {
			inner.star = &a
			made.among = append(made.among, column{name: a.name, origin: r.expression(e, &inner)})
		}
		all = append(all, made)
	}
	return all
}

// star expands *, t.* and COLUMNS(...), with EXCLUDE, REPLACE and RENAME.
func (r *resolver) star(e node, s *scope) []column {
	visible := s.visible
	if of := e.text("relation_name"); of != "" {
		visible = r.starOf(e, of, s)
	}
	var all []column
	for _, c := range visible {
		if excluded(e, c) {
			continue
		}
		one := c.column
		for _, replaced := range e.list("replace_list") {
			if same(replaced.text("key"), c.name) {
				one.origin = r.expression(replaced.child("value"), s)
			}
		}
		for _, renamed := range e.list("rename_list") {
			if same(renamed.child("key").text("column"), c.name) {
				one.name = renamed.text("value")
			}
		}
		all = append(all, one)
	}
	if chosen := e.child("expr"); chosen != nil {
		return r.chosen(e, chosen, all)
	}
	return all
}

// starOf are the columns of a table, or the fields of a struct.
func (r *resolver) starOf(e node, name string, s *scope) []seen {
	for _, t := range s.tables {
		if same(t.name, name) {
			return visibleOf(t, t.columns)
		}
	}
	o, ok := s.find([]string{name}, false)
	if !ok {
		r.unclear(e, "%s.*: no table is called %s", name, name)
		return nil
	}
	if o.fields == nil {
		return visibleOf(nil, []column{{origin: o.as(Transformation), guess: true}})
	}
	return visibleOf(nil, o.fields)
}

func excluded(e node, c seen) bool {
	for _, name := range e.texts("exclude_list") {
		if same(name, c.name) {
			return true
		}
	}
	return slices.ContainsFunc(e.list("qualified_exclude_list"), func(q node) bool {
		of := q.text("table")
		return same(q.text("column"), c.name) && (of == "" || c.table != nil && same(c.table.name, of))
	})
}

// chosen are those of the columns that COLUMNS(...) chooses: by a pattern, which is
// DuckDB's RE2 and Go's too, else whichever the engine says.
func (r *resolver) chosen(e, by node, columns []column) []column {
	pattern, ok := by.constantText()
	if !ok {
		var all []origin
		for _, c := range columns {
			all = append(all, c.origin)
		}
		return []column{{origin: merge(all...), guess: true, among: columns}}
	}
	match, err := regexp.Compile(pattern)
	if err != nil {
		r.unclear(e, "COLUMNS(%q): %v", pattern, err)
		return nil
	}
	// DuckDB writes \1 where Go writes ${1}.
	name := groupNumber.ReplaceAllString(strings.ReplaceAll(e.text("alias"), "$", "$$"), "$${$1}")
	var all []column
	for _, c := range columns {
		if !match.MatchString(c.name) {
			continue
		}
		if name != "" {
			c.name = match.ReplaceAllString(c.name, name)
		}
		all = append(all, c)
	}
	return all
}

var groupNumber = regexp.MustCompile(`\\([0-9])`)
