package check

import (
	"slices"
	"strings"

	"ledgermill/engine/model"
)

// walk looks at a query node and at the queries in it, each with the common table
// expressions that it sees.
func (l *linter) walk(n node, s scope) {
	inner := s
	for _, e := range n.child("cte_map").list("map") {
		l.walk(e.child("value").child("query").child("node"), inner)
	}
	inner = l.withs(n, s)
	switch n.text("type") {
	case "SET_OPERATION_NODE":
		l.setOperation(n, s)
		l.walk(n.child("left"), inner)
		l.walk(n.child("right"), inner)
		l.finalOrder(n, []*relation{l.query(n.child("left"), inner)})
	case "SELECT_NODE":
		from := l.from(n.child("from_table"), inner)
		l.selects(n, from, inner)
		l.inQuery(n, func(e node) { l.expression(e, n, from, inner) })
		l.fromQueries(n.child("from_table"), inner)
		l.finalOrder(n, append(from, l.query(n, s)))
	default: // of recursive ones
		for _, side := range []string{"left", "right"} {
			if c := n.child(side); c != nil {
				l.walk(c, inner)
			}
		}
	}
}

// inQuery calls do for the expressions of a SELECT, and walks the queries in them.
func (l *linter) inQuery(n node, do func(node)) {
	for _, key := range sortedKeys(n) {
		if key != "cte_map" && key != "from_table" {
			l.expressions(n[key], do)
		}
	}
	l.joins(n.child("from_table"), func(join node) { l.expressions(map[string]any(join.child("condition")), do) })
}

func (l *linter) joins(n node, do func(node)) {
	if n.text("type") != "JOIN" {
		return
	}
	do(n)
	l.joins(n.child("left"), do)
	l.joins(n.child("right"), do)
}

func (l *linter) expressions(v any, do func(node)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			l.expressions(e, do)
		}
	case map[string]any:
		n := node(v)
		if n == nil {
			return
		}
		if n.text("class") != "" {
			do(n)
		}
		for _, key := range sortedKeys(v) {
			if key != "subquery" {
				l.expressions(v[key], do)
			}
		}
	}
}

// fromQueries walks the queries of a FROM.
func (l *linter) fromQueries(n node, s scope) {
	switch n.text("type") {
	case "SUBQUERY":
		l.walk(n.child("subquery").child("node"), s)
	case "JOIN":
		l.fromQueries(n.child("left"), s)
		l.fromQueries(n.child("right"), s)
	}
}

// expression looks at one expression of a SELECT.
func (l *linter) expression(e, n node, from []*relation, s scope) {
	switch e.text("class") {
	case "SUBQUERY":
		l.walk(e.child("subquery").child("node"), s)
	case "COMPARISON":
		l.comparison(e)
	case "OPERATOR":
		l.notIn(e, s)
	case "WINDOW":
		l.window(e, from)
	case "FUNCTION":
		l.aggregate(e, n, from)
		l.division(e, from)
	}
	l.portable(e)
}

func (l *linter) comparison(e node) {
	kind := e.text("type")
	if strings.Contains(kind, "DISTINCT_FROM") {
		return
	}
	for _, side := range []string{"left", "right"} {
		c := e.child(side)
		if null, _ := c.child("value")["is_null"].(bool); null && c.text("class") == "CONSTANT" {
			write := "is null"
			if kind != "COMPARE_EQUAL" {
				write = "is not null"
			}
			l.find(e.off(), nullComparison, "write `"+write+"`, or `is distinct from`", "a comparison with null is never true")
		}
	}
}

// notIn finds NOT IN (SELECT ...) whose list may hold a null.
func (l *linter) notIn(e node, s scope) {
	if e.text("type") != "OPERATOR_NOT" {
		return
	}
	for _, c := range e.list("children") {
		if c.text("class") != "SUBQUERY" || c.text("subquery_type") != "ANY" || c.child("child") == nil {
			continue
		}
		r := l.query(c.child("subquery").child("node"), s)
		if len(r.columns) == 1 && r.nullable[r.columns[0]] {
			l.find(c.off(), notInNull, "write `not exists (select 1 from ... where ... = ...)`, or keep nulls out of the list: `where "+r.columns[0]+" is not null`",
				"not in (select %s ...): %s may be null", r.columns[0], r.columns[0])
		}
	}
}

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

// division finds divisors that may be zero.
func (l *linter) division(e node, from []*relation) {
	name, args := e.function(), e.list("children")
	if name != "/" && name != "//" && name != "%" && name != "mod" && name != "divide" || len(args) != 2 {
		return
	}
	if l.mayBeZero(args[1]) {
		l.find(e.off(), divisionByZero, "divide by nullif(..., 0)", "the divisor may be zero")
	}
}

func (l *linter) mayBeZero(e node) bool {
	switch {
	case e.text("class") == "CONSTANT":
		zero, ok := e.child("value")["value"].(float64)
		return ok && zero == 0
	case e.text("class") == "CAST":
		return l.mayBeZero(e.child("child"))
	case e.function() == "nullif", e.function() == "count_star", e.function() == "greatest":
		return false
	case e.function() == "count": // of a group, which has a row; null values are not counted
		return len(e.list("children")) > 0
	case e.function() == "sum" && len(e.list("children")) == 1 && e.list("children")[0].function() == "count_star":
		return false
	case e.function() == "*":
		return slices.ContainsFunc(e.list("children"), l.mayBeZero)
	}
	return true
}

// setOperation finds UNION without ALL.
func (l *linter) setOperation(n node, s scope) {
	if n.text("setop_type") != "UNION" || !distinct(n) {
		return
	}
	off := l.firstOffset(n.child("right"))
	for i := l.tokenAt(off); i >= 0; i-- {
		if l.tokens[i].Is("union") {
			off = l.tokens[i].Off
			break
		}
	}
	l.find(off, unionDistinct, "write `union all`; where equal rows are meant to become one, say so by an allow comment", "UNION drops rows that are equal")
}

// firstOffset is the place of the first expression of a query.
func (l *linter) firstOffset(n node) int {
	least := -1
	n.each(func(e node) {
		if at, said := e["query_location"].(float64); said && (least < 0 || int(at) < least) {
			least = int(at)
		}
	})
	return max(least, 0)
}
