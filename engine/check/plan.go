package check

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// kind is a type as a bound plan has it.
type kind struct {
	id           string
	width, scale int
}

func kindOf(n node) kind {
	info := n.child("type_info")
	width, _ := info["width"].(float64)
	scale, _ := info["scale"].(float64)
	return kind{id: n.text("id"), width: int(width), scale: int(scale)}
}

// String is the type in SQL.
func (k kind) String() string {
	if k.id == "DECIMAL" {
		return fmt.Sprintf("DECIMAL(%d,%d)", k.width, k.scale)
	}
	return k.id
}

func (k kind) money() bool { return k.id == "DECIMAL" }
func (k kind) float() bool { return k.id == "DOUBLE" || k.id == "FLOAT" }
func (k kind) integer() bool {
	return slices.Contains([]string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}, k.id)
}

// literal is a text that the statement takes for a value of a type.
type literal struct {
	off  int
	text string
	kind kind
}

// planned walks a bound plan.
type planned struct {
	*linter
	literals []literal
	averages map[string][]node // bound averages of a DECIMAL, by function
	floats   int               // averages of other types
	narrowed map[int]bool      // places of quotients that a wide cast takes and another rounds at once
}

// plan applies the rules that need types.
func (l *linter) plan(data []byte) ([]literal, error) {
	var parsed struct {
		Error   bool   `json:"error"`
		Message string `json:"error_message"`
		Plans   []node `json:"plans"`
	}
	if err := json.Unmarshal(data, &parsed); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	if parsed.Error {
		return nil, nil // some forms have no plan to print: what needs types is not looked at
	}
	p := planned{linter: l, averages: map[string][]node{}, narrowed: map[int]bool{}}
	for _, n := range parsed.Plans {
		p.visit(map[string]any(n), nil)
	}
	p.placeAverages()
	return p.literals, nil
}

func (p *planned) visit(v any, parent node) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			p.visit(e, parent)
		}
	case map[string]any:
		n := node(v)
		if n.text("expression_class") != "" {
			p.bound(n, parent)
			parent = n
		}
		for _, key := range sortedKeys(v) {
			p.visit(v[key], parent)
		}
	}
}

// returns is the type of a bound expression.
func returns(n node) kind {
	if n.text("expression_class") == "BOUND_CONSTANT" {
		return kindOf(n.child("value").child("type"))
	}
	return kindOf(n.child("return_type"))
}

// bound looks at one expression with its type.
func (p *planned) bound(n, parent node) {
	switch n.text("expression_class") {
	case "BOUND_CAST":
		p.cast(n, parent)
	case "BOUND_FUNCTION":
		switch n.text("name") {
		case "/":
			p.divided(n, parent)
		case "*":
			p.multiplied(n)
		}
	case "BOUND_AGGREGATE", "BOUND_WINDOW":
		p.averaged(n)
	}
}

// cast finds a DECIMAL that becomes floating point, decimals that become integers,
// and texts that stand for values.
func (p *planned) cast(n, parent node) {
	from, to := returns(n.child("child")), returns(n)
	child := n.child("child")
	p.narrow(to, child)
	if child.text("expression_class") == "BOUND_CONSTANT" {
		p.constant(n, child, to)
		return
	}
	switch {
	case from.money() && to.float() && parent.text("name") != "/":
		p.find(n.off(), moneyFloat, "keep it DECIMAL: cast the other side to decimal, or round what comes of it", "%s becomes %s%s", from, to, within(parent))
	case (from.money() && from.scale > 0 || from.float()) && to.integer() && p.st.Kind != model.QueryStatement && child.text("name") != "round" && child.text("name") != "floor" && child.text("name") != "ceil":
		p.find(n.off(), sparkCast, "round, floor or ceil it before the cast", "%s is cast to %s", from, to)
	}
}

func within(parent node) string {
	switch name := parent.text("name"); {
	case parent.text("expression_class") == "BOUND_COMPARISON":
		return " to be compared"
	case name != "" && parent["is_operator"] == true:
		return " for " + name
	case name != "":
		return " for " + name + "()"
	}
	return ""
}

// constant notes a text constant and its type.
func (p *planned) constant(cast, c node, to kind) {
	value := c.child("value")
	text, isText := value["value"].(string)
	if !isText || kindOf(value.child("type")).id != "VARCHAR" || to.id == "VARCHAR" || to.id == "" || to.id == "LIST" || to.id == "STRUCT" || to.id == "INTERVAL" || to.id == "BLOB" {
		return
	}
	if try, _ := cast["try_cast"].(bool); try {
		return
	}
	p.literals = append(p.literals, literal{off: cast.off(), text: text, kind: to})
}

// multiplied finds a product that has fewer digits than its factors may need.
func (p *planned) multiplied(n node) {
	args := n.list("children")
	if len(args) != 2 {
		return
	}
	a, b, product := returns(args[0]), returns(args[1]), returns(n)
	for _, c := range args {
		if c.text("expression_class") == "BOUND_CONSTANT" {
			return
		}
	}
	digits := product.width - product.scale
	if !a.money() || !b.money() || !product.money() || product.width >= a.width+b.width || digits > enough {
		return
	}
	p.find(n.off(), moneyOverflow, fmt.Sprintf("cast one side wider: cast(a as decimal(%d, %d)) * b", 38-b.width+b.scale, a.scale),
		"%s * %s is %s: it fails from %s on", a, b, product, thousands(digits))
}

// enough digits before the point hold whatever is counted in a bank.
const enough = 15

// thousands is 1 and so many zeros, in groups of three.
func thousands(zeros int) string {
	return "1" + strings.Repeat("0", zeros%3) + strings.Repeat(",000", zeros/3)
}

// averages are the functions that make floating point of a DECIMAL, or round it.
var averages = []string{"avg", "mean", "median", "quantile_cont", "quantile_disc", "percentile_cont", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop",
	"corr", "covar_pop", "covar_samp", "regr_slope", "regr_intercept", "skewness", "kurtosis", "favg", "fsum", "kahan_sum", "sumkahan", "mad"}

func (p *planned) averaged(n node) {
	name := strings.ToLower(n.text("name"))
	if name == "" {
		name = strings.ToLower(n.child("aggregate").text("name"))
	}
	if !slices.Contains(averages, name) {
		return
	}
	for _, c := range n.list("children") {
		if returns(c).money() || c.text("expression_class") == "BOUND_CAST" && returns(c.child("child")).money() {
			p.averages[name] = append(p.averages[name], c)
			return
		}
	}
	p.floats++
}

// placeAverages finds where in the text the bound averages stand: a plan does not
// say. Where averages of other types stand beside them, it goes by the column.
func (p *planned) placeAverages() {
	if len(p.averages) == 0 {
		return
	}
	var columns []string
	for _, list := range p.averages {
		for _, c := range list {
			c.each(func(e node) { columns = append(columns, strings.ToLower(e.text("alias"))) })
		}
	}
	p.root.each(func(e node) {
		name := e.function()
		if !slices.Contains(averages, name) {
			return
		}
		matches := p.floats == 0
		e.each(func(c node) { matches = matches || c.column() != "" && slices.Contains(columns, c.column()) })
		if matches {
			p.find(e.off(), moneyAverage, "of s = cast(sum(a) as decimal(30, 3)) and n = count(*), write "+exactQuotient("s", "n"), "%s() of a DECIMAL", name)
		}
	})
}

// badLiterals has the engine read the texts that stand for values.
func (l *linter) badLiterals(ctx context.Context, b Binder, literals []literal) error {
	if len(literals) == 0 {
		return nil
	}
	list := make([]string, len(literals))
	for i, t := range literals {
		list[i] = "try_cast(" + sqltext.QuoteString(t.text) + " as " + t.kind.String() + ") is null"
	}
	rows, err := b.Rows(ctx, "select "+strings.Join(list, ", "))
	if err != nil || len(rows) != 1 {
		return err
	}
	for i, bad := range rows[0] {
		if bad == "true" {
			l.find(literals[i].off, badLiteral, "", "type mismatch: %s is no %s", sqltext.QuoteString(literals[i].text), literals[i].kind)
		}
	}
	return nil
}
