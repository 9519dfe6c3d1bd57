package lineage

import (
	"slices"
	"strings"
)

// scope is what names mean at a place of a statement. What is not found here is
// looked for outside.
type scope struct {
	outer   *scope
	cte     string // a common table expression, and what it makes
	made    *relation
	tables  []*table // of FROM
	visible []seen   // what * yields, USING taken into account
	aliases []column // of the select list, as far as it was resolved
	lambda  []string // parameters of a lambda
	star    *column  // the column that a COLUMNS(...) within an expression stands for
}

// table is a table of FROM under its alias.
type table struct {
	name    string
	columns []column
}

// seen is a column of FROM; the table is nil where a USING made it of several.
type seen struct {
	table *table
	column
}

func visibleOf(t *table, columns []column) []seen {
	var all []seen
	for _, c := range columns {
		all = append(all, seen{table: t, column: c})
	}
	return all
}

// relationCalled finds a common table expression.
func (s *scope) relationCalled(name string) *relation {
	for ; s != nil; s = s.outer {
		if s.made != nil && same(s.cte, name) {
			return s.made
		}
	}
	return nil
}

// find resolves a name of one or several parts: a column, a column of a table, a
// field of either, or a whole table. Aliases of the select list come before columns
// only where aliasFirst says so, in ORDER BY.
func (s *scope) find(path []string, aliasFirst bool) (origin, bool) {
	for at := s; at != nil; at = at.outer {
		if aliasFirst {
			if o, ok := at.alias(path); ok {
				return o, true
			}
		}
		if o, ok := at.own(path); ok {
			return o, true
		}
		if o, ok := at.alias(path); ok {
			return o, true
		}
	}
	// Columns of a relation whose names the tree does not tell.
	for at := s; at != nil; at = at.outer {
		if o, ok := at.unnamed(path); ok {
			return o, true
		}
	}
	return origin{}, false
}

func (s *scope) own(path []string) (origin, bool) {
	if len(path) == 1 && slices.ContainsFunc(s.lambda, func(p string) bool { return same(p, path[0]) }) {
		return origin{from: set{}}, true
	}
	if len(path) > 1 {
		for _, t := range s.tables {
			if !same(t.name, path[0]) {
				continue
			}
			for _, c := range t.columns {
				if o, ok := c.called(path[1]); ok {
					return fieldOf(o, path[2:]), true
				}
			}
		}
	}
	for _, c := range s.visible {
		if o, ok := c.called(path[0]); ok {
			return fieldOf(o, path[1:]), true
		}
	}
	if len(path) == 1 {
		for _, t := range s.tables {
			if same(t.name, path[0]) {
				return rowOf(t.columns), true
			}
		}
	}
	return origin{}, false
}

// called is the origin of the column if that is its name, or one it may have.
func (c column) called(name string) (origin, bool) {
	if c.name != "" && same(c.name, name) {
		return c.origin, true
	}
	for _, a := range c.among {
		if same(a.name, name) {
			return a.origin, true
		}
	}
	return origin{}, false
}

func (s *scope) alias(path []string) (origin, bool) {
	for _, a := range s.aliases {
		if same(a.name, path[0]) && a.name != "" {
			return fieldOf(a.origin, path[1:]), true
		}
	}
	return origin{}, false
}

// unnamed is the union of the columns that may have the name.
func (s *scope) unnamed(path []string) (origin, bool) {
	var all []origin
	for _, c := range s.visible {
		if (c.name == "" || c.guess) && (len(path) == 1 || c.table != nil && same(c.table.name, path[0])) {
			all = append(all, c.origin)
		}
	}
	return merge(all...), len(all) > 0
}

func fieldOf(o origin, path []string) origin {
	for _, name := range path {
		o = o.field(name)
	}
	return o
}

// rowOf is a row as one value, a struct of its columns.
func rowOf(columns []column) origin {
	row := origin{from: set{}, fields: columns}
	for _, c := range columns {
		row.from = union(row.from, c.from.as(Transformation))
	}
	return row
}

// valueFunctions are functions that SQL writes without brackets, and the tree calls
// columns.
var valueFunctions = []string{"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user",
	"session_user", "current_catalog", "current_schema", "user", "current_role"}

func isValueFunction(path []string) bool {
	return len(path) == 1 && slices.Contains(valueFunctions, strings.ToLower(path[0]))
}
