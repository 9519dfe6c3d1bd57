package lineage

import (
	"slices"
	"strings"
)

// expression is what the value of an expression comes from.
func (r *resolver) expression(e node, s *scope) origin {
	switch e.class() {
	case "COLUMN_REF":
		return r.columnRef(e, s)
	case "CONSTANT":
		return origin{from: set{}}
	case "FUNCTION":
		return r.function(e, s)
	case "WINDOW":
		return r.window(e, s)
	case "CASE":
		return r.cases(e, s)
	case "SUBQUERY":
		return r.subquery(e, s)
	case "LAMBDA":
		return r.lambda(e, s)
	case "STAR":
		if s.star != nil {
			return s.star.origin
		}
		return rowOf(r.star(e, s))
	case "POSITIONAL_REFERENCE":
		if i := e.number("index"); i >= 1 && i <= len(s.visible) {
			return s.visible[i-1].origin
		}
		r.unclear(e, "#%d is no column", e.number("index"))
		return origin{from: set{}}
	case "OPERATOR":
		if o, ok := r.field(e, s); ok {
			return o
		}
	}
	return r.all(e, s).as(Transformation)
}

// all is the union of what stands right below.
func (r *resolver) all(e node, s *scope) origin {
	all := []origin{{from: set{}}}
	e.below(func(below node) { all = append(all, r.expression(below, s)) })
	return merge(all...)
}

func (r *resolver) columnRef(e node, s *scope) origin {
	path := e.texts("column_names")
	if o, ok := s.find(path, false); ok {
		return o
	}
	if !isValueFunction(path) {
		r.unclear(e, "no column is called %s", strings.Join(path, "."))
	}
	return origin{from: set{}}
}

// field is s.x, written with a dot behind brackets or with brackets.
func (r *resolver) field(e node, s *scope) (origin, bool) {
	children := e.list("children")
	kind := e.text("type")
	if len(children) != 2 || kind != "STRUCT_EXTRACT" && kind != "ARRAY_EXTRACT" && !e.is("function_name", "struct_extract") {
		return origin{}, false
	}
	name, ok := children[1].constantText()
	if !ok {
		return origin{}, false
	}
	return r.expression(children[0], s).field(name), true
}

// chosenBy are aggregates that return the first argument of the row that the second
// one chooses.
var chosenBy = []string{"max_by", "min_by", "arg_max", "arg_min", "argmax", "argmin", "arg_max_null", "arg_min_null", "arg_max_nulls_last", "arg_min_nulls_last"}

func (r *resolver) function(e node, s *scope) origin {
	switch {
	case e.is("function_name", "struct_pack"):
		return r.structOf(e, s)
	case e.is("function_name", "struct_extract"):
		if o, ok := r.field(e, s); ok {
			return o
		}
	}
	how := Transformation
	if isAggregate(e) {
		how = Aggregation
	}
	all := []origin{{from: set{}}}
	for i, argument := range e.list("children") {
		if i == 1 && slices.Contains(chosenBy, strings.ToLower(e.text("function_name"))) {
			how = Condition
		}
		all = append(all, r.expression(argument, s).as(how))
	}
	for _, order := range e.child("order_bys").list("orders") {
		all = append(all, r.expression(order.child("expression"), s).as(Sort))
	}
	if filter := e.child("filter"); filter != nil {
		all = append(all, r.expression(filter, s).as(Condition))
	}
	return merge(all...)
}

// structOf is {'k': a}: each field comes from its own value.
func (r *resolver) structOf(e node, s *scope) origin {
	made := origin{from: set{}}
	for _, value := range e.list("children") {
		name := value.text("alias")
		if path := value.texts("column_names"); name == "" && len(path) > 0 {
			name = path[len(path)-1]
		}
		one := r.expression(value, s)
		made.fields = append(made.fields, column{name: name, origin: one})
		made.from = union(made.from, one.from.as(Transformation))
	}
	return made
}

// window is a function over a window: its arguments make the value, its partition,
// order and frame decide which rows it sees.
func (r *resolver) window(e node, s *scope) origin {
	how := Transformation
	if e.is("type", "WINDOW_AGGREGATE") {
		how = Aggregation
	}
	all := []origin{{from: set{}}}
	add := func(n node, how How) {
		if n != nil {
			all = append(all, r.expression(n, s).as(how))
		}
	}
	for _, argument := range e.list("children") {
		add(argument, how)
	}
	for _, p := range e.list("partitions") {
		add(p, Window)
	}
	for _, o := range append(e.list("orders"), e.list("arg_orders")...) {
		add(o.child("expression"), Window)
	}
	for _, key := range []string{"start_expr", "end_expr", "offset_expr"} {
		add(e.child(key), Window)
	}
	add(e.child("filter_expr"), Condition)
	add(e.child("default_expr"), Transformation)
	return merge(all...)
}

func (r *resolver) cases(e node, s *scope) origin {
	all := []origin{{from: set{}}}
	for _, check := range e.list("case_checks") {
		all = append(all, r.expression(check.child("when_expr"), s).as(Condition), r.expression(check.child("then_expr"), s).as(Transformation))
	}
	if other := e.child("else_expr"); other != nil {
		all = append(all, r.expression(other, s).as(Transformation))
	}
	return merge(all...)
}

// subquery is a value that a query makes: its first column, and what decides which
// rows of it there are. Of EXISTS it is the latter alone.
func (r *resolver) subquery(e node, s *scope) origin {
	made := r.query(e.child("subquery").child("node"), s)
	value := origin{from: made.rows}
	if !e.is("subquery_type", "EXISTS") && !e.is("subquery_type", "NOT_EXISTS") {
		for _, c := range made.columns {
			value = merge(value, c.origin)
		}
	}
	if compared := e.child("child"); compared != nil {
		value = merge(value, r.expression(compared, s)).as(Transformation)
	}
	return value
}

// lambda is x -> e: x stands for what the list before it holds, which counts anyway.
func (r *resolver) lambda(e node, s *scope) origin {
	inner := &scope{outer: s}
	parameters := e.child("lhs")
	inner.lambda = append(inner.lambda, parameters.texts("column_names")...)
	for _, p := range parameters.list("children") {
		inner.lambda = append(inner.lambda, p.texts("column_names")...)
	}
	return r.expression(e.child("expr"), inner)
}
