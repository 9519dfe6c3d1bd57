package warehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// detachedSchema takes months that retention keeps outside of their tables.
const detachedSchema = "ledgermill_detached"

// Retention is what [Warehouse.Retain] is asked.
type Retention struct {
	// Months is how many are kept, counted back from the month of the last
	// business date that is loaded ([Warehouse.LatestDate]), that one included. 1 or more.
	Months int
	// Drop removes what is older; without it, it is detached into schema
	// ledgermill_detached.
	Drop bool
	// Sure does it; without it, Retain only tells what it would do.
	Sure bool
}

// Retained is what retention took, or would take, out of the tables.
type Retained struct {
	Floor  string          `json:"floor"` // first business date that is kept; "" where nothing is loaded
	Drop   bool            `json:"drop"`
	Done   bool            `json:"done"`
	Months []RetainedMonth `json:"months"`
}

// RetainedMonth is a partition that went, or would go.
type RetainedMonth struct {
	Table string `json:"table"`
	Name  string `json:"name"`
	From  string `json:"from"`
	To    string `json:"to"` // first date after it
	Units int    `json:"units"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// Retain keeps the last months of every partitioned table and detaches or drops
// the others. The floor is recorded first: no later load brings back what is
// below it, not even one that was interrupted. A partition that reaches across
// the floor stays. Each is detached in a short transaction of its own, which
// waits for readers like a swap does.
func (w *Warehouse) Retain(ctx context.Context, r Retention) (done Retained, err error) {
	done = Retained{Drop: r.Drop, Months: []RetainedMonth{}}
	_, err = w.change(ctx, Request{}, func(ctx context.Context, l *load) error {
		if err := l.readTables(ctx); err != nil {
			return err
		}
		floor := l.floorOf(r.Months)
		if floor.IsZero() {
			return nil
		}
		done.Floor = dateText(floor)
		sizes, err := readSizes(ctx, l.main)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(l.tables)) {
			for _, n := range inOrder(l.tables[name].root.children) {
				if !n.to.After(floor) {
					done.Months = append(done.Months, l.retained(l.tables[name], n, sizes))
				}
			}
		}
		if !r.Sure {
			return nil
		}
		if err := l.retain(ctx, floor, r.Drop); err != nil {
			return err
		}
		done.Done = true
		return nil
	})
	return done, err
}

// floorOf counts months back from the last business date.
func (l *load) floorOf(months int) time.Time {
	last := lastDate(datesOf(l.loads), l.begun)
	if last.IsZero() {
		return last
	}
	return monthOf(last).AddDate(0, 1-months, 0)
}

func (l *load) retained(t *table, n *node, sizes map[string]int64) RetainedMonth {
	m := RetainedMonth{Table: t.name, Name: n.name, From: dateText(n.from), To: dateText(n.to), Bytes: sizes[n.name]}
	for _, child := range n.children {
		m.Bytes += sizes[child.name]
	}
	for _, u := range l.unitsIn(t, append(slices.Clone(n.children), n)) {
		m.Units++
		m.Rows += u.Rows
	}
	return m
}

func (l *load) retain(ctx context.Context, floor time.Time, drop bool) error {
	for _, name := range slices.Sorted(maps.Keys(l.tables)) {
		t := l.tables[name]
		_, err := l.main.Exec(ctx, `
			insert into ledgermill.floors as f (table_name, floor) values ($1, $2)
			on conflict (table_name) do update set floor = excluded.floor, set_at = excluded.set_at where f.floor < excluded.floor`, name, floor)
		if err != nil {
			return fmt.Errorf("record floor of %s: %w", name, err)
		}
		for _, n := range inOrder(t.root.children) {
			if n.to.After(floor) {
				continue
			}
			if err := l.takeOut(ctx, t, n, drop); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeOut detaches one partition and forgets its units.
func (l *load) takeOut(ctx context.Context, t *table, n *node, drop bool) error {
	statements := fmt.Sprintf("alter table %s detach partition %s;\n", ident(t.name), ident(n.name))
	if drop {
		statements += "drop table " + ident(n.name)
	} else {
		for _, one := range append(slices.Clone(n.children), n) {
			statements += fmt.Sprintf("alter table %s set schema %s;\n", ident(one.name), quote(detachedSchema))
		}
	}
	names := []string{ident(t.name), ident(n.name)}
	_, err := l.untilDeadline(ctx, l.main, n.name, names, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "delete from ledgermill.loads where table_name = $1 and to_date <= $2 and from_date >= $3", t.name, n.to, n.from)
		if err != nil {
			return fmt.Errorf("forget units of %s: %w", n.name, err)
		}
		_, err = tx.Exec(ctx, statements)
		return retainFault(t, n, err)
	})
	return err
}

func retainFault(t *table, n *node, err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Code {
	case dependentObjects:
		return &LayoutError{Table: t.name, Reason: "partition " + n.name + " cannot be dropped: " + refused.Message + " (" + refused.Detail + ")",
			Remedy: "drop what depends on the partition, or: ledgermill warehouse retain --detach"}
	case duplicateTable:
		return &LayoutError{Table: t.name, Reason: "partition " + n.name + " cannot be detached: " + refused.Message,
			Remedy: "drop or rename what an earlier retain left in schema " + detachedSchema}
	}
	return err
}
