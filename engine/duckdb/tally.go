package duckdb

import (
	"context"
	"fmt"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// unitText is the name of the unit of a business date expression.
func unitText(p contract.Partition, date string) string {
	format := map[contract.Partition]string{contract.Day: "%Y-%m-%d", contract.Month: "%Y-%m", contract.Year: "%Y"}[p]
	if format == "" {
		return sqltext.QuoteString(string(job.Whole))
	}
	return fmt.Sprintf("coalesce(strftime(%s, '%s'), '%s')", date, format, ledger.NoDate)
}

// tally counts and sums records of a landing-shaped table by object, unit, class
// and control group. class is an SQL expression.
func (l *landing) tally(ctx context.Context, s *session, table, where, class string) ([]job.Classed, error) {
	date := "null"
	if l.contract.BusinessDate != "" {
		date = sqltext.QuoteName(l.contract.BusinessDate)
	}
	by, aggregates := l.controlColumns()
	inner := []string{"_o", class + " as class", date + " as date"}
	outer := []string{"_o", "class", unitText(l.contract.Partition, "date") + " as unit"}
	groups := []string{"_o", "class", "unit"}
	for i, g := range by {
		inner = append(inner, fmt.Sprintf("%s as by_%d", g, i))
		groups = append(groups, fmt.Sprintf("by_%d", i))
	}
	outer = append(outer, "cast(sum(rounded) as bigint)")
	outer = append(outer, groups[3:]...)
	inner = append(inner, "count(*) as records", "count(*) filter (where _rounded) as rounded")
	outer = append(outer, "cast(sum(records) as bigint)")
	for i, a := range aggregates {
		inner = append(inner, fmt.Sprintf("%s as figure_%d, count(*) - count(%s) as unreadable_%d", a.expression, i, a.column, i))
		outer = append(outer, fmt.Sprintf("cast(coalesce(sum(figure_%d), 0) as varchar), cast(sum(unreadable_%d) as bigint)", i, i))
	}
	keys := strings.Join(groups, ", ")
	query := fmt.Sprintf("select %s\nfrom (select %s from %s where %s group by all)\ngroup by %s\norder by %s",
		strings.Join(outer, ", "), strings.Join(inner, ", "), table, where, keys, keys)
	return l.scanTallies(ctx, s, query, len(by), len(aggregates))
}

type aggregate struct{ expression, column string }

// controlColumns are the SQL of the control directive: the text of each group
// column, and each aggregate.
func (l *landing) controlColumns() (by []string, aggregates []aggregate) {
	if l.contract.Control == nil {
		return nil, nil
	}
	for _, name := range l.contract.Control.By {
		q := sqltext.QuoteName(name)
		by = append(by, fmt.Sprintf("coalesce(cast(%s as varchar), case when list_contains(string_split(_reasons, ','), %s) then '%s' else '' end)",
			q, sqltext.QuoteString(name+"_type"), ledger.Unreadable))
	}
	for _, a := range l.contract.Control.Aggregates {
		q := sqltext.QuoteName(a.Column)
		aggregates = append(aggregates, aggregate{expression: a.Func + "(" + q + ")", column: q})
	}
	return by, aggregates
}

// places is "1, 2, ... n": positions, which no column's name can shadow.
func places(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(i + 1)
	}
	return strings.Join(list, ", ")
}

func (l *landing) scanTallies(ctx context.Context, s *session, query string, by, aggregates int) ([]job.Classed, error) {
	var object int
	var class, unit string
	var rounded int64
	g := newGroupScan(by, aggregates)
	var all []job.Classed
	err := s.rows(ctx, query, append([]any{&object, &class, &unit, &rounded}, g.dest...), func() error {
		group, err := g.group()
		if err != nil {
			return err
		}
		t := ledger.Tally{Records: group.Records}
		if aggregates > 0 {
			t.Groups = []ledger.Group{group}
		}
		o := l.objects[object]
		cell := ledger.Cell{Object: o.Key, ETag: o.ETag, Unit: unit}
		if class == "" {
			cell.Rounded = rounded
		}
		all = append(all, job.Classed{Class: job.Class(class), Cell: cell, Tally: t})
		return nil
	})
	return all, err
}
