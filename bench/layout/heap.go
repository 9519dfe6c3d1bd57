package layout

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// heapSchema holds the tables that are one heap, by the names of the warehouse's.
const heapSchema = "ledgermill_heaps"

// partitioned are the warehouse's partitioned tables.
func (t *Tables) partitioned(ctx context.Context) ([]string, error) {
	return collect(ctx, t.conn, `
		select relname::text from pg_class
		where relnamespace = 'public'::regnamespace and relkind = 'p' and not relispartition
		order by 1`)
}

// heap makes the copy of a table, unless there is one with the same rows.
func (t *Tables) heap(ctx context.Context, table string, progress func(string)) error {
	from, to := pgx.Identifier{"public", table}.Sanitize(), pgx.Identifier{heapSchema, table}.Sanitize()
	progress("hash the rows of " + table)
	want, err := t.content(ctx, from)
	if err != nil {
		return err
	}
	var there bool
	if err := t.conn.QueryRow(ctx, "select to_regclass($1) is not null", to).Scan(&there); err != nil {
		return err
	}
	if there {
		if got, err := t.content(ctx, to); err != nil || got == want {
			return err
		}
	}
	progress("copy " + table + " into one heap")
	if err := t.copy(ctx, table, from, to); err != nil {
		return err
	}
	got, err := t.content(ctx, to)
	if err == nil && got != want {
		err = fmt.Errorf("it has the content %s, and the warehouse's table has %s", got, want)
	}
	return err
}

// content tells what rows a table has, in whatever order.
func (t *Tables) content(ctx context.Context, table string) (text string, err error) {
	err = t.conn.QueryRow(ctx, "select count(*) || ' rows, hash ' || coalesce(sum(hash_record_extended(r, 0)::numeric), 0) from "+table+" r").Scan(&text)
	return text, err
}

// copy writes the rows in the order in which the leaves hold them, builds the
// indexes afterwards, as the mill does, and leaves nothing for autovacuum to do
// while something is measured.
func (t *Tables) copy(ctx context.Context, table, from, to string) error {
	err := pgx.BeginFunc(ctx, t.conn, func(tx pgx.Tx) error {
		// Made and filled in one transaction: where wal_level is minimal, without a log.
		_, err := tx.Exec(ctx, fmt.Sprintf(`
			create schema if not exists %[1]s;
			drop table if exists %[2]s cascade;
			create table %[2]s (like %[3]s including defaults including constraints including storage including statistics) with (autovacuum_enabled = off);
			insert into %[2]s select * from %[3]s`, heapSchema, to, from))
		return err
	})
	if err != nil {
		return err
	}
	indexes, err := t.indexes(ctx, table, to)
	if err != nil {
		return err
	}
	for _, statement := range append(indexes, "vacuum (freeze, analyze) "+to) {
		if _, err := t.conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// indexes are the statements that build on the heap what the table declares, by
// the same names.
func (t *Tables) indexes(ctx context.Context, table, to string) (statements []string, err error) {
	rows, err := t.conn.Query(ctx, `
		select i.relname::text, pg_get_indexdef(x.indexrelid), x.indisprimary
		from pg_index x join pg_class i on i.oid = x.indexrelid
		where x.indrelid = $1::text::regclass order by x.indisprimary desc, 1`, pgx.Identifier{"public", table}.Sanitize())
	if err != nil {
		return nil, err
	}
	var name, definition string
	var primary bool
	_, err = pgx.ForEachRow(rows, []any{&name, &definition, &primary}, func() error {
		head, tail, _ := strings.Cut(definition, " USING ")
		kind := "create index "
		if strings.HasPrefix(head, "CREATE UNIQUE") {
			kind = "create unique index "
		}
		quoted := pgx.Identifier{name}.Sanitize()
		statements = append(statements, kind+quoted+" on "+to+" using "+tail)
		if primary {
			statements = append(statements, "alter table "+to+" add constraint "+quoted+" primary key using index "+quoted)
		}
		return nil
	})
	return statements, err
}
