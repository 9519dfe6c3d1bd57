package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tree is what the parsed tree of a SELECT tells of it. Offsets are bytes of the
// statement.
type tree struct {
	tables   []mention // tables that no common table expression shadows, in order
	outputs  []mention // the select list; name "" has none, "*" is a star
	findings []finding // what makes its rows depend on more than its inputs
	root     map[string]any
}

// mention is a name at a place.
type mention struct {
	name string // lower case
	off  int
}

// finding is a construct that a model may not use.
type finding struct {
	off         int
	msg, remedy string
	table       bool // of what it reads: it cannot be bound
}

// parseTree reads json_serialize_sql's output.
func parseTree(data []byte) (*tree, error) {
	var parsed struct {
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(data, &parsed); err != nil {
		return nil, fmt.Errorf("read parsed statement: %w", err)
	}
	if len(parsed.Statements) != 1 {
		return nil, &BindError{Off: -1, Msg: "not a SELECT"}
	}
	root := parsed.Statements[0].Node
	w := walker{tree: &tree{outputs: outputs(root), root: root}}
	w.walk(root, nil)
	slices.SortStableFunc(w.tree.tables, func(a, b mention) int { return a.off - b.off })
	slices.SortStableFunc(w.tree.findings, func(a, b finding) int { return a.off - b.off })
	return w.tree, nil
}

// outputs is the select list; of a set operation the left one's, which names it.
func outputs(n map[string]any) []mention {
	for n != nil && text(n, "type") != "SELECT_NODE" {
		n = child(n, "left")
	}
	var all []mention
	for _, v := range list(n, "select_list") {
		e, _ := v.(map[string]any)
		m := mention{name: strings.ToLower(text(e, "alias")), off: offsetOf(e)}
		if path := list(e, "column_names"); m.name == "" && len(path) > 0 {
			last, _ := path[len(path)-1].(string)
			m.name = strings.ToLower(last)
		}
		if text(e, "class") == "STAR" || text(e, "type") == "STAR" {
			m.name = "*"
		}
		all = append(all, m)
	}
	return all
}

// scope is the set of common table expressions that a node sees.
type scope map[string]bool

func (s scope) with(name string) scope {
	inner := maps.Clone(s)
	if inner == nil {
		inner = scope{}
	}
	inner[strings.ToLower(name)] = true
	return inner
}

type walker struct{ tree *tree }

func (w *walker) walk(v any, s scope) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			w.walk(e, s)
		}
	case map[string]any:
		w.node(v, s)
	}
}

// node looks at one object of the tree and goes on below it. An expression's own
// query sees the outer ones and those before it; only a recursive one sees itself.
func (w *walker) node(n map[string]any, s scope) {
	for _, e := range list(child(n, "cte_map"), "map") {
		entry, _ := e.(map[string]any)
		w.walk(entry["value"], s)
		s = s.with(text(entry, "key"))
	}
	below := s
	switch text(n, "type") {
	case "RECURSIVE_CTE_NODE", "CTE_NODE":
		below = s.with(text(n, "cte_name"))
	case "BASE_TABLE":
		w.table(n, s)
	case "TABLE_FUNCTION":
		w.tableFunction(n)
	case "SHOW_REF":
		w.findTable(n, "DESCRIBE, SHOW and SUMMARIZE are not a SELECT", "")
	case "JOIN":
		if text(n, "ref_type") == "POSITIONAL" {
			w.find(n, "POSITIONAL JOIN pairs rows by an order that is not total", "join on columns")
		}
	}
	w.expression(n)
	w.modifiers(n)
	for _, key := range sortedKeys(n) {
		switch {
		case key == "cte_map":
		case key == "left" && text(n, "type") == "RECURSIVE_CTE_NODE",
			key == "query" && text(n, "type") == "CTE_NODE":
			w.walk(n[key], s)
		default:
			w.walk(n[key], below)
		}
	}
}

func (w *walker) table(n map[string]any, s scope) {
	name := strings.ToLower(text(n, "table_name"))
	if schema := text(n, "schema_name"); schema != "" {
		w.findTable(n, fmt.Sprintf("%s.%s: a dataset is named without a schema", schema, name), "write "+name)
		return
	}
	if !s[name] {
		w.tree.tables = append(w.tree.tables, mention{name: name, off: offsetOf(n)})
	}
}

// pureTableFunctions read nothing.
var pureTableFunctions = []string{"unnest", "range", "generate_series"}

func (w *walker) tableFunction(n map[string]any) {
	if name := text(child(n, "function"), "function_name"); !slices.Contains(pureTableFunctions, name) {
		w.findTable(n, "table function "+name+": inputs are contracts and models, by name", "")
	}
}

func (w *walker) findTable(n map[string]any, msg, remedy string) {
	w.find(n, msg, remedy)
	w.tree.findings[len(w.tree.findings)-1].table = true
}

func (w *walker) find(n map[string]any, msg, remedy string) {
	w.tree.findings = append(w.tree.findings, finding{off: offsetOf(n), msg: msg, remedy: remedy})
}

func text(n map[string]any, key string) string {
	s, _ := n[key].(string)
	return s
}

func child(n map[string]any, key string) map[string]any {
	c, _ := n[key].(map[string]any)
	return c
}

func list(n map[string]any, key string) []any {
	l, _ := n[key].([]any)
	return l
}

// offsetOf is the node's place; 0 is not printed.
func offsetOf(n map[string]any) int {
	off, _ := n["query_location"].(float64)
	return int(off)
}
