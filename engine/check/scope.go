package check

import (
	"slices"
	"strings"
)

// scope are the common table expressions that a query sees, by name.
type scope map[string]*relation

// relation is what is known of a table of a FROM: its columns that are never null and
// the sets of columns that identify a row. It is a guess on the careful side: a column
// that is not known is taken for never null, and a key that is not known is none.
type relation struct {
	alias    string
	columns  []string
	keys     [][]string
	nullable map[string]bool
	one      bool // a single row
	known    bool // columns are all there are
}

// query is what comes of a query node.
func (l *linter) query(n node, s scope) *relation {
	s = l.withs(n, s)
	switch n.text("type") {
	case "SELECT_NODE":
		return l.selection(n, s)
	case "SET_OPERATION_NODE":
		left, right := l.query(n.child("left"), s), l.query(n.child("right"), s)
		r := &relation{columns: left.columns, nullable: map[string]bool{}, known: left.known}
		for i, name := range left.columns {
			r.nullable[name] = left.nullable[name] || i < len(right.columns) && right.nullable[right.columns[i]]
		}
		if n.text("setop_type") != "UNION" {
			r.keys = left.keys
		} else if distinct(n) {
			r.keys = [][]string{left.columns}
		}
		return r
	}
	return &relation{}
}

// distinct reports whether a set operation drops equal rows.
func distinct(n node) bool {
	all, said := n["setop_all"].(bool)
	return said && !all
}

// withs adds the common table expressions of a node.
func (l *linter) withs(n node, s scope) scope {
	entries := n.child("cte_map").list("map")
	if len(entries) == 0 {
		return s
	}
	inner := scope{}
	for name, r := range s {
		inner[name] = r
	}
	for _, e := range entries {
		r := *l.query(e.child("value").child("query").child("node"), inner)
		r.alias = strings.ToLower(e.text("key"))
		if named, ok := e.child("value")["aliases"].([]any); ok && len(named) > 0 {
			r = relation{alias: r.alias}
		}
		inner[r.alias] = &r
	}
	return inner
}

// selection is what a SELECT returns.
func (l *linter) selection(n node, s scope) *relation {
	from := l.from(n.child("from_table"), s)
	r := &relation{nullable: map[string]bool{}, known: true}
	renamed := map[string][]string{}
	for _, item := range n.list("select_list") {
		if item.text("class") == "STAR" {
			for _, f := range from {
				if rel := item.text("relation_name"); rel != "" && !strings.EqualFold(rel, f.alias) {
					continue
				}
				r.known = r.known && f.known
				for _, c := range f.columns {
					r.add(c, f.nullable[c])
					renamed[c] = append(renamed[c], c)
				}
			}
			continue
		}
		name := strings.ToLower(item.text("alias"))
		if name == "" {
			name = item.column()
		}
		r.add(name, l.nullable(item, from))
		if c := item.column(); c != "" {
			renamed[c] = append(renamed[c], name)
		}
	}
	groups := n.list("group_expressions")
	all := n.text("aggregate_handling") == "FORCE_AGGREGATES"
	switch {
	case len(groups) > 0:
		r.keys = [][]string{l.groupNames(n, groups)}
	case all:
		var plain []string
		for _, item := range n.list("select_list") {
			if !aggregates(item) {
				plain = append(plain, itemName(item))
			}
		}
		r.keys = [][]string{plain}
	case slices.ContainsFunc(n.list("select_list"), aggregates):
		r.one, r.keys = true, [][]string{{}}
	default:
		for _, k := range keysOf(from) {
			r.keys = append(r.keys, renameAll(k, renamed)...)
		}
		for _, m := range n.list("modifiers") {
			if m.text("type") == "DISTINCT_MODIFIER" && len(m.list("distinct_on_targets")) == 0 {
				r.keys = append(r.keys, r.columns)
			}
		}
	}
	return r
}

func (r *relation) add(name string, nullable bool) {
	r.columns = append(r.columns, name)
	if nullable {
		r.nullable[name] = true
	}
}

func itemName(item node) string {
	if name := item.text("alias"); name != "" {
		return strings.ToLower(name)
	}
	return item.column()
}

// renameAll gives a key's columns the names that they are selected by.
func renameAll(key []string, renamed map[string][]string) [][]string {
	out := make([]string, 0, len(key))
	for _, c := range key {
		names := renamed[c]
		if len(names) == 0 {
			return nil
		}
		if slices.Contains(names, c) {
			out = append(out, c)
		} else {
			out = append(out, names[0])
		}
	}
	return [][]string{out}
}

// groupNames are the names of what is grouped by; a number is a place in the list.
func (l *linter) groupNames(n node, groups []node) []string {
	items := n.list("select_list")
	var names []string
	for _, g := range groups {
		name := g.column()
		if place, ok := g.child("value")["value"].(float64); ok && g.text("class") == "CONSTANT" && int(place) >= 1 && int(place) <= len(items) {
			name = itemName(items[int(place)-1])
		}
		if name == "" {
			for _, item := range items {
				if sameExpression(item, g) {
					name = itemName(item)
				}
			}
		}
		names = append(names, name)
	}
	return names
}

// aggregates reports whether an expression has an aggregate outside a window.
func aggregates(n node) bool {
	switch {
	case n.text("class") == "WINDOW", n.text("class") == "SUBQUERY":
		return false
	case slices.Contains([]string{"count", "count_star", "sum", "min", "max", "avg", "first", "last", "any_value", "string_agg", "list", "array_agg", "bool_or", "bool_and",
		"max_by", "min_by", "arg_max", "arg_min", "median", "stddev", "quantile_cont"}, n.function()):
		return true
	}
	found := false
	for _, key := range sortedKeys(n) {
		switch v := n[key].(type) {
		case []any:
			for _, e := range v {
				m, _ := e.(map[string]any)
				found = found || m != nil && aggregates(m)
			}
		case map[string]any:
			found = found || aggregates(v)
		}
	}
	return found
}

// nullable reports whether an expression may be null, as far as can be told.
func (l *linter) nullable(e node, from []*relation) bool {
	switch e.text("class") {
	case "COLUMN_REF":
		path := e.path()
		for _, r := range from {
			if len(path) > 1 && path[len(path)-2] != r.alias || !slices.Contains(r.columns, path[len(path)-1]) {
				continue
			}
			return r.nullable[path[len(path)-1]]
		}
		return false
	case "CONSTANT":
		null, _ := e.child("value")["is_null"].(bool)
		return null
	case "CASE":
		if e.child("else_expr") == nil {
			return true
		}
		for _, c := range e.list("case_checks") {
			if l.nullable(c.child("then_expr"), from) {
				return true
			}
		}
		return l.nullable(e.child("else_expr"), from)
	}
	switch e.function() {
	case "coalesce", "ifnull":
		return !slices.ContainsFunc(e.list("children"), func(c node) bool { return !l.nullable(c, from) })
	case "count", "count_star", "row_number", "rank", "dense_rank":
		return false
	case "nullif", "lag", "lead", "try_cast":
		return true
	}
	if e.text("type") == "OPERATOR_COALESCE" {
		return !slices.ContainsFunc(e.list("children"), func(c node) bool { return !l.nullable(c, from) })
	}
	if c := e.child("child"); c != nil && l.nullable(c, from) {
		return true
	}
	return slices.ContainsFunc(e.list("children"), func(c node) bool { return l.nullable(c, from) })
}

// sameExpression compares two trees but for their places and aliases.
func sameExpression(a, b node) bool {
	if a.text("class") != b.text("class") || a.function() != b.function() || !slices.Equal(a.path(), b.path()) || a.text("type") != b.text("type") {
		return false
	}
	x, y := a.list("children"), b.list("children")
	return len(x) == len(y) && !slices.ContainsFunc(x, func(n node) bool { return !slices.ContainsFunc(y, func(m node) bool { return sameExpression(n, m) }) })
}
