package check

import (
	"slices"
	"strings"
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
