package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// straysQuery finds the dates of a table's rows that are in no unit that is loaded. It
// is one statement, so that rows and units are of one snapshot: a load that goes on
// meanwhile brings both together.
const straysQuery = `
	with days as (select %[1]s::date as day, count(*) as n from %[2]s%[3]s group by 1)
	select day::text, n from days d
	where not exists (
	  select from ledgermill.loads l
	  join pg_class c on c.relnamespace = $2::regnamespace and c.relname = l.leaf and c.relispartition
	  where l.table_name = $1 and l.from_date <= d.day and d.day < l.to_date)
	order by day`

// datedTables are the partitioned tables that are asked about: those that the lake loads or
// that have a unit. Of a table that is merged all rows are compared.
func (r *reconciliation) datedTables(ctx context.Context, conn *pgx.Conn, list []Loaded) ([]*table, error) {
	named := map[string]bool{}
	for _, p := range slices.Concat(r.request.Parts, r.request.Published) {
		named[p.Table] = !p.whole()
	}
	for _, l := range list {
		named[l.Table] = l.From != nil
	}
	maps.DeleteFunc(named, func(name string, dated bool) bool { return !dated || !r.request.Within.has(name) })
	rows, err := conn.Query(ctx, "select relname::text from pg_class where relnamespace = $1::regnamespace and relkind = 'p' and relname = any ($2) order by 1",
		bankSchema, slices.Sorted(maps.Keys(named)))
	if err != nil {
		return nil, fmt.Errorf("reconcile: look for tables: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reconcile: look for tables: %w", err)
	}
	dated := make([]*table, len(names))
	for i, name := range names {
		if dated[i], err = r.tables.get(ctx, conn, name); err != nil {
			return nil, err
		}
	}
	return dated, nil
}

// strays are the dates of a table with rows that no load brought.
func (r *reconciliation) strays(ctx context.Context, conn *pgx.Conn, t *table) (found []ReconciledUnit, err error) {
	key := quote(t.key)
	var within []string
	if from := r.request.Within.From; !from.IsZero() {
		within = append(within, key+" >= "+literal(dateText(from)))
	}
	if to := r.request.Within.To; !to.IsZero() {
		within = append(within, key+" < "+literal(dateText(to)))
	}
	where := ""
	if len(within) > 0 {
		where = " where " + strings.Join(within, " and ")
	}
	// Leaves are frozen when they come and seen by older snapshots: only a statement that
	// takes its snapshot behind its plan has the units of all leaves in it.
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fmt.Sprintf(straysQuery, key, ident(t.name), where), t.name, bankSchema)
		if err != nil {
			return err
		}
		one := ReconciledUnit{Table: t.name, State: ByNoLoad}
		_, err = pgx.ForEachRow(rows, []any{&one.Unit, &one.WarehouseRows}, func() error {
			found = append(found, one)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reconcile %s: rows of no unit: %w", t.name, err)
	}
	return found, nil
}
