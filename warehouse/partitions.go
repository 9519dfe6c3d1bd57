package warehouse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// TableState is what the warehouse holds of one table.
type TableState struct {
	Table string `json:"table"`
	// Floor is the first business date that is loaded again, "" for none.
	Floor  string       `json:"floor,omitempty"`
	Rows   int64        `json:"rows"`
	Bytes  int64        `json:"bytes"`
	Units  int          `json:"units"`
	Latest string       `json:"latest,omitempty"` // last business date
	Months []MonthState `json:"months,omitempty"` // none for a table that is merged by key
	// Alone are the tables with rows that no lake has, so that no load brings them back:
	// the table itself where keys are closed in it, and its history.
	Alone []string `json:"alone,omitempty"`
}

// MonthState is a partition directly below a table, with its leaves: itself,
// where it is not divided.
type MonthState struct {
	Name   string      `json:"name"`
	From   string      `json:"from"`
	To     string      `json:"to"` // first date after it
	Leaves []LeafState `json:"leaves"`
}

// LeafState is a leaf and what is recorded of it.
type LeafState struct {
	Name   string     `json:"name"`
	From   string     `json:"from"`
	To     string     `json:"to"`
	Units  int        `json:"units"`
	Rows   int64      `json:"rows"`  // as counted when they were loaded
	Bytes  int64      `json:"bytes"` // with indexes
	Loaded *time.Time `json:"loaded,omitempty"`
	Run    string     `json:"run,omitempty"` // that loaded last
}

// Partitions lists every table that was ever loaded, with its months and
// leaves as the catalogue has them.
func (w *Warehouse) Partitions(ctx context.Context) (states []TableState, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		loads, err := readLoads(ctx, conn)
		if err != nil {
			return err
		}
		floors, err := readFloors(ctx, conn)
		if err != nil {
			return err
		}
		sizes, err := readSizes(ctx, conn)
		if err != nil {
			return err
		}
		for len(loads) > 0 {
			name := loads[0].Table
			n := slices.IndexFunc(loads, func(u Loaded) bool { return u.Table != name })
			if n < 0 {
				n = len(loads)
			}
			t, err := readTable(ctx, conn, name)
			if err != nil {
				return err
			}
			state := t.state(loads[:n], sizes)
			if floor, set := floors[name]; set {
				state.Floor = dateText(floor)
			}
			states, loads = append(states, state), loads[n:]
		}
		return nil
	})
	return states, explain(err)
}

// readSizes are the bytes of the bank's tables with their indexes.
func readSizes(ctx context.Context, conn *pgx.Conn) (map[string]int64, error) {
	rows, err := conn.Query(ctx, "select relname::text, pg_total_relation_size(oid) from pg_class where relnamespace = $1::regnamespace and relkind = 'r'", bankSchema)
	if err != nil {
		return nil, fmt.Errorf("read sizes: %w", err)
	}
	sizes := map[string]int64{}
	var name string
	var bytes int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &bytes}, func() error { sizes[name] = bytes; return nil }); err != nil {
		return nil, fmt.Errorf("read sizes: %w", err)
	}
	return sizes, nil
}

func (t *table) state(loads []Loaded, sizes map[string]int64) TableState {
	state := TableState{Table: t.name, Units: len(loads), Bytes: sizes[t.name]}
	byLeaf := map[string][]Loaded{}
	for _, u := range loads {
		byLeaf[u.Leaf] = append(byLeaf[u.Leaf], u)
		state.Rows += u.Rows
		if u.To != nil {
			state.Latest = max(state.Latest, dateText(u.To.AddDate(0, 0, -1)))
		}
	}
	if t.key == "" && t.has(closedColumn) {
		state.Alone = append(state.Alone, t.name)
	}
	if t.history != nil {
		state.Alone = append(state.Alone, t.history.name)
	}
	for _, month := range inOrder(t.root.children) {
		m := MonthState{Name: month.name, From: dateText(month.from), To: dateText(month.to)}
		leaves := month.children
		if !month.split {
			leaves = []*node{month}
		}
		for _, n := range inOrder(leaves) {
			f := n.state(byLeaf[n.name])
			f.Bytes = sizes[n.name]
			state.Bytes += f.Bytes
			m.Leaves = append(m.Leaves, f)
		}
		state.Months = append(state.Months, m)
	}
	return state
}

func inOrder(nodes []*node) []*node {
	return slices.SortedFunc(slices.Values(nodes), func(a, b *node) int { return a.from.Compare(b.from) })
}

func (n *node) state(units []Loaded) LeafState {
	f := LeafState{Name: n.name, From: dateText(n.from), To: dateText(n.to), Units: len(units)}
	for _, u := range units {
		f.Rows += u.Rows
		if f.Loaded == nil || u.At.After(*f.Loaded) {
			f.Loaded, f.Run = &u.At, u.Run
		}
	}
	return f
}
