package warehouse

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

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
		if _, err := l.main.Exec(ctx, "drop table if exists "+ident(name)); err != nil {
			return fmt.Errorf("drop orphan leaf %s: %w", name, err)
		}
		l.w.log.InfoContext(ctx, "dropped orphan leaf", "leaf", name)
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
	pool := newConns(l.jobs.streams, l.w.connect)
	defer func() { _ = pool.close(context.WithoutCancel(ctx)) }()
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
			return pool.do(inner, func(conn *pgx.Conn) error {
				if _, err := conn.Exec(inner, command); err != nil {
					return fmt.Errorf("%s: %w", command, err)
				}
				return nil
			})
		})
	}
	return group.Wait()
}
