package layout

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
)

// Layout is how rows lie in the database.
type Layout string

// The four layouts.
const (
	Bare       Layout = "bare"       // one heap a table, no index
	Partitions Layout = "partitions" // the warehouse's leaves, no index
	Indexes    Layout = "indexes"    // one heap a table, the warehouse's indexes
	Both       Layout = "both"       // the warehouse as it is loaded
)

// All are the layouts, the one to compare with first.
func All() []Layout { return []Layout{Bare, Partitions, Indexes, Both} }

func (l Layout) heaps() bool   { return l == Bare || l == Indexes }
func (l Layout) indexed() bool { return l == Indexes || l == Both }

// Tables are a warehouse's rows in the four layouts. They keep one connection: runs
// cannot overlap, as a figure wants it. Not for concurrent use.
type Tables struct {
	conn  *pgx.Conn
	drops map[Layout]string // what a layout's transaction begins with
	roots map[string]string // the table of a leaf and of its indexes, by name
	block int64             // bytes
}

// Open makes the heaps beside the loaded warehouse at url, or takes those that are
// there and hold the same rows. Every table is compared by an order-free hash of
// its rows, whichever was the case. Progress gets one line for each step that takes
// time; it may be nil. The caller owes a Close.
func Open(ctx context.Context, url config.Secret, progress func(string)) (*Tables, error) {
	if progress == nil {
		progress = func(string) {}
	}
	conn, err := pgx.Connect(ctx, url.Reveal())
	if err != nil {
		return nil, fmt.Errorf("open layouts: %w", err)
	}
	t := &Tables{conn: conn, drops: map[Layout]string{}, roots: map[string]string{}}
	if err := t.open(ctx, progress); err != nil {
		return nil, errors.Join(fmt.Errorf("open layouts: %w", err), t.Close(ctx))
	}
	return t, nil
}

func (t *Tables) open(ctx context.Context, progress func(string)) error {
	tables, err := t.partitioned(ctx)
	if err != nil {
		return err
	}
	if len(tables) == 0 {
		return errors.New("schema public has no partitioned table: is the warehouse loaded?")
	}
	for _, name := range tables {
		if err := t.heap(ctx, name, progress); err != nil {
			return fmt.Errorf("heap of %s: %w", name, err)
		}
	}
	for _, l := range All() {
		if t.drops[l], err = t.drop(ctx, l); err != nil {
			return err
		}
	}
	if err := t.conn.QueryRow(ctx, "select current_setting('block_size')::bigint").Scan(&t.block); err != nil {
		return err
	}
	return t.readRoots(ctx)
}

// Close leaves the heaps for the next Open.
func (t *Tables) Close(ctx context.Context) error {
	return t.conn.Close(context.WithoutCancel(ctx))
}

// Remove drops the heaps.
func (t *Tables) Remove(ctx context.Context) error {
	if _, err := t.conn.Exec(ctx, "drop schema if exists "+heapSchema+" cascade"); err != nil {
		return fmt.Errorf("remove layouts: %w", err)
	}
	return nil
}

// drop is what takes the indexes away: all of the heaps or of the partitioned
// tables, and those of tables that never have partitions, which both share.
func (t *Tables) drop(ctx context.Context, l Layout) (string, error) {
	if l.indexed() {
		return "", nil
	}
	statements, err := collect(ctx, t.conn, `
		select case when con.oid is null
		         then format('drop index %I.%I cascade', n.nspname, i.relname)
		         else format('alter table %I.%I drop constraint %I cascade', n.nspname, r.relname, con.conname)
		       end
		from pg_index x
		join pg_class i on i.oid = x.indexrelid
		join pg_class r on r.oid = x.indrelid
		join pg_namespace n on n.oid = r.relnamespace
		left join pg_constraint con on con.conindid = x.indexrelid and con.contype in ('p', 'u', 'x')
		where not r.relispartition
		  and (n.nspname = 'public' and r.relkind = 'r' or n.nspname = $1 and $2 or n.nspname = 'public' and r.relkind = 'p' and not $2)
		order by 1`, heapSchema, l.heaps())
	return strings.Join(statements, ";\n"), err
}

// readRoots learns which leaf and which of its indexes is a part of what.
func (t *Tables) readRoots(ctx context.Context) error {
	rows, err := t.conn.Query(ctx, `
		select c.relname::text, (select r.relname::text from pg_class r where r.oid = pg_partition_root(c.oid))
		from pg_class c where c.relispartition`)
	if err != nil {
		return err
	}
	var name, root string
	_, err = pgx.ForEachRow(rows, []any{&name, &root}, func() error {
		t.roots[name] = root
		return nil
	})
	return err
}

// enter begins a transaction that sees a layout. It must be rolled back.
func (t *Tables) enter(ctx context.Context, l Layout) (pgx.Tx, error) {
	path := "public"
	if l.heaps() {
		path = heapSchema + ", public"
	}
	tx, err := t.conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("see layout %s: %w", l, err)
	}
	if _, err := tx.Exec(ctx, "set local client_min_messages = warning; set local search_path = "+path+";\n"+t.drops[l]); err != nil {
		return nil, errors.Join(fmt.Errorf("see layout %s: %w", l, err), tx.Rollback(context.WithoutCancel(ctx)))
	}
	return tx, nil
}

// within lends the connection in a transaction that sees a layout and is rolled
// back.
func (t *Tables) within(ctx context.Context, l Layout, f func(*pgx.Conn) error) (err error) {
	tx, err := t.enter(ctx, l)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))) }()
	return f(tx.Conn())
}

// collect are the texts of a query's only column.
func collect(ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
