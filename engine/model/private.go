package model

import (
	"slices"
	"strings"
)

// privateOutput are the output columns that may show a value which a contract calls
// private, under whatever name: it follows the names through the statement's select
// lists, and takes what cannot be followed for private. Numbers of rows and
// conditions show no value.
func (l *loader) privateOutput(d *draft) []string {
	private := map[string]bool{}
	for _, input := range d.model.Inputs {
		for _, name := range l.project.Private(input) {
			private[strings.ToLower(name)] = true
		}
	}
	if len(private) == 0 {
		return nil
	}
	t := tainted{names: private}
	for before := -1; before < len(private); {
		before = len(private)
		t.walk(d.tree.root)
	}
	d.model.tainted = t
	var names []string
	for _, c := range d.model.Columns {
		if d.model.Masks(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Masks reports whether a column of the model's statement, of its output or of a common
// table expression in it, may show a private value.
func (m *Model) Masks(c Column) bool {
	return m.tainted.names[strings.ToLower(c.Name)] || m.tainted.all && c.Type == "VARCHAR"
}

// Private are the columns of a dataset that are shown masked.
func (p *Project) Private(dataset string) []string {
	if c := p.Contracts[dataset]; c != nil {
		return c.Private
	}
	if m := p.Models[dataset]; m != nil {
		return m.Private
	}
	return nil
}

type tainted struct {
	names map[string]bool // lower case; whatever has one of them is private
	all   bool            // columns were turned into rows or rows into columns: any text may be
}

func (t *tainted) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			t.walk(e)
		}
	case map[string]any:
		t.node(v)
		for _, key := range sortedKeys(v) {
			t.walk(v[key])
		}
	}
}

func (t *tainted) node(n map[string]any) {
	switch text(n, "type") {
	case "SELECT_NODE":
		for _, v := range list(n, "select_list") {
			e, _ := v.(map[string]any)
			t.item(e)
		}
	case "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE":
		t.byPosition(outputs(child(n, "left")), child(n, "right"))
	case "PIVOT", "PIVOT_REF":
		t.all = true
	}
	// with t(a, b) as (...), from (...) as t(a, b)
	for _, key := range []string{"column_name_alias", "aliases"} {
		t.renamed(list(n, key), n)
	}
}

// item taints the name of an item of a select list that shows a private value.
func (t *tainted) item(e map[string]any) {
	if e == nil || !t.shows(e) {
		return
	}
	for _, m := range outputs(map[string]any{"type": "SELECT_NODE", "select_list": []any{e}}) {
		switch m.name {
		case "*":
		case "":
			t.all = true // DuckDB makes its name of the expression
		default:
			t.names[m.name] = true
		}
	}
	for _, r := range list(e, "rename_list") {
		entry, _ := r.(map[string]any)
		if to := text(entry, "value"); to != "" {
			t.names[strings.ToLower(to)] = true
		}
	}
}

// byPosition taints the names that a set operation gives to its right side's columns.
func (t *tainted) byPosition(names []mention, right map[string]any) {
	for i, m := range outputs(right) {
		star := m.name == "*" || slices.ContainsFunc(names, func(n mention) bool { return n.name == "*" })
		switch {
		case star && len(t.names) > 0 && m.name != "*" && t.names[m.name]:
			t.all = true
		case !star && i < len(names) && t.names[m.name] && m.name != "":
			t.names[names[i].name] = true
		}
	}
}

// renamed taints all the names of a column list in whose table something is private.
func (t *tainted) renamed(aliases []any, n map[string]any) {
	if len(aliases) == 0 || !t.mentions(n) {
		return
	}
	for _, a := range aliases {
		if name, ok := a.(string); ok {
			t.names[strings.ToLower(name)] = true
		}
	}
}

func (t *tainted) mentions(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, t.mentions)
	case map[string]any:
		if t.column(v) {
			return true
		}
		for _, e := range v {
			if t.mentions(e) {
				return true
			}
		}
	}
	return false
}

// column reports whether n is a private column, or a star that may hold one.
func (t *tainted) column(n map[string]any) bool {
	if text(n, "class") == "STAR" {
		return true
	}
	for _, part := range list(n, "column_names") {
		if name, _ := part.(string); t.names[strings.ToLower(name)] {
			return true
		}
	}
	return false
}

// shows reports whether an expression's value tells a private one.
func (t *tainted) shows(n map[string]any) bool {
	switch text(n, "class") {
	case "COMPARISON", "CONJUNCTION", "BETWEEN":
		return false
	case "OPERATOR":
		if kind := text(n, "type"); kind == "OPERATOR_IS_NULL" || kind == "OPERATOR_IS_NOT_NULL" || kind == "OPERATOR_NOT" || strings.Contains(kind, "_IN") {
			return false
		}
	case "FUNCTION", "WINDOW":
		if name := text(n, "function_name"); name == "count" || name == "count_star" || name == "row_number" {
			return false
		}
	case "CASE":
		return t.showsCase(n)
	}
	if text(n, "class") != "STAR" && t.column(n) {
		return true
	}
	for _, key := range sortedKeys(n) {
		if t.showsAny(n[key]) {
			return true
		}
	}
	return false
}

func (t *tainted) showsAny(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, t.showsAny)
	case map[string]any:
		return t.shows(v)
	}
	return false
}

// showsCase looks at what a CASE returns, and not at what it asks.
func (t *tainted) showsCase(n map[string]any) bool {
	if e := child(n, "else_expr"); e != nil && t.shows(e) {
		return true
	}
	return slices.ContainsFunc(list(n, "case_checks"), func(v any) bool {
		check, _ := v.(map[string]any)
		then := child(check, "then_expr")
		return then != nil && t.shows(then)
	})
}
