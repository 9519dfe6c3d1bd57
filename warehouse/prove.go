package warehouse

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// proveUnits compares the leaf's rows with what the lake says of each part, and
// with what ledgermill.loads says of each unit that is kept.
func proveUnits(ctx context.Context, conn *pgx.Conn, f *leaf) error {
	if f.single() {
		s := f.parts[0]
		var err error
		s.sums, err = reconcile(ctx, conn, s, ident(f.stage), "")
		return err
	}
	rows, err := proveParts(ctx, conn, f)
	if err != nil {
		return err
	}
	if kept := f.kept(); len(kept) > 0 || len(f.parts) == 0 {
		if rows, err = proveKept(ctx, conn, f, kept); err != nil {
			return err
		}
	}
	for _, s := range f.parts {
		delete(rows, dateText(s.From))
	}
	for _, day := range slices.Sorted(maps.Keys(rows)) {
		return &ReconcileError{Table: f.table.name, Unit: day, What: "rows that no load brought", Expected: "0", Found: fmt.Sprint(rows[day])}
	}
	return nil
}

// proveParts reconciles many parts in one scan for each shape of their totals:
// all units of a dataset have one. It returns the rows found by day.
func proveParts(ctx context.Context, conn *pgx.Conn, f *leaf) (rows map[string]int64, err error) {
	shapes := map[string][]*staged{}
	for _, s := range f.parts {
		shapes[s.shape()] = append(shapes[s.shape()], s)
	}
	for _, shape := range slices.Sorted(maps.Keys(shapes)) {
		if rows, err = proveShape(ctx, conn, f, shapes[shape]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (s *staged) shape() string {
	var text strings.Builder
	for _, t := range s.Totals {
		fmt.Fprintf(&text, "%q %v,", t.Column, t.Sum != "")
	}
	for _, c := range s.Controls {
		fmt.Fprintf(&text, "%q %q %q;", c.Sum, c.Count, c.By)
	}
	return text.String()
}

func proveShape(ctx context.Context, conn *pgx.Conn, f *leaf, parts []*staged) (rows map[string]int64, err error) {
	controls, one := parts[0].Controls, side{table: f.table, unit: f.label(), relation: ident(f.stage), utf8: true}
	for at := range max(len(controls), 1) {
		c, totals := Control{}, []Total(nil)
		if len(controls) > 0 {
			c = controls[at]
		}
		if at == 0 {
			totals = parts[0].Totals
		}
		groups, err := one.scan(ctx, conn, totals, Control{Sum: c.Sum, Count: c.Count, By: append([]string{f.table.key}, c.By...)})
		if err != nil {
			return nil, err
		}
		var days map[string][]group
		days, rows = byDay(groups)
		for _, s := range parts {
			own := days[dateText(s.From)]
			var said, found Figures
			if at == 0 {
				said = Figures{Rows: s.Rows, Totals: s.Totals}
				if err := found.add(own, totals); err != nil {
					return nil, one.fault(err)
				}
				s.sums, s.controls = found.sums(), nil
			}
			if len(controls) > 0 {
				said.Controls, found.Controls = s.Controls[at:at+1], []Control{s.Controls[at].with(own)}
				s.controls = append(s.controls, found.Controls...)
			}
			if err := s.balance(said, found); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// byDay takes the first column of the groups off.
func byDay(groups []group) (days map[string][]group, rows map[string]int64) {
	days, rows = map[string][]group{}, map[string]int64{}
	for _, g := range groups {
		day := orNone(g.By[0])
		g.By = g.By[1:]
		days[day] = append(days[day], g)
		rows[day] += g.Count
	}
	return days, rows
}

// proveKept compares units that are kept with what ledgermill.loads says of
// them: as many rows and the same sums. It returns the rows of other days.
func proveKept(ctx context.Context, conn *pgx.Conn, f *leaf, kept []Loaded) (rows map[string]int64, err error) {
	summed := map[string]bool{}
	for _, u := range kept {
		for column := range u.Sums {
			if f.table.has(column) {
				summed[column] = true
			}
		}
	}
	sums := slices.Sorted(maps.Keys(summed))
	one := side{table: f.table, unit: f.label(), relation: ident(f.stage), utf8: true}
	groups, err := one.scan(ctx, conn, nil, Control{Sum: sums, By: []string{f.table.key}})
	if err != nil {
		return nil, err
	}
	days, rows := byDay(groups)
	for _, u := range kept {
		var own []group
		for day := range days {
			// Days that are none stay among the rows that no unit has.
			if at, err := time.Parse(time.DateOnly, day); err == nil && !at.Before(*u.From) && at.Before(*u.To) {
				own = append(own, days[day]...)
				delete(rows, day)
			}
		}
		if err := f.compareKept(u, own, sums); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (f *leaf) compareKept(u Loaded, groups []group, sums []string) error {
	fault := func(column, what, expected, found string) error {
		return &ReconcileError{Table: f.table.name, Unit: u.Unit, Column: column, What: what + " as loaded by run " + u.Run, Expected: expected, Found: found}
	}
	var count int64
	for _, g := range groups {
		count += g.Count
	}
	if count != u.Rows {
		return fault("", "rows", fmt.Sprint(u.Rows), fmt.Sprint(count))
	}
	for i, column := range sums {
		said, there := u.Sums[column]
		if !there {
			continue
		}
		want, err := rational(said)
		if err != nil {
			return fmt.Errorf("reconcile %s unit %s column %s: sum in ledgermill.loads: %w", f.table.name, u.Unit, column, err)
		}
		have := new(big.Rat)
		for _, g := range groups {
			if g.Sums[i] == "" {
				continue
			}
			sum, err := rational(g.Sums[i])
			if err != nil {
				return fmt.Errorf("reconcile %s unit %s column %s: sum in PostgreSQL: %w", f.table.name, u.Unit, column, err)
			}
			have.Add(have, sum)
		}
		if want.Cmp(have) != 0 {
			return fault(column, "sum", said, have.FloatString(decimals(said)))
		}
	}
	return nil
}
