package check

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// linter looks at one statement. Offsets are bytes of its SQL.
type linter struct {
	*library
	st       model.Statement
	root     node
	tokens   []sqltext.Token // without comments
	findings []Finding
	seen     map[string]bool
}

// node is one object of json_serialize_sql's tree.
type node map[string]any

// library is what statements are held against: the project, and the trees of its
// models, each read once.
type library struct {
	project *model.Project
	roots   map[string]node      // of the files' statements, by file
	outputs map[string]*relation // of models
	onSpark bool                 // statements are to run there: what it lacks is an error
}

func newLibrary(ctx context.Context, b Binder, p *model.Project, statements []model.Statement) (*library, error) {
	lib := &library{project: p, roots: map[string]node{}, outputs: map[string]*relation{}}
	for _, s := range statements {
		root, err := parse(ctx, b, s.SQL)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", s.File, err)
		}
		lib.roots[s.File] = root
	}
	return lib, nil
}

// parse returns the tree of a SELECT.
func parse(ctx context.Context, b Binder, sql string) (node, error) {
	data, err := b.Parse(ctx, sql)
	if err != nil {
		return nil, err
	}
	var parsed struct {
		Statements []struct {
			Node node `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(data, &parsed); err != nil || len(parsed.Statements) != 1 {
		return nil, fmt.Errorf("read parsed statement: %w", err)
	}
	return parsed.Statements[0].Node, nil
}

func newLinter(ctx context.Context, b Binder, lib *library, s model.Statement) (*linter, error) {
	tokens, err := sqltext.Lex(s.File, s.SQL)
	if err != nil {
		return nil, err
	}
	root := lib.roots[s.File]
	if s.Kind == model.ConditionStatement {
		if root, err = parse(ctx, b, s.SQL); err != nil {
			return nil, err
		}
	}
	return &linter{library: lib, st: s, root: root, tokens: sqltext.Code(tokens), seen: map[string]bool{}}, nil
}

// find notes a finding once a place and rule.
func (l *linter) find(off int, rule, try, format string, args ...any) {
	pos, r := l.st.Pos(off), ruleOf(rule)
	key := rule + pos.String()
	if l.seen[key] {
		return
	}
	l.seen[key] = true
	if l.onSpark && (rule == sparkFunction || rule == sparkSyntax) {
		r.Severity = Error
	}
	l.findings = append(l.findings, Finding{File: l.st.File, Line: pos.Line, Column: pos.Col, Severity: r.Severity, Rule: rule,
		Message: fmt.Sprintf(format, args...), Why: r.Why, Try: try})
}

// unsteady are the constructs that a model may not have at all.
func (l *linter) unsteady() {
	for _, u := range l.st.Unsteady {
		try := u.Remedy
		if l.st.Kind == model.ConditionStatement && try != "" { // it has no business_day
			try = "compare with another column; how old the rows may be is said by `test: fresh within ...`"
		}
		l.find(u.Off, notRepeatable, try, "%s", strings.TrimSuffix(u.Msg, ": a model's rows are decided by its inputs alone"))
	}
}

func (n node) text(key string) string {
	s, _ := n[key].(string)
	return s
}

func (n node) child(key string) node {
	c, _ := n[key].(map[string]any)
	return c
}

func (n node) list(key string) []node {
	items, _ := n[key].([]any)
	var all []node
	for _, v := range items {
		if m, ok := v.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

func (n node) off() int {
	off, _ := n["query_location"].(float64)
	return int(off)
}

// path is the name of a column reference, lower case: [column] or [table, column].
func (n node) path() []string {
	if n.text("class") != "COLUMN_REF" {
		return nil
	}
	items, _ := n["column_names"].([]any)
	var all []string
	for _, v := range items {
		name, _ := v.(string)
		all = append(all, strings.ToLower(name))
	}
	return all
}

func (n node) column() string {
	if path := n.path(); len(path) > 0 {
		return path[len(path)-1]
	}
	return ""
}

// bare is the expression below a COLLATE.
func (n node) bare() node {
	for n.text("class") == "COLLATE" && n.child("child") != nil {
		n = n.child("child")
	}
	return n
}

// function is the name of a call, lower case; "" for all else.
func (n node) function() string {
	if class := n.text("class"); class == "FUNCTION" || class == "WINDOW" {
		return strings.ToLower(n.text("function_name"))
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// each calls do for n and all objects below it.
func (n node) each(do func(node)) {
	if n == nil {
		return
	}
	do(n)
	for _, key := range sortedKeys(n) {
		below(n[key], do)
	}
}

func below(v any, do func(node)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			below(e, do)
		}
	case map[string]any:
		node(v).each(do)
	}
}

// tokenAt is the place of the token that begins at a byte; -1 for none.
func (l *linter) tokenAt(off int) int {
	i, ok := slices.BinarySearchFunc(l.tokens, off, func(t sqltext.Token, off int) int { return t.Off - off })
	if !ok {
		return -1
	}
	return i
}
