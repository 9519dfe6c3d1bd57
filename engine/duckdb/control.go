package duckdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// tally adds up the control totals of a file's rows.
func (c *controlSQL) tally(ctx context.Context, s *session, source string) (ledger.Tally, error) {
	var list []string
	for _, name := range c.control.By {
		list = append(list, "coalesce(cast("+sqltext.QuoteName(name)+" as varchar), '')")
	}
	keys := len(list)
	list = append(list, "count(*)")
	for _, a := range c.control.Aggregates {
		q := sqltext.QuoteName(a.Column)
		list = append(list, fmt.Sprintf("cast(coalesce(%s(%s), 0) as varchar), count(*) - count(%s)", a.Func, q, q))
	}
	query := "select " + strings.Join(list, ", ") + " from " + source
	if keys > 0 {
		query += " group by " + places(keys) + " order by " + places(keys)
	}
	g := newGroupScan(keys, len(c.control.Aggregates))
	var total ledger.Tally
	err := s.rows(ctx, query, g.dest, func() error {
		group, err := g.group()
		if err != nil {
			return err
		}
		total = total.Plus(ledger.Tally{Records: group.Records, Groups: []ledger.Group{group}})
		return nil
	})
	return total, err
}

// groupScan is the row of one control group: group columns, records, and a sum
// and a number of unreadable values an aggregate.
type groupScan struct {
	by         []string
	records    int64
	sums       []string
	unreadable []int64
	dest       []any
}

func newGroupScan(by, aggregates int) *groupScan {
	g := &groupScan{by: make([]string, by), sums: make([]string, aggregates), unreadable: make([]int64, aggregates)}
	for i := range g.by {
		g.dest = append(g.dest, &g.by[i])
	}
	g.dest = append(g.dest, &g.records)
	for i := range g.sums {
		g.dest = append(g.dest, &g.sums[i], &g.unreadable[i])
	}
	return g
}

func (g *groupScan) group() (ledger.Group, error) {
	group := ledger.Group{By: append([]string(nil), g.by...), Records: g.records, Unreadable: append([]int64(nil), g.unreadable...)}
	for _, text := range g.sums {
		d, err := decimal.NewFromString(text)
		if err != nil {
			return group, fmt.Errorf("control sum %q: %w", text, err)
		}
		group.Sums = append(group.Sums, d)
	}
	return group, nil
}
