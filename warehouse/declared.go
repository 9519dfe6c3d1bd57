package warehouse

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// declared is what migrations say about a table to the mill, beyond its
// definition.
type declared struct {
	// storage parameters of new leaves, as in WITH (...), "" for none.
	storage string
	// order is how a leaf is sorted again, as in ORDER BY, "" where nothing says.
	order string
	// links are columns whose values must be in a dimension.
	links []link
	// history keeps the versions of a dimension's rows, nil for none.
	history *history
}

// link is a row of ledgermill.dimension_keys.
type link struct {
	Column, Dimension, Key string
	ignored                []string
}

// Columns by which a dimension's inferred members and its history are known.
const (
	inferredColumn = "is_inferred"
	historySuffix  = "_history"
	validFrom      = "valid_from"
	validTo        = "valid_to"
	isCurrent      = "is_current"
	attributeHash  = "attribute_hash"
)

func (t *table) readDeclared(ctx context.Context, conn *pgx.Conn) error {
	if t.key == "" {
		return t.readHistory(ctx, conn)
	}
	rows, err := conn.Query(ctx, `
		select option || ' = ' || quote_literal(value) from ledgermill.leaf_options
		where table_name = $1 and option <> $2 order by option`, t.name, clusterOption)
	if err != nil {
		return err
	}
	options, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	t.storage = strings.Join(options, ", ")
	if err := t.readOrder(ctx, conn); err != nil {
		return err
	}
	return t.readLinks(ctx, conn)
}

// clusterOption names, among the leaf options, the index by which leaves are
// sorted again; the others are PostgreSQL's.
const clusterOption = "cluster"

// readOrder takes the columns of the index that is named, else of the primary
// key.
func (t *table) readOrder(ctx context.Context, conn *pgx.Conn) error {
	err := conn.QueryRow(ctx, `
		select ' order by ' || (select string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ' order by n) from generate_series(1, i.indnkeyatts) n)
		from pg_index i
		join pg_class c on c.oid = i.indexrelid
		left join ledgermill.leaf_options o on o.table_name = $2 and o.option = $3
		where i.indrelid = $1 and case when o.value is null then i.indisprimary else c.relname = o.value end`,
		t.oid, t.name, clusterOption).Scan(&t.order)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

func (t *table) readLinks(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		select k.column_name, k.dimension, k.dimension_column, k.ignored,
		       exists (select from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
		               where c.relnamespace = $2::regnamespace and c.relname = k.dimension and c.relkind = 'r'
		                 and a.attname in (k.dimension_column, $3) having count(*) = 2)
		from ledgermill.dimension_keys k where k.table_name = $1 order by k.column_name`, t.name, bankSchema, inferredColumn)
	if err != nil {
		return err
	}
	var one link
	var sound bool
	_, err = pgx.ForEachRow(rows, []any{&one.Column, &one.Dimension, &one.Key, &one.ignored, &sound}, func() error {
		if !sound || !t.has(one.Column) {
			return &LayoutError{Table: t.name,
				Reason: "ledgermill.dimension_keys links " + one.Column + " to " + one.Dimension + "." + one.Key + ", and one of these is not there, or no column " + inferredColumn,
				Remedy: "correct the row of ledgermill.dimension_keys by a migration"}
		}
		t.links = append(t.links, one)
		return nil
	})
	return err
}

// history is a table beside a dimension: <dimension>_history with the columns
// valid_from, valid_to, is_current and attribute_hash.
type history struct {
	name string
	// shared are the columns that it has from the dimension.
	shared   []string
	inferred bool // has is_inferred
}

// readHistory finds the history of a table that is merged by key.
func (t *table) readHistory(ctx context.Context, conn *pgx.Conn) error {
	h := history{name: t.name + historySuffix}
	rows, err := conn.Query(ctx, `
		select a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
		where c.relnamespace = $1::regnamespace and c.relname = $2 and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
		order by a.attnum`, bankSchema, h.name)
	if err != nil {
		return err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, own := range []string{validFrom, validTo, isCurrent, attributeHash} {
		if !slices.Contains(columns, own) {
			return nil
		}
	}
	for _, name := range columns {
		switch {
		case name == inferredColumn:
			h.inferred = true
		case t.has(name):
			h.shared = append(h.shared, name)
		}
	}
	t.history = &h
	return nil
}
