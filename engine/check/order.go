package check

import (
	"slices"
	"strings"

	"ledgermill/engine/model"
)

// Functions whose result ties of the order change.
var (
	tiedWindows    = []string{"row_number", "ntile", "lead", "lag", "first_value", "last_value", "nth_value", "first", "last", "any_value", "string_agg", "list", "array_agg"}
	tiedAggregates = []string{"first", "last", "any_value", "first_value", "last_value", "string_agg", "group_concat", "listagg", "list", "array_agg"}
	extremes       = []string{"max_by", "min_by", "arg_max", "arg_min"}
)

// window holds the order of a window against the keys of what it runs over.
func (l *linter) window(e node, from []*relation) {
	orders := e.list("orders")
	if len(orders) == 0 {
		return
	}
	name := e.function()
	rows := strings.HasSuffix(e.text("start"), "_ROWS") || strings.HasSuffix(e.text("end"), "_ROWS")
	decides := slices.Contains(tiedWindows, name) || rows
	names := namesOf(e.list("partitions"))
	for _, o := range orders {
		names = append(names, o.child("expression").bare().column())
	}
	if decides {
		l.total(e.off(), name+"() over (...)", names, from)
	}
	l.nulls(orders, from, name+"() over (...)")
}

// aggregate holds the order of an aggregate against the keys of what it gathers.
func (l *linter) aggregate(e, n node, from []*relation) {
	name := e.function()
	args := e.list("children")
	switch {
	case slices.Contains(tiedAggregates, name):
		orders := e.child("order_bys").list("orders")
		if len(orders) == 0 {
			return // the binder has said it
		}
		names := namesOf(n.list("group_expressions"))
		for _, o := range orders {
			names = append(names, o.child("expression").bare().column())
		}
		if len(args) > 0 && args[0].column() != "" && slices.Contains(names, args[0].column()) {
			return
		}
		l.total(e.off(), name+"(... order by ...)", names, from)
		l.nulls(orders, from, name+"(... order by ...)")
	case slices.Contains(extremes, name) && len(args) > 1:
		names := append(namesOf(n.list("group_expressions")), args[1].column())
		l.totalTry(e.off(), name+"(...)", names, from, "write `first(a order by b desc, key)`: it takes a key that parts the ties")
	}
}

func namesOf(items []node) []string {
	var names []string
	for _, i := range items {
		if name := i.column(); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// total finds an order that leaves ties.
func (l *linter) total(off int, what string, names []string, from []*relation) {
	l.totalTry(off, what, names, from, "")
}

func (l *linter) totalTry(off int, what string, names []string, from []*relation, try string) {
	keys := keysOf(from)
	if slices.ContainsFunc(keys, func(k []string) bool { return subset(k, names) }) {
		return
	}
	if try == "" {
		try = "put columns behind the order that identify a row"
		if len(keys) > 0 {
			try = "put " + strings.Join(keys[0], ", ") + " behind the order: it identifies a row"
		}
	}
	l.find(off, orderNotTotal, try, "the order of %s leaves ties", what)
}

// nulls finds orders that put null elsewhere in another engine.
func (l *linter) nulls(orders []node, from []*relation, what string) {
	for _, o := range orders {
		if o.text("null_order") != "ORDER_DEFAULT" {
			continue
		}
		e := o.child("expression").bare()
		descending := o.text("type") == "DESCENDING"
		// Spark parts from DuckDB in ascending order, PostgreSQL in descending.
		if descending != (l.st.Kind == model.QueryStatement) || l.st.Kind == model.QueryStatement && l.st.On != model.Both || !l.nullable(e, from) {
			continue
		}
		name := e.column()
		if name == "" {
			name = "what it is ordered by"
		}
		l.find(e.off(), nullOrder, "write `nulls last` (as DuckDB does) or `nulls first` behind it", "%s may be null, and %s does not say where nulls stand", name, what)
	}
}

// finalOrder looks at ORDER BY, LIMIT and DISTINCT ON of a query.
func (l *linter) finalOrder(n node, from []*relation) {
	var orders []node
	limited, what := false, ""
	for _, m := range n.list("modifiers") {
		switch m.text("type") {
		case "ORDER_MODIFIER":
			orders = m.list("orders")
		case "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER":
			limited, what = true, "ORDER BY ... LIMIT"
		case "DISTINCT_MODIFIER":
			if len(m.list("distinct_on_targets")) > 0 {
				limited, what = true, "DISTINCT ON ... ORDER BY"
			}
		}
	}
	if len(orders) == 0 || !limited && l.st.Kind != model.QueryStatement {
		return
	}
	out := from[len(from)-1]
	var names []string
	resolved := make([]node, len(orders))
	for i, o := range orders {
		e := o.child("expression").bare()
		name := e.column()
		if place, ok := e.child("value")["value"].(float64); ok && e.text("class") == "CONSTANT" && int(place) >= 1 && int(place) <= len(out.columns) {
			name = out.columns[int(place)-1]
		}
		names = append(names, name)
		resolved[i] = o
	}
	if limited {
		l.total(orders[0].child("expression").off(), what, names, []*relation{out})
	}
	l.nulls(resolved, []*relation{out}, "the order of the rows")
}
