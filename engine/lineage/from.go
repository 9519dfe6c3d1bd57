package lineage

import (
	"fmt"
	"slices"
	"strings"
)

// source is a FROM clause or a part of it.
type source struct {
	tables  []*table
	visible []seen
	rows    set
}

// from resolves a table reference; what stands to its left is seen from within it.
func (r *resolver) from(n node, s *scope) source {
	switch kind := n.text("type"); kind {
	case "", "EMPTY":
		return source{rows: set{}}
	case "BASE_TABLE":
		return r.base(n, s)
	case "SUBQUERY":
		made := r.query(n.child("subquery").child("node"), s)
		return named(n.text("alias"), made.renamed(n.texts("column_name_alias")))
	case "JOIN":
		return r.join(n, s)
	case "TABLE_FUNCTION":
		return r.tableFunction(n, s)
	case "EXPRESSION_LIST":
		return r.values(n, s)
	case "PIVOT":
		return r.pivot(n, s)
	default:
		r.unclear(n, "a table of the kind %s", strings.ToLower(kind))
		return source{rows: set{}}
	}
}

func named(alias string, made *relation) source {
	t := &table{name: alias, columns: made.columns}
	return source{tables: []*table{t}, visible: visibleOf(t, made.columns), rows: made.rows}
}

func (r *resolver) base(n node, s *scope) source {
	name := n.text("table_name")
	alias := n.text("alias")
	if alias == "" {
		alias = name
	}
	if made := s.relationCalled(name); made != nil {
		return named(alias, made.renamed(n.texts("column_name_alias")))
	}
	name = strings.ToLower(name)
	columns, ok := r.tables(name)
	if !ok {
		r.unclear(n, "no dataset is called %s", name)
		return source{rows: set{}}
	}
	r.named[name] = true
	made := &relation{rows: set{}}
	for _, c := range columns {
		made.columns = append(made.columns, column{name: c, origin: origin{from: set{{Column{name, c}, Identity}: true}}})
	}
	return named(alias, made.renamed(n.texts("column_name_alias")))
}

func (r *resolver) join(n node, s *scope) source {
	left := r.from(n.child("left"), s)
	right := r.from(n.child("right"), &scope{outer: s, tables: left.tables, visible: left.visible})
	both := source{tables: append(slices.Clone(left.tables), right.tables...), rows: union(left.rows, right.rows)}
	using := n.texts("using_columns")
	if n.is("ref_type", "NATURAL") {
		for _, c := range left.visible {
			if slices.ContainsFunc(right.visible, func(o seen) bool { return same(o.name, c.name) }) {
				using = append(using, c.name)
			}
		}
	}
	kind := n.text("join_type")
	both.visible = slices.Clone(left.visible)
	for _, name := range using {
		both.rows = union(both.rows, r.using(n, name, kind, &left, &right, &both))
	}
	for _, c := range right.visible {
		if !slices.ContainsFunc(using, func(u string) bool { return same(u, c.name) }) {
			both.visible = append(both.visible, c)
		}
	}
	if condition := n.child("condition"); condition != nil {
		on := &scope{outer: s, tables: both.tables, visible: both.visible}
		both.rows = union(both.rows, r.expression(condition, on).from.as(Join))
	}
	if kind == "SEMI" || kind == "ANTI" {
		both.tables, both.visible = left.tables, left.visible
	}
	if alias := n.text("alias"); alias != "" {
		columns := make([]column, len(both.visible))
		for i, c := range both.visible {
			columns[i] = c.column
		}
		return named(alias, (&relation{columns: columns, rows: both.rows}).renamed(nil))
	}
	return both
}

// using makes one column of two: whose value it is depends on which side is kept. It
// returns what decides about rows.
func (r *resolver) using(n node, name, kind string, left, right, both *source) set {
	called := func(c seen) bool { return same(c.name, name) }
	i, j := slices.IndexFunc(left.visible, called), slices.IndexFunc(right.visible, called)
	if i < 0 || j < 0 {
		r.unclear(n, "column %s of USING is not on both sides", name)
		return nil
	}
	a, b := left.visible[i], right.visible[j]
	switch kind {
	case "RIGHT":
		both.visible[i] = seen{table: b.table, column: b.column}
	case "OUTER", "FULL":
		both.visible[i] = seen{column: column{name: a.name, origin: merge(a.origin, b.origin).as(Transformation)}}
	}
	return union(a.from.as(Join), b.from.as(Join))
}

// tableFunction resolves unnest, range and the like: every column comes from all of
// its arguments, which decide how many rows there are, too.
func (r *resolver) tableFunction(n node, s *scope) source {
	function := n.child("function")
	from := origin{from: set{}}
	for _, argument := range function.list("children") {
		from = merge(from, r.expression(argument, s))
	}
	from = from.as(Transformation)
	alias, name := n.text("alias"), strings.ToLower(function.text("function_name"))
	if alias == "" {
		alias = name
	}
	made := &relation{rows: from.from.as(Join)}
	names := n.texts("column_name_alias")
	if len(names) == 0 {
		made.columns = []column{{name: name, origin: from, guess: name == "unnest"}}
	}
	for _, c := range names {
		made.columns = append(made.columns, column{name: c, origin: from})
	}
	return named(alias, made)
}

func (r *resolver) values(n node, s *scope) source {
	made := &relation{rows: set{}}
	rows, _ := n["values"].([]any)
	for _, row := range rows {
		values, _ := row.([]any)
		for i, v := range values {
			for len(made.columns) <= i {
				made.columns = append(made.columns, column{origin: origin{from: set{}}})
			}
			if e, ok := v.(map[string]any); ok {
				made.columns[i].origin = merge(made.columns[i].origin, r.expression(e, s))
			}
		}
	}
	for i := range made.columns {
		made.columns[i].name = fmt.Sprintf("col%d", i)
	}
	return named(n.text("alias"), made.renamed(n.texts("column_name_alias")))
}

// pivot resolves PIVOT and UNPIVOT of a FROM clause.
func (r *resolver) pivot(n node, s *scope) source {
	below := r.from(n.child("source"), s)
	inner := &scope{outer: s, tables: below.tables, visible: below.visible}
	var made *relation
	if names := n.texts("unpivot_names"); len(names) > 0 {
		made = unpivoted(n, names, below)
	} else {
		made = r.pivoted(n, inner, below)
	}
	return named(n.text("alias"), made.renamed(n.texts("column_name_alias")))
}

// pivoted are the columns that group, and one that stands for all that the values
// make.
func (r *resolver) pivoted(n node, s *scope, below source) *relation {
	made := &relation{rows: below.rows}
	value := origin{from: set{}}
	used := map[string]bool{}
	note := func(e node) {
		e.contains(func(e node) bool {
			if path := e.texts("column_names"); len(path) > 0 {
				used[strings.ToLower(path[len(path)-1])] = true
			}
			return false
		})
	}
	for _, e := range n.list("aggregates") {
		value = merge(value, r.expression(e, s))
		note(e)
	}
	for _, p := range n.list("pivots") {
		for _, e := range p.list("pivot_expressions") {
			value = merge(value, r.expression(e, s).as(Condition))
			note(e)
		}
	}
	groups := n.texts("groups")
	for _, c := range below.visible {
		grouped := slices.ContainsFunc(groups, func(g string) bool { return same(g, c.name) })
		if grouped || len(groups) == 0 && !used[strings.ToLower(c.name)] {
			made.columns = append(made.columns, c.column)
			made.rows = union(made.rows, c.from.as(Group))
		}
	}
	made.columns = append(made.columns, column{origin: value, guess: true})
	return made
}

// unpivoted are the columns that stay, those that hold names, and those that hold the
// values of the others; rows without any value are dropped.
func unpivoted(n node, names []string, below source) *relation {
	values := make([]origin, len(names))
	gone := map[string]bool{}
	var labels []column
	for _, p := range n.list("pivots") {
		for _, name := range p.texts("unpivot_names") {
			labels = append(labels, column{name: name, origin: origin{from: set{}}})
		}
		for _, entry := range p.list("entries") {
			for i, v := range entry.list("values") {
				name, _ := v["value"].(string)
				gone[strings.ToLower(name)] = true
				at := slices.IndexFunc(below.visible, func(c seen) bool { return same(c.name, name) })
				if at >= 0 {
					values[i%len(names)] = merge(values[i%len(names)], below.visible[at].origin)
				}
			}
		}
	}
	made := &relation{rows: below.rows}
	for _, c := range below.visible {
		if !gone[strings.ToLower(c.name)] {
			made.columns = append(made.columns, c.column)
		}
	}
	made.columns = append(made.columns, labels...)
	for i, name := range names {
		made.columns = append(made.columns, column{name: name, origin: values[i]})
		if !n.yes("include_nulls") {
			made.rows = union(made.rows, values[i].from.as(Filter))
		}
	}
	return made
}
