package layout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Plan is how PostgreSQL ran a statement, once.
type Plan struct {
	Line    string          `json:"line"`    // the nodes that matter, from the result to the tables
	Indexes []string        `json:"indexes"` // that were used, by the names that tables have for them; sorted
	Hit     int64           `json:"hit"`     // blocks found in the server's memory, repeated visits included
	Read    int64           `json:"read"`    // blocks fetched from outside it
	Temp    int64           `json:"temp"`    // blocks of temporary files, read and written
	Bytes   int64           `json:"bytes"`   // of Hit and Read: what was looked at
	Planned time.Duration   `json:"planned"` // time that planning took
	Leaves  int             `json:"leaves"`  // tables read, each leaf one
	JSON    json.RawMessage `json:"-"`       // EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
}

// node is a part of EXPLAIN's JSON.
type node struct {
	Type        string `json:"Node Type"`
	Strategy    string `json:"Strategy"`
	PartialMode string `json:"Partial Mode"`
	Parallel    bool   `json:"Parallel Aware"`
	Relation    string `json:"Relation Name"`
	Index       string `json:"Index Name"`
	Workers     int    `json:"Workers Launched"`
	Loops       int64  `json:"Actual Loops"`
	Hit         int64  `json:"Shared Hit Blocks"`
	Read        int64  `json:"Shared Read Blocks"`
	TempRead    int64  `json:"Temp Read Blocks"`
	TempWritten int64  `json:"Temp Written Blocks"`
	Plans       []node `json:"Plans"`
}

type explained struct {
	Plan     node    `json:"Plan"`
	Planning float64 `json:"Planning Time"` // milliseconds
}

// Explain runs a statement on a layout once and returns its plan.
func (t *Tables) Explain(ctx context.Context, l Layout, sql string) (p Plan, err error) {
	s, err := t.Statement(ctx, l, sql)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	return s.Explain(ctx)
}

// Explain runs the statement and returns its plan.
func (s *Statement) Explain(ctx context.Context) (p Plan, err error) {
	err = s.tx.QueryRow(ctx, "explain (analyze, buffers, format json) "+s.sql, pgx.QueryExecModeSimpleProtocol).Scan(&p.JSON)
	if err != nil {
		return p, fmt.Errorf("explain on layout %s: %w", s.layout, err)
	}
	var parsed []explained
	if err := json.Unmarshal(p.JSON, &parsed); err != nil || len(parsed) != 1 {
		return p, fmt.Errorf("explain on layout %s: %d plans: %w", s.layout, len(parsed), err)
	}
	t := s.tables
	root := parsed[0].Plan
	p.Hit, p.Read, p.Temp = root.Hit, root.Read, root.TempRead+root.TempWritten
	p.Bytes, p.Planned = (p.Hit+p.Read)*t.block, time.Duration(parsed[0].Planning*float64(time.Millisecond))
	p.Line = t.line(root)
	t.walk(root, &p)
	slices.Sort(p.Indexes)
	p.Indexes = slices.Compact(p.Indexes)
	return p, nil
}

// ExplainText runs a statement on a layout and returns its plan as text.
func (t *Tables) ExplainText(ctx context.Context, l Layout, sql string) (text string, err error) {
	err = t.within(ctx, l, func(conn *pgx.Conn) error {
		lines, err := collect(ctx, conn, "explain (analyze, buffers) "+sql, pgx.QueryExecModeSimpleProtocol)
		text = strings.Join(lines, "\n") + "\n"
		return err
	})
	if err != nil {
		return "", fmt.Errorf("explain on layout %s: %w", l, err)
	}
	return text, nil
}

// walk gathers what was used. A part that never ran used nothing.
func (t *Tables) walk(n node, p *Plan) {
	if n.Loops == 0 {
		return
	}
	if n.Index != "" {
		p.Indexes = append(p.Indexes, t.root(n.Index))
	}
	if n.Relation != "" {
		p.Leaves++
	}
	for _, child := range n.Plans {
		t.walk(child, p)
	}
}

func (t *Tables) root(name string) string {
	if root, part := t.roots[name]; part {
		return root
	}
	return name
}

// line is a plan in one line: from left to right as rows go from the tables to the
// result, children of a node in brackets where there are several, equal ones
// counted.
func (t *Tables) line(n node) string {
	var children []string
	counts := map[string]int{}
	for _, child := range n.Plans {
		text := t.line(child)
		if counts[text]++; counts[text] == 1 {
			children = append(children, text)
		}
	}
	for i, text := range children {
		if counts[text] > 1 {
			children[i] = strconv.Itoa(counts[text]) + " × " + text
		}
	}
	own := t.label(n)
	switch {
	case n.Type == "BitmapAnd", n.Type == "BitmapOr":
		return own + " of " + strings.Join(children, " and ")
	case n.Type == "Bitmap Heap Scan":
		return own + " by " + strings.Join(children, ", ")
	case len(children) == 0:
		return own
	case len(children) == 1:
		return children[0] + " → " + own
	}
	return "(" + strings.Join(children, "; ") + ") → " + own
}

// label is a node by itself.
func (t *Tables) label(n node) string {
	kind := n.Type
	switch {
	case kind == "Bitmap Index Scan":
		return t.root(n.Index)
	case kind == "Aggregate":
		kind = map[string]string{"Hashed": "HashAggregate", "Sorted": "GroupAggregate", "Mixed": "MixedAggregate"}[n.Strategy]
		if kind == "" {
			kind = "Aggregate"
		}
		if n.PartialMode == "Partial" || n.PartialMode == "Finalize" {
			kind = n.PartialMode + " " + kind
		}
	case strings.HasPrefix(kind, "Gather"):
		return kind + " from " + strconv.Itoa(n.Workers)
	}
	if n.Parallel && n.Relation != "" {
		kind = "Parallel " + kind
	}
	switch {
	case n.Index != "":
		return kind + " of " + t.root(n.Relation) + " by " + t.root(n.Index)
	case n.Relation != "":
		return kind + " of " + t.root(n.Relation)
	}
	return kind
}
