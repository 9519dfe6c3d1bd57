package lineage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// node is one object of the parser's tree.
type node map[string]any

func (n node) text(key string) string {
	s, _ := n[key].(string)
	return s
}

func (n node) child(key string) node {
	c, _ := n[key].(map[string]any)
	return c
}

func (n node) list(key string) []node {
	values, _ := n[key].([]any)
	var all []node
	for _, v := range values {
		if c, ok := v.(map[string]any); ok {
			all = append(all, c)
		}
	}
	return all
}

func (n node) texts(key string) []string {
	values, _ := n[key].([]any)
	var all []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

func (n node) is(key, value string) bool { return n.text(key) == value }

func (n node) yes(key string) bool {
	b, _ := n[key].(bool)
	return b
}

func (n node) number(key string) int {
	f, _ := n[key].(float64)
	return int(f)
}

// offset is the node's place in the statement, in bytes.
func (n node) offset() int { return n.number("query_location") }

// class is the class of an expression.
func (n node) class() string { return n.text("class") }

// constantText is the value of a constant of type VARCHAR.
func (n node) constantText() (string, bool) {
	if n.class() != "CONSTANT" {
		return "", false
	}
	s, ok := n.child("value")["value"].(string)
	return s, ok
}

// constantNumber is the value of an integer constant.
func (n node) constantNumber() (int, bool) {
	if n.class() != "CONSTANT" {
		return 0, false
	}
	f, ok := n.child("value")["value"].(float64)
	return int(f), ok
}

// below calls each for every expression right below n: not for those within them.
func (n node) below(each func(node)) {
	for _, key := range slices.Sorted(maps.Keys(n)) {
		nearest(n[key], each)
	}
}

func nearest(v any, each func(node)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			nearest(e, each)
		}
	case map[string]any:
		if node(v).class() != "" {
			each(v)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			nearest(v[key], each)
		}
	}
}

// contains reports whether an expression or one within it, subqueries left out, is
// what is asked for.
func (n node) contains(asked func(node) bool) bool {
	if asked(n) {
		return true
	}
	found := false
	if n.class() != "SUBQUERY" {
		n.below(func(e node) { found = found || e.contains(asked) })
	}
	return found
}

func same(a, b string) bool { return strings.EqualFold(a, b) }

// root is the query of a parsed statement.
func root(tree []byte) (node, error) {
	var parsed struct {
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(tree, &parsed); err != nil {
		return nil, fmt.Errorf("read parsed statement: %w", err)
	}
	if len(parsed.Statements) != 1 {
		return nil, fmt.Errorf("%d statements where one is expected", len(parsed.Statements))
	}
	return parsed.Statements[0].Node, nil
}
