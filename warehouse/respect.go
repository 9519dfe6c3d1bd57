package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// respect makes sure that showing the leaf takes nothing of anybody's away: an
// index that somebody made on an old leaf is built on the new one, and what
// cannot be carried over keeps the leaf from being replaced. What else hangs on
// an old leaf from outside is PostgreSQL's to refuse.
func (l *load) respect(ctx context.Context, f *leaf) error {
	if f.into != nil {
		return nil
	}
	if err := l.wayIsFree(ctx, f); err != nil {
		return err
	}
	var oids []uint32
	for _, old := range f.old {
		oids = append(oids, old.oid)
	}
	if err := l.refuseOwn(ctx, f, oids); err != nil {
		return err
	}
	if f.parent != f.table.root && f.parent.oid != 0 {
		oids = append(oids, f.parent.oid)
	}
	return l.carryIndexes(ctx, f, oids)
}

// wayIsFree refuses a leaf whose name somebody else's table has.
func (l *load) wayIsFree(ctx context.Context, f *leaf) error {
	if slices.ContainsFunc(f.old, func(n *node) bool { return n.name == f.name }) {
		return nil
	}
	var taken bool
	if err := l.main.QueryRow(ctx, "select to_regclass($1) is not null", ident(f.name)).Scan(&taken); err != nil {
		return fmt.Errorf("look for table %s: %w", f.name, err)
	}
	if taken {
		return &LayoutError{Table: f.table.name, Reason: "a table " + f.name + " that is no partition of it has the name of the partition to be made",
			Remedy: "rename or drop " + f.name + ", then: ledgermill load"}
	}
	return nil
}

// refuseOwn looks for what a new leaf would not have and nobody would notice.
func (l *load) refuseOwn(ctx context.Context, f *leaf, oids []uint32) error {
	if len(oids) == 0 {
		return nil
	}
	rows, err := l.main.Query(ctx, `
		select format('trigger %I on %s', tgname, tgrelid::regclass) from pg_trigger
		where tgrelid = any ($1) and not tgisinternal and tgparentid = 0
		union all
		select format('policy %I on %s', polname, polrelid::regclass) from pg_policy where polrelid = any ($1)
		union all
		select format('rule %I on %s', rulename, ev_class::regclass) from pg_rewrite where ev_class = any ($1)
		union all
		select format('constraint %I on %s', conname, conrelid::regclass) from pg_constraint
		where conrelid = any ($1) and conparentid = 0 and (contype = 'f' or contype = 'c' and coninhcount = 0 and conname not like '%\_bounds')
		union all
		select format('foreign key %I of %s', conname, conrelid::regclass) from pg_constraint
		where contype = 'f' and confrelid = any ($1) and conparentid = 0 and conrelid <> all ($1)
		union all
		select distinct format('view %s on %s', r.ev_class::regclass, d.refobjid::regclass) from pg_depend d
		join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
		where d.refclassid = 'pg_class'::regclass and d.refobjid = any ($1) and r.ev_class <> all ($1)
		order by 1`, oids)
	if err != nil {
		return fmt.Errorf("look at leaves of %s: %w", f.table.name, err)
	}
	own, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look at leaves of %s: %w", f.table.name, err)
	}
	if len(own) > 0 {
		return &LayoutError{Table: f.table.name, Reason: "replacing a leaf would drop " + strings.Join(own, ", "),
			Remedy: "put it on " + f.table.name + " instead of its partition, or drop it; then: ledgermill load"}
	}
	return nil
}

// carryIndexes finds indexes that the parent table does not have: of the old
// leaves, and of the month itself.
func (l *load) carryIndexes(ctx context.Context, f *leaf, oids []uint32) error {
	if len(oids) == 0 {
		return nil
	}
	rows, err := l.main.Query(ctx, `
		select ic.relname::text, i.indisunique, c.relkind = 'r',
		       substr(pg_get_indexdef(i.indexrelid), length(format('CREATE %sINDEX %I ON %s%I.%I ', case when i.indisunique then 'UNIQUE ' else '' end,
		              ic.relname, case c.relkind when 'p' then 'ONLY ' else '' end, n.nspname, c.relname)) + 1),
		       i.indexprs is not null
		from pg_index i
		join pg_class ic on ic.oid = i.indexrelid
		join pg_class c on c.oid = i.indrelid
		join pg_namespace n on n.oid = c.relnamespace
		where i.indrelid = any ($1) and i.indislive and not exists (select from pg_inherits where inhrelid = i.indexrelid)
		  and not exists (select from pg_constraint where conindid = i.indexrelid and contype = 'x')
		order by c.relkind, ic.relname`, oids)
	if err != nil {
		return fmt.Errorf("read indexes of leaves of %s: %w", f.table.name, err)
	}
	i := index{rank: 5}
	_, err = pgx.ForEachRow(rows, []any{&i.name, &i.unique, &i.own, &i.tail, &i.expression}, func() error {
		if !slices.ContainsFunc(f.own, func(other index) bool { return other.tail == i.tail && other.unique == i.unique }) {
			f.own = append(f.own, i)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read indexes of leaves of %s: %w", f.table.name, err)
	}
	for _, i := range f.own {
		l.w.log.InfoContext(ctx, "index carried over", "table", f.table.name, "index", i.name, "leaf", f.name)
	}
	return nil
}
