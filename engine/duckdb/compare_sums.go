package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// sums adds up the DECIMAL columns of both versions.
func (k *comparing) sums(ctx context.Context) error {
	var by []string
	for _, name := range k.By {
		if c, ok := columnNamed(k.common, name); ok && !k.masks(c) && !slices.Contains(by, c.Name) {
			by = append(by, c.Name)
		}
	}
	k.out.By = by
	var columns []string
	for _, c := range slices.Concat(k.after, k.old) {
		if strings.HasPrefix(c.Type, "DECIMAL") && !slices.Contains(columns, c.Name) {
			columns = append(columns, c.Name)
		}
	}
	for _, name := range columns {
		if err := k.sum(ctx, name, by); err != nil {
			return err
		}
	}
	return nil
}

func (k *comparing) sum(ctx context.Context, name string, by []string) error {
	side := func(table string, columns []ledger.Column, as string) string {
		value := "cast(null as decimal(38, 2))"
		if c, ok := columnNamed(columns, name); ok && strings.HasPrefix(c.Type, "DECIMAL") {
			value = "sum(" + sqltext.QuoteName(c.Name) + ")"
		}
		list := []string{value + " as " + as}
		for i, b := range by {
			list = append(list, fmt.Sprintf("cast(%s as varchar) as b%d", sqltext.QuoteName(b), i))
		}
		text := "select " + strings.Join(list, ", ") + " from " + table
		if len(by) > 0 {
			text += " group by all"
		}
		return text
	}
	on, keys := "true", []string{}
	for i := range by {
		on += fmt.Sprintf(" and o.b%d is not distinct from n.b%d", i, i)
		keys = append(keys, fmt.Sprintf("coalesce(n.b%d, o.b%d)", i, i))
	}
	list := append(slices.Clone(keys), "cast(o.o as varchar)", "cast(n.n as varchar)", "cast(coalesce(n.n, 0) - coalesce(o.o, 0) as varchar)")
	query := fmt.Sprintf("select %s from (%s) o full join (%s) n on %s", strings.Join(list, ", "), side(oldTable, k.old, "o"), side(seenTable, k.after, "n"), on)
	if len(keys) > 0 {
		query += " order by " + strings.Join(keys, ", ")
	}
	return k.texts(ctx, query, len(list), func(row []*string) {
		n := len(keys)
		s := SumDifference{Column: name, By: row[:n], Before: row[n], After: row[n+1], Delta: row[n+2]}
		k.out.Sums = append(k.out.Sums, s)
	})
}
