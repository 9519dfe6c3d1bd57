package lineage

import (
	"cmp"
	"maps"
	"slices"
)

// How says in which way a column makes another one, or decides about it.
type How uint8

// The ways. Those from Condition on are indirect.
const (
	Identity       How = iota + 1 // the value itself
	Transformation                // an expression of the value
	Aggregation                   // an aggregate of the values of many rows
	Condition                     // it chooses among values: CASE WHEN, FILTER
	Window                        // it decides which rows a window sees, and their order
	Filter                        // it decides which rows there are: WHERE, HAVING, QUALIFY, EXCEPT, LIMIT
	Join                          // it decides which rows meet
	Group                         // it decides which rows are made one: GROUP BY, DISTINCT
	Sort                          // it decides the order of rows
)

// String is the word that people read.
func (h How) String() string {
	return [...]string{"", "identity", "transformation", "aggregation", "condition", "window", "filter", "join", "group", "sort"}[h]
}

// MarshalText writes the word.
func (h How) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// Direct reports whether the value of the source goes into the value.
func (h How) Direct() bool { return h < Condition }

// after is how a source makes a value that is made in the way outer of what it makes
// in the way h.
func (h How) after(outer How) How {
	switch {
	case !outer.Direct():
		return outer
	case !h.Direct():
		return h
	}
	return max(h, outer)
}

// Column names a column of a dataset.
type Column struct {
	Dataset string `json:"dataset"`
	Column  string `json:"column"`
}

// String is dataset.column.
func (c Column) String() string { return c.Dataset + "." + c.Column }

// Source is a column that another one comes from.
type Source struct {
	Column
	How How `json:"how"`
}

// set holds each source once.
type set map[Source]bool

func union(sets ...set) set {
	all := set{}
	for _, s := range sets {
		maps.Copy(all, s)
	}
	return all
}

// as is the set of what the sources make when their value is used in the way how.
func (s set) as(how How) set {
	all := set{}
	for source := range s {
		source.How = source.How.after(how)
		all[source] = true
	}
	return all
}

// sorted is the set in order: the direct ones first, then by name.
func (s set) sorted() []Source {
	return slices.SortedFunc(maps.Keys(s), func(a, b Source) int {
		direct := func(s Source) int {
			if s.How.Direct() {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(direct(a), direct(b)), cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Column.Column, b.Column.Column), cmp.Compare(a.How, b.How))
	})
}

// origin is what a value comes from; of a struct that the statement makes, field by
// field too.
type origin struct {
	from   set
	fields []column
}

// as is the origin of a value that is made of this one in the way how.
func (o origin) as(how How) origin {
	made := origin{from: o.from.as(how)}
	for _, f := range o.fields {
		made.fields = append(made.fields, column{name: f.name, origin: f.origin.as(how)})
	}
	return made
}

// field is the origin of a field of a struct; of one that was not made here, the
// whole struct's.
func (o origin) field(name string) origin {
	for _, f := range o.fields {
		if same(f.name, name) {
			return f.origin
		}
	}
	return origin{from: o.from.as(Transformation)}
}

func merge(all ...origin) origin {
	var sets []set
	for _, o := range all {
		sets = append(sets, o.from)
	}
	return origin{from: union(sets...)}
}
