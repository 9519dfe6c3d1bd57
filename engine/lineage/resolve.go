package lineage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Statement is the lineage of one SELECT.
type Statement struct {
	Tables  []string  // the datasets that it names, sorted
	Columns []Derived // its output, in order
	Rows    []Source  // what decides which rows there are, and their order
}

// Derived is a column and what it comes from.
type Derived struct {
	Name string   `json:"name"`
	From []Source `json:"from"`
}

// UnclearError says that the lineage of a statement cannot be told.
type UnclearError struct {
	Off int // byte offset in the statement
	Msg string
}

func (e *UnclearError) Error() string { return e.Msg }

// Resolve follows the tree of one SELECT, as json_serialize_sql prints it. Tables
// yields the columns of a dataset, false where there is none; output are the names
// of the columns as the engine says them, which what was found is held against; nil
// where the engine was not asked.
func Resolve(tree []byte, tables func(name string) ([]string, bool), output []string) (*Statement, error) {
	top, err := root(tree)
	if err != nil {
		return nil, err
	}
	r := &resolver{tables: tables, named: map[string]bool{}}
	found := r.query(top, nil)
	if r.fault != nil {
		return nil, r.fault
	}
	q := &Statement{Tables: slices.Sorted(maps.Keys(r.named)), Rows: found.rows.sorted()}
	if output == nil {
		for _, c := range found.columns {
			q.Columns = append(q.Columns, Derived{Name: c.name, From: c.from.sorted()})
		}
		return q, nil
	}
	if q.Columns, err = align(found.columns, output); err != nil {
		return nil, err
	}
	return q, nil
}

// resolver goes through one statement. The first thing that it cannot tell ends it.
type resolver struct {
	tables func(string) ([]string, bool)
	named  map[string]bool
	fault  *UnclearError
}

func (r *resolver) unclear(n node, format string, args ...any) {
	if r.fault == nil {
		r.fault = &UnclearError{Off: n.offset(), Msg: fmt.Sprintf(format, args...)}
	}
}

// column is a column of a relation. One that stands for several, whose number or
// names the tree does not tell, is a guess among them.
type column struct {
	name string // "" is not known
	origin
	guess bool
	among []column
}

// relation is what a query makes: its columns, and what decides about its rows.
type relation struct {
	columns []column
	rows    set
}

// query resolves a query node: a SELECT, a set operation or a recursion.
func (r *resolver) query(n node, outer *scope) *relation {
	s := r.withTables(n, outer)
	switch n.text("type") {
	case "SELECT_NODE":
		return r.selected(n, s)
	case "SET_OPERATION_NODE":
		return r.setOperation(n, s)
	}
	r.unclear(n, "a query of the kind %s", strings.ToLower(n.text("type")))
	return &relation{rows: set{}}
}

// withTables is the scope of a query with its common table expressions, each of
// which sees those before it.
func (r *resolver) withTables(n node, outer *scope) *scope {
	s := outer
	for _, entry := range n.child("cte_map").list("map") {
		value := entry.child("value")
		name, query := entry.text("key"), value.child("query").child("node")
		var made *relation
		if query.is("type", "RECURSIVE_CTE_NODE") {
			made = r.recursion(query, name, value.texts("aliases"), s)
		} else {
			made = r.query(query, s).renamed(value.texts("aliases"))
		}
		s = &scope{outer: s, cte: name, made: made}
	}
	return s
}

// recursion resolves a recursive query: what it reads of itself is what it makes, as
// often as that grows.
func (r *resolver) recursion(n node, name string, names []string, outer *scope) *relation {
	all := r.query(n.child("left"), outer).renamed(names)
	for before := -1; before != all.size() && r.fault == nil; {
		before = all.size()
		next := r.query(n.child("right"), &scope{outer: outer, cte: name, made: all})
		rows := union(all.rows, next.rows)
		all = &relation{columns: r.paired(n, all.columns, next.columns), rows: rows}
		if !n.yes("union_all") {
			all.distinct()
		}
	}
	return all
}

func (t *relation) size() int {
	n := len(t.rows)
	for _, c := range t.columns {
		n += len(c.from)
	}
	return n
}

// distinct notes that equal rows are made one.
func (t *relation) distinct() {
	rows := []set{t.rows}
	for _, c := range t.columns {
		rows = append(rows, c.from.as(Group))
	}
	t.rows = union(rows...)
}

// renamed gives the first columns other names, and those that share a name names of
// their own, as DuckDB does for whoever reads them.
func (t *relation) renamed(names []string) *relation {
	columns := slices.Clone(t.columns)
	seen := map[string]int{}
	for i := range columns {
		if i < len(names) {
			columns[i].name = names[i]
		}
		key := strings.ToLower(columns[i].name)
		if n := seen[key]; n > 0 && key != "" {
			columns[i].name = fmt.Sprintf("%s_%d", columns[i].name, n)
		}
		seen[key]++
	}
	return &relation{columns: columns, rows: t.rows}
}

func (r *resolver) setOperation(n node, s *scope) *relation {
	left, right := r.query(n.child("left"), s), r.query(n.child("right"), s)
	made := &relation{rows: union(left.rows, right.rows)}
	switch kind := n.text("setop_type"); kind {
	case "UNION":
		made.columns = r.paired(n, left.columns, right.columns)
	case "UNION_BY_NAME":
		made.columns = byName(left.columns, right.columns)
	default: // EXCEPT, INTERSECT
		made.columns = left.columns
		for _, c := range append(slices.Clone(left.columns), right.columns...) {
			made.rows = union(made.rows, c.from.as(Filter))
		}
	}
	if all, said := n["setop_all"].(bool); said && !all { // what is not said is the default, ALL
		made.distinct()
	}
	inner := &scope{outer: s, visible: visibleOf(nil, made.columns)}
	r.modifiers(n, inner, made)
	return made
}

// paired unites columns by their place.
func (r *resolver) paired(n node, left, right []column) []column {
	if len(left) != len(right) {
		r.unclear(n, "a set operation of %d and %d columns", len(left), len(right))
		return left
	}
	all := slices.Clone(left)
	for i, c := range right {
		all[i].origin = merge(left[i].origin, c.origin)
		all[i].guess = left[i].guess || c.guess
	}
	return all
}

func byName(left, right []column) []column {
	all := slices.Clone(left)
	for _, c := range right {
		i := slices.IndexFunc(all, func(a column) bool { return same(a.name, c.name) })
		if i < 0 {
			all = append(all, c)
			continue
		}
		all[i].origin = merge(all[i].origin, c.origin)
	}
	return all
}

// align gives the columns that were found the names that the engine says, and takes
// guesses apart.
func align(found []column, output []string) ([]Derived, error) {
	first := slices.IndexFunc(found, func(c column) bool { return c.guess })
	if first < 0 {
		if len(found) != len(output) {
			return nil, &UnclearError{Msg: fmt.Sprintf("it has %d columns, and %d were found", len(output), len(found))}
		}
		first = len(found)
	}
	var all []Derived
	behind := 0 // columns that are known behind the last guess
	for _, c := range slices.Backward(found) {
		if c.guess {
			break
		}
		behind++
	}
	for i, name := range output {
		var c column
		switch {
		case i < first:
			c = found[i]
		case i >= len(output)-behind:
			c = found[len(found)-(len(output)-i)]
		default:
			c = guessed(found[first:len(found)-behind], name)
		}
		if c.name != "" && !sameOrNumbered(name, c.name) {
			return nil, &UnclearError{Msg: fmt.Sprintf("its column %d is %s, and %s was found", i+1, name, c.name)}
		}
		all = append(all, Derived{Name: name, From: c.from.sorted()})
	}
	return all, nil
}

// sameOrNumbered allows for the number by which the engine tells equal names apart.
func sameOrNumbered(name, found string) bool {
	return same(name, found) || len(name) > len(found)+1 && same(name[:len(found)], found) && name[len(found)] == '_'
}

// guessed is the column called name among columns some of which stand for several.
func guessed(columns []column, name string) column {
	var all []origin
	for _, c := range columns {
		for _, a := range c.among {
			if same(a.name, name) {
				return column{name: name, origin: a.origin}
			}
		}
		if same(c.name, name) {
			return c
		}
		all = append(all, c.origin)
	}
	return column{origin: merge(all...)}
}
