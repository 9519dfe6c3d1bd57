package warehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// Maintenance is what [Warehouse.Maintain] is asked.
type Maintenance struct {
	// Month limits it to one; the zero time stands for all.
	Month time.Time
	// Cluster rebuilds each leaf in the order of the index that the table's
	// leaf_options name as cluster, else of its primary key. Readers see the old
	// leaf until then.
	Cluster bool
	// Vacuum vacuums and analyses every leaf; without it and Cluster, those
	// that have dead rows.
	Vacuum bool
}

// Maintain looks after leaves: it compacts what is beyond the open days, and
// vacuums or sorts. Readers are kept waiting no longer than by a swap.
func (w *Warehouse) Maintain(ctx context.Context, m Maintenance) (Report, error) {
	return w.change(ctx, Request{}, func(ctx context.Context, l *load) error {
		if err := l.readTables(ctx); err != nil {
			return err
		}
		if m.Cluster {
			return l.cluster(ctx, m.Month)
		}
		if m.Month.IsZero() {
			if err := l.rebuild(ctx, l.excess()); err != nil {
				return err
			}
			if err := l.readTables(ctx); err != nil {
				return err
			}
		}
		return l.vacuum(ctx, l.leavesIn(m.Month), !m.Vacuum)
	})
}

// Analyze takes the statistics of every loaded table and all its leaves anew.
func (w *Warehouse) Analyze(ctx context.Context) (tables []string, err error) {
	_, err = w.change(ctx, Request{}, func(ctx context.Context, l *load) error {
		if err := l.readState(ctx); err != nil {
			return err
		}
		for _, u := range l.loads {
			if !slices.Contains(tables, u.Table) {
				tables = append(tables, u.Table)
			}
		}
		return l.everywhere(ctx, tables, "analyze ")
	})
	return tables, err
}

// everywhere runs a statement on tables, several at once.
func (l *load) everywhere(ctx context.Context, names []string, statement string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range names {
		group.Go(func() error {
			return l.conns.do(ctx, func(conn *pgx.Conn) error {
				if _, err := conn.Exec(ctx, statement+ident(name)); err != nil {
					return fmt.Errorf("%s%s: %w", statement, name, err)
				}
				return nil
			})
		})
	}
	return group.Wait()
}

// leavesIn are the leaves of all tables within a month, or all.
func (l *load) leavesIn(month time.Time) (leaves []*leaf) {
	for _, name := range slices.Sorted(maps.Keys(l.tables)) {
		t := l.tables[name]
		var collect func(parent *node)
		collect = func(parent *node) {
			for _, n := range inOrder(parent.children) {
				switch {
				case n.split:
					collect(n)
				case month.IsZero() || !n.from.Before(month) && !n.to.After(month.AddDate(0, 1, 0)):
					leaves = append(leaves, &leaf{table: t, from: n.from, to: n.to, parent: parent, old: []*node{n}})
				}
			}
		}
		collect(t.root)
	}
	return leaves
}

func (l *load) vacuum(ctx context.Context, leaves []*leaf, onlyDead bool) error {
	var names []string
	for _, f := range leaves {
		dead := true
		if onlyDead {
			if err := l.main.QueryRow(ctx, "select pg_stat_get_dead_tuples($1) > 0", f.old[0].oid).Scan(&dead); err != nil {
				return fmt.Errorf("look for dead rows of %s: %w", f.old[0].name, err)
			}
		}
		if dead {
			names = append(names, f.old[0].name)
		}
	}
	if err := l.everywhere(ctx, names, "vacuum (analyze) "); err != nil {
		return err
	}
	l.report.Vacuumed = names
	return nil
}

func (l *load) cluster(ctx context.Context, month time.Time) error {
	var batches []*batch
	for _, f := range l.leavesIn(month) {
		if f.table.order == "" {
			return &LayoutError{Table: f.table.name, Reason: "has no index to sort its leaves by",
				Remedy: "name one in ledgermill.leaf_options: option cluster, value the index"}
		}
		f.order = f.table.order
		batches = append(batches, l.rebuilding(f))
	}
	return l.rebuild(ctx, batches)
}

// addMonth attaches an empty month. Readers see no difference, so it needs no
// part in the unit's transaction, and one left empty by a crash is used by the
// next load.
func (l *load) addMonth(ctx context.Context, t *table, month *node) error {
	key := quote(t.key)
	statements := fmt.Sprintf("create table %s (like %s %s) partition by range (%s);\n", ident(month.name), ident(t.name), likeParent, key) +
		fmt.Sprintf("alter table %s attach partition %s for values from (%s) to (%s);\n",
			ident(t.name), ident(month.name), literal(dateText(month.from)), literal(dateText(month.to)))
	if t.owner != "" {
		statements += fmt.Sprintf("alter table %s owner to %s;\n", ident(month.name), quote(t.owner))
	}
	_, err := l.untilDeadline(ctx, l.main, "month "+month.from.Format("2006-01"), []string{ident(t.name)}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, statements)
		return err
	})
	if err != nil {
		return err
	}
	t.root.children = append(t.root.children, month)
	return nil
}

// dropOrphans drops what a load left that did not come to its swap. The load
// lock is held: nobody else is staging. A build of a killed load may still
// have its lock; the drop waits for it.
func (l *load) dropOrphans(ctx context.Context) error {
	rows, err := l.main.Query(ctx, `
		select c.relname::text from pg_class c
		where c.relnamespace = $1::regnamespace and c.relkind = 'r' and not c.relispartition
		  and obj_description(c.oid, 'pg_class') = $2`, bankSchema, stagedComment)
	if err != nil {
		return fmt.Errorf("look for orphan leaves: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for orphan leaves: %w", err)
	}
	for _, name := range names {
		if err := l.dropOrphan(ctx, name); err != nil {
			return err
		}
		l.w.log.InfoContext(ctx, "dropped orphan leaf", "leaf", name)
	}
	return nil
}

// dropOrphan leaves a table that something of somebody's hangs on: nobody but
// its owner may decide that.
func (l *load) dropOrphan(ctx context.Context, name string) error {
	_, err := l.main.Exec(ctx, "drop table if exists "+ident(name))
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == dependentObjects {
		l.w.log.WarnContext(ctx, "a leaf that is no longer used cannot be dropped", "leaf", name, "because", refused.Detail)
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop orphan leaf %s: %w", name, err)
	}
	return nil
}

// staleShare is the change of a table's rows beyond which its own statistics
// are taken again. Autovacuum never does that for a partitioned table.
const staleShare = 0.1

// onlyVersion is the first with ANALYZE ONLY; before it, statistics of a parent
// are only to be had together with those of all leaves.
const onlyVersion = 18

// analyzeParents takes the statistics that plans across leaves need.
func (l *load) analyzeParents(ctx context.Context) error {
	touched := map[string]bool{}
	for _, p := range l.report.Parts {
		touched[p.Table] = p.Leaf != ""
	}
	list, err := readLoads(ctx, l.main)
	if err != nil {
		return err
	}
	rows := map[string]float64{}
	for _, loaded := range list {
		rows[loaded.Table] += float64(loaded.Rows)
	}
	group, inner := errgroup.WithContext(ctx)
	for name, t := range l.tables {
		if !touched[name] || t.estimate >= 0 && math.Abs(rows[name]-t.estimate) <= staleShare*t.estimate {
			continue
		}
		command := "analyze " + ident(name)
		if l.w.version >= onlyVersion {
			command = strings.Replace(command, "analyze", "analyze only", 1)
		}
		group.Go(func() error {
			return l.conns.do(inner, func(conn *pgx.Conn) error {
				if _, err := conn.Exec(inner, command); err != nil {
					return fmt.Errorf("%s: %w", command, err)
				}
				return nil
			})
		})
	}
	return group.Wait()
}
