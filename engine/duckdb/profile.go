package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"ledgermill/engine/job"
)

// Operator is one step of a plan that ran.
type Operator struct {
	Name    string   `json:"operator"`
	Detail  string   `json:"detail,omitempty"`
	Seconds float64  `json:"seconds"` // of all threads together
	Rows    int64    `json:"rows"`    // that it returned
	Depth   int      `json:"depth"`   // below the last step, which has 0
	Columns []string `json:"-"`
}

// Profile is a plan with what each of its steps took.
type Profile struct {
	Seconds   float64    `json:"seconds"` // on the clock
	Operators []Operator `json:"operators"`
}

// Costly are the operators, the dearest first.
func (p *Profile) Costly() []Operator {
	all := slices.Clone(p.Operators)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Seconds > all[j].Seconds })
	return all
}

// profiled is a node of EXPLAIN (ANALYZE, FORMAT json).
type profiled struct {
	Latency     float64        `json:"latency"`
	Name        string         `json:"operator_name"`
	Type        string         `json:"operator_type"`
	Timing      float64        `json:"operator_timing"`
	Cardinality int64          `json:"operator_cardinality"`
	Extra       map[string]any `json:"extra_info"`
	Children    []profiled     `json:"children"`
}

// Profile runs a statement on a unit and returns its plan with actual times and rows.
func (e *Engine) Profile(ctx context.Context, t job.Task, statement string) (_ *Profile, err error) {
	m, err := e.making(ctx, t.Unit, t.Previous, t.Inputs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.session.close()) }()
	inputs := t.Model.Inputs
	if t.Model.ReadsItself {
		inputs = append(slices.Clone(inputs), t.Model.Name)
	}
	if err := m.views(ctx, inputs); err != nil {
		return nil, err
	}
	const lead = "explain (analyze, format json) "
	var key, text string
	err = m.session.conn.QueryRowContext(ctx, lead+statement).Scan(&key, &text)
	if err != nil {
		return nil, behind(placed(err, lead+statement), len(lead))
	}
	var root profiled
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	p := &Profile{Seconds: root.Latency}
	for _, c := range root.Children {
		p.add(c, 0)
	}
	return p, nil
}

func (p *Profile) add(n profiled, depth int) {
	name := n.Name
	if name == "" {
		name = n.Type
	}
	if name = strings.TrimSpace(name); name != "EXPLAIN_ANALYZE" {
		p.Operators = append(p.Operators, Operator{Name: name, Detail: detail(n.Extra), Seconds: n.Timing, Rows: n.Cardinality, Depth: depth})
		depth++
	}
	for _, c := range n.Children {
		p.add(c, depth)
	}
}

// detail is what of a step tells which part of the statement it is.
func detail(extra map[string]any) string {
	var parts []string
	for _, key := range []string{"Table", "CTE Name", "Function", "Conditions", "Join Type", "Groups", "Aggregates", "Filters", "Expression", "Order By", "Projections"} {
		text := ""
		switch v := extra[key].(type) {
		case string:
			text = v
		case []any:
			var items []string
			for _, i := range v {
				items = append(items, fmt.Sprint(i))
			}
			text = strings.Join(items, ", ")
		}
		if text = strings.Join(strings.Fields(text), " "); text != "" && len(parts) < 2 {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}
