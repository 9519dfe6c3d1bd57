package check

import (
	"slices"
	"strings"
)

// from are the tables of a FROM, each by its alias.
func (l *linter) from(n node, s scope) []*relation {
	switch n.text("type") {
	case "BASE_TABLE":
		return []*relation{l.table(n, s)}
	case "SUBQUERY":
		r := *l.query(n.child("subquery").child("node"), s)
		r.alias = strings.ToLower(n.text("alias"))
		return []*relation{&r}
	case "JOIN":
		left, right := l.from(n.child("left"), s), l.from(n.child("right"), s)
		if kind := n.text("join_type"); kind == "LEFT" || kind == "OUTER" {
			optional(right)
		}
		if kind := n.text("join_type"); kind == "RIGHT" || kind == "OUTER" {
			optional(left)
		}
		l.matched(n, left, right)
		return append(left, right...)
	}
	return []*relation{{alias: strings.ToLower(n.text("alias"))}}
}

func (l *linter) table(n node, s scope) *relation {
	name := strings.ToLower(n.text("table_name"))
	alias := strings.ToLower(n.text("alias"))
	if alias == "" {
		alias = name
	}
	if r, ok := s[name]; ok {
		one := *r
		one.alias = alias
		return &one
	}
	r := &relation{alias: alias, nullable: map[string]bool{}, known: true}
	if name == "business_day" {
		return &relation{alias: alias, one: true, keys: [][]string{{}}, columns: []string{"business_date", "previous_business_date", "is_month_end"},
			nullable: map[string]bool{"previous_business_date": true}, known: true}
	}
	columns, key, ok := l.project.Selection(name)
	if !ok {
		return &relation{alias: alias}
	}
	never, made := lowered(l.project.NotNull(name)), l.made(name)
	for _, c := range columns {
		column := strings.ToLower(c.Name)
		r.add(column, !slices.Contains(never, column) && (made == nil || made.nullable[column]))
	}
	r.columns = append(r.columns, "year", "month", "day")
	if len(key) > 0 {
		r.keys = [][]string{lowered(key)}
	}
	return r
}

// made is what comes of the query of a model; nil of another table.
func (l *linter) made(name string) *relation {
	if loaded, ok := l.project.Loads()[name]; ok {
		name = loaded
	}
	m := l.project.Models[name]
	if m == nil || l.roots[m.File] == nil {
		return nil
	}
	if r, known := l.outputs[name]; known {
		return r
	}
	l.outputs[name] = nil // a model that reads itself ends here
	l.outputs[name] = l.query(l.roots[m.File], nil)
	return l.outputs[name]
}

func lowered(names []string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = strings.ToLower(n)
	}
	return all
}

// optional are the rows that an outer join may lack.
func optional(side []*relation) {
	for i, r := range side {
		one := *r
		one.nullable = map[string]bool{}
		for _, c := range r.columns {
			one.nullable[c] = true
		}
		side[i] = &one
	}
}

// matched drops the key of a side of which at most one row meets each row of the
// other: the others' keys identify the joined row alone.
func (l *linter) matched(n node, left, right []*relation) {
	var equal []string
	if using, ok := n["using_columns"].([]any); ok {
		for _, v := range using {
			name, _ := v.(string)
			equal = append(equal, strings.ToLower(name))
		}
	}
	n.child("condition").each(func(e node) {
		if e.text("type") == "COMPARE_EQUAL" {
			equal = append(equal, e.child("left").column(), e.child("right").column())
		}
	})
	one := func(side []*relation) bool {
		return !slices.ContainsFunc(side, func(r *relation) bool {
			return !slices.ContainsFunc(r.keys, func(k []string) bool { return subset(k, equal) })
		})
	}
	for _, side := range [][]*relation{right, left} {
		if one(side) {
			for i, r := range side {
				unique := *r
				unique.keys = [][]string{{}}
				side[i] = &unique
			}
			return
		}
	}
}

func subset(all, of []string) bool {
	return !slices.ContainsFunc(all, func(name string) bool { return !slices.Contains(of, name) })
}

// keysOf are the sets of columns that identify a row of joined tables.
func keysOf(from []*relation) [][]string {
	keys := [][]string{{}}
	for _, r := range from {
		var next [][]string
		for _, k := range keys {
			for _, more := range r.keys {
				next = append(next, slices.Concat(k, more))
			}
		}
		keys = next
	}
	return keys
}
