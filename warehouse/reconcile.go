package warehouse

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// reconcile counts and sums the part's rows in relation, where condition holds
// if it is not empty, and compares with what the lake said. It returns the
// sums found. One scan does for rows, columns and the first control.
func reconcile(ctx context.Context, conn *pgx.Conn, s *staged, relation, condition string) (map[string]string, error) {
	main := Control{}
	if len(s.Controls) > 0 {
		main = s.Controls[0]
	}
	groups, err := s.scan(ctx, conn, relation, condition, s.Totals, main)
	if err != nil {
		return nil, err
	}
	sums, err := s.compareTotals(groups)
	if err != nil {
		return nil, err
	}
	if len(s.Controls) == 0 {
		return sums, nil
	}
	if err := s.compareControl(main, groups); err != nil {
		return nil, err
	}
	for _, c := range s.Controls[1:] {
		groups, err := s.scan(ctx, conn, relation, condition, nil, c)
		if err != nil {
			return nil, err
		}
		if err := s.compareControl(c, groups); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// group is what PostgreSQL found in one group of a control.
type group struct {
	by      []*string
	count   int64
	nonNull []int64
	totals  []*string // sums of the totals that have one, nil where all are null
	sums    []*string // sums of the control
}

// scan reads counts and sums grouped by the control's columns.
func (s *staged) scan(ctx context.Context, conn *pgx.Conn, relation, condition string, totals []Total, c Control) ([]group, error) {
	var list []string
	for _, name := range c.By {
		list = append(list, quote(name)+"::text")
	}
	list = append(list, "count(*)")
	for _, t := range totals {
		list = append(list, "count("+quote(t.Column)+")")
	}
	summed := 0
	for _, t := range totals {
		if t.Sum != "" {
			list = append(list, s.table.sum(t.Column))
			summed++
		}
	}
	for _, name := range c.Sum {
		list = append(list, s.table.sum(name))
	}
	query := "select " + strings.Join(list, ", ") + " from " + relation
	if condition != "" {
		query += " where " + condition
	}
	if len(c.By) > 0 {
		query += " group by " + quoteAll(c.By)
	}
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("reconcile %s unit %s: %w", s.Table, s.Unit, err)
	}
	groups, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (group, error) {
		g := group{by: make([]*string, len(c.By)), nonNull: make([]int64, len(totals)),
			totals: make([]*string, summed), sums: make([]*string, len(c.Sum))}
		var into []any
		for i := range g.by {
			into = append(into, &g.by[i])
		}
		into = append(into, &g.count)
		for i := range g.nonNull {
			into = append(into, &g.nonNull[i])
		}
		for i := range g.totals {
			into = append(into, &g.totals[i])
		}
		for i := range g.sums {
			into = append(into, &g.sums[i])
		}
		return g, row.Scan(into...)
	})
	if err != nil {
		return nil, fmt.Errorf("reconcile %s unit %s: %w", s.Table, s.Unit, err)
	}
	return groups, nil
}

// sum is exact: a sum of floats is not, a sum of their decimal values is.
func (t *table) sum(column string) string {
	name := quote(column)
	for _, c := range t.columns {
		if c.Name != column {
			continue
		}
		switch kind, _, _ := strings.Cut(c.Type, "("); kind {
		case "smallint", "integer", "bigint", "numeric":
			return "sum(" + name + ")::text"
		}
	}
	return "sum(" + name + "::text::numeric)::text"
}

// compareTotals adds the groups up and compares rows, non-null counts and sums.
func (s *staged) compareTotals(groups []group) (map[string]string, error) {
	var count int64
	for _, g := range groups {
		count += g.count
	}
	if count != s.Rows {
		return nil, s.mismatch("", "rows", fmt.Sprint(s.Rows), fmt.Sprint(count))
	}
	sums := map[string]string{}
	at := 0
	for i, t := range s.Totals {
		var nonNull int64
		for _, g := range groups {
			nonNull += g.nonNull[i]
		}
		if nonNull != t.NonNull {
			return nil, s.mismatch(t.Column, "non-null values", fmt.Sprint(t.NonNull), fmt.Sprint(nonNull))
		}
		if t.Sum == "" {
			continue
		}
		sum, scale := new(big.Rat), 0
		for _, g := range groups {
			if text := g.totals[at]; text != nil {
				value, err := rational(*text)
				if err != nil {
					return nil, fmt.Errorf("reconcile %s unit %s column %s: sum in PostgreSQL: %w", s.Table, s.Unit, t.Column, err)
				}
				sum.Add(sum, value)
				scale = max(scale, decimals(*text))
			}
		}
		at++
		expected, err := rational(t.Sum)
		if err != nil {
			return nil, fmt.Errorf("reconcile %s unit %s column %s: sum in the lake: %w", s.Table, s.Unit, t.Column, err)
		}
		found := sum.FloatString(scale)
		if sum.Cmp(expected) != 0 {
			return nil, s.mismatch(t.Column, "sum", t.Sum, found)
		}
		sums[t.Column] = found
	}
	return sums, nil
}

// compareControl compares groups both ways: a group too many is a difference.
func (s *staged) compareControl(c Control, groups []group) error {
	found := make(map[string]group, len(groups))
	for _, g := range groups {
		found[groupName(c.By, g.by)] = g
	}
	for _, expected := range c.Rows {
		name := groupName(c.By, expected.By)
		g, there := found[name]
		delete(found, name)
		if !there && expected.Count == 0 {
			continue
		}
		if g.count != expected.Count {
			return s.mismatch("", "rows"+name, fmt.Sprint(expected.Count), fmt.Sprint(g.count))
		}
		for i, column := range c.Sum {
			if err := s.compareSum(column, name, expected.Sums[i], g.sums[i]); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		return s.mismatch("", "rows"+name, "0", fmt.Sprint(found[name].count))
	}
	return nil
}

func (s *staged) compareSum(column, name, expected string, found *string) error {
	if found == nil || expected == "" {
		if found == nil && (expected == "" || isZero(expected)) {
			return nil
		}
		return s.mismatch(column, "sum"+name, orNone(&expected), orNone(found))
	}
	want, wantErr := rational(expected)
	have, haveErr := rational(*found)
	if wantErr != nil || haveErr != nil || want.Cmp(have) != 0 {
		return s.mismatch(column, "sum"+name, expected, *found)
	}
	return nil
}

func orNone(text *string) string {
	if text == nil || *text == "" {
		return "no value"
	}
	return *text
}

func isZero(text string) bool {
	value, err := rational(text)
	return err == nil && value.Sign() == 0
}

func (s *staged) mismatch(column, what, expected, found string) error {
	return &ReconcileError{Table: s.Table, Unit: s.Unit, Column: column, What: what, Expected: expected, Found: found}
}

// groupName is " for a = x, b = y", and nothing where there are no groups.
func groupName(by []string, values []*string) string {
	if len(by) == 0 {
		return ""
	}
	parts := make([]string, len(by))
	for i, name := range by {
		if i < len(values) && values[i] != nil {
			parts[i] = fmt.Sprintf("%s = %q", name, *values[i])
		} else {
			parts[i] = name + " is null"
		}
	}
	return " for " + strings.Join(parts, ", ")
}

func rational(text string) (*big.Rat, error) {
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", text)
	}
	return value, nil
}

func decimals(text string) int {
	_, fraction, _ := strings.Cut(text, ".")
	return len(fraction)
}
