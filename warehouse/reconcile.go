package warehouse

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"
)

// reconcile counts and sums the part's rows in relation, where condition holds
// if it is not empty, and compares with what the lake said. It keeps what
// PostgreSQL found with the part and returns the sums. One scan does for rows,
// columns and the first control.
func reconcile(ctx context.Context, conn *pgx.Conn, s *staged, relation, condition string) (map[string]string, error) {
	one := side{table: s.table, unit: s.Unit, relation: relation, condition: condition, utf8: true}
	said := Figures{Rows: s.Rows, Totals: s.Totals, Controls: s.Controls}
	found, err := one.measure(ctx, conn, said.Totals, said.Controls)
	if err != nil {
		return nil, err
	}
	if err := s.balance(said, found); err != nil {
		return nil, err
	}
	s.controls = found.Controls
	return found.sums(), nil
}

// balance compares figures of the part and refuses the first difference.
func (s *staged) balance(said, found Figures) error {
	differences, err := compare(said, found)
	if err != nil {
		return fmt.Errorf("reconcile %s unit %s: %w", s.Table, s.Unit, err)
	}
	if len(differences) > 0 {
		d := differences[0]
		return s.mismatch(d.Column, d.What, d.Lake, d.Warehouse)
	}
	return nil
}

func (s *staged) mismatch(column, what, expected, found string) error {
	return &ReconcileError{Table: s.Table, Unit: s.Unit, Column: column, What: what, Expected: expected, Found: found}
}

// sums are those of the columns that have one.
func (f Figures) sums() map[string]string {
	sums := map[string]string{}
	for _, t := range f.Totals {
		if t.Sum != "" {
			sums[t.Column] = t.Sum
		}
	}
	return sums
}

// measure computes the totals that are asked for, and the controls. The rows of
// the first control carry the totals, which are then added up; but the smallest
// and largest values cost a scan of their own.
func (s side) measure(ctx context.Context, conn *pgx.Conn, totals []Total, controls []Control) (Figures, error) {
	alone := len(controls) == 0 || slices.ContainsFunc(totals, func(t Total) bool { return t.Kind.ends() })
	if alone {
		controls = append([]Control{{}}, controls...)
	}
	var found Figures
	for i, c := range controls {
		var carried []Total
		if i == 0 {
			carried = totals
		}
		groups, err := s.scan(ctx, conn, carried, c)
		if err != nil {
			return found, err
		}
		if i == 0 {
			if err := found.add(groups, totals); err != nil {
				return found, s.fault(err)
			}
		}
		found.Controls = append(found.Controls, c.with(groups))
	}
	if alone {
		found.Controls = found.Controls[1:]
	}
	return found, nil
}

// with is the control with the rows of the groups.
func (c Control) with(groups []group) Control {
	c.Rows = make([]ControlRow, len(groups))
	for i, g := range groups {
		c.Rows[i] = g.ControlRow
	}
	return c
}

// add adds the groups up.
func (f *Figures) add(groups []group, totals []Total) error {
	f.Totals = make([]Total, len(totals))
	for i, t := range totals {
		f.Totals[i] = Total{Column: t.Column, Kind: t.Kind}
	}
	for _, g := range groups {
		f.Rows += g.Count
		for i := range f.Totals {
			t := &f.Totals[i]
			t.NonNull += g.totals[i].NonNull
			t.Min, t.Max = g.totals[i].Min, g.totals[i].Max
			if g.totals[i].Sum == "" {
				continue
			}
			sum, err := plus(t.Sum, g.totals[i].Sum)
			if err != nil {
				return fmt.Errorf("column %s: %w", t.Column, err)
			}
			t.Sum = sum
		}
	}
	for i, t := range totals {
		if f.Totals[i].Sum == "" && (t.Sum != "" || t.Kind.sums()) {
			f.Totals[i].Sum = "0"
		}
	}
	return nil
}

func plus(x, y string) (string, error) {
	if x == "" {
		return y, nil
	}
	a, err := rational(x)
	if err != nil {
		return "", err
	}
	b, err := rational(y)
	if err != nil {
		return "", err
	}
	return new(big.Rat).Add(a, b).FloatString(max(decimals(x), decimals(y))), nil
}
