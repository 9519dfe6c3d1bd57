package warehouse

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
)

// table is what the catalogue says about one table of the bank.
type table struct {
	name    string
	oid     uint32
	columns []tableColumn
	// key is the partition column, "" for a table that is not partitioned.
	key string
	// unique are the column lists of unique indexes, for merging by key.
	unique  [][]string
	indexes []index
	root    *node
	// estimate is the parent's row estimate, negative where it was never analysed.
	estimate float64
	// owner is who must own a leaf, "" where whoever makes it does.
	owner string
	declared
}

type tableColumn struct {
	Name string
	Type string
	// Computed columns are filled by PostgreSQL: generated, identity.
	Computed bool
}

// index is an index of a partitioned table, to be built on each leaf.
type index struct {
	name   string
	unique bool
	// constraint is p or u for an index that backs a constraint, else "".
	constraint string
	// tail is the definition from the access method on.
	tail string
	// rank orders builds: the longest first.
	rank       int
	expression bool
	// own is one that somebody made on a leaf alone.
	own bool
}

// partialRank is that of the first indexes that are quick to build.
const partialRank = 3

// node is a table of a partition tree. Bounds are half open.
type node struct {
	name     string
	oid      uint32
	from, to time.Time
	split    bool // partitioned itself
	children []*node
}

// readTable reads one table's definition and partition tree.
func readTable(ctx context.Context, conn *pgx.Conn, name string) (*table, error) {
	t := &table{name: name}
	var kind string
	var strategy, key *string
	err := conn.QueryRow(ctx, `
		select c.oid, c.relkind::text, c.reltuples, p.partstrat::text,
		       case when c.relowner <> current_user::regrole then pg_get_userbyid(c.relowner) else '' end,
		       case when p.partnatts = 1 then (select attname from pg_attribute where attrelid = c.oid and attnum = p.partattrs[0]) end
		from pg_class c left join pg_partitioned_table p on p.partrelid = c.oid
		where c.relnamespace = $1::regnamespace and c.relname = $2 and c.relkind in ('r', 'p')`,
		bankSchema, name).Scan(&t.oid, &kind, &t.estimate, &strategy, &t.owner, &key)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, &LayoutError{Table: name, Reason: "does not exist in schema " + bankSchema,
			Remedy: "`ledgermill warehouse migrate --from-models` writes a file of sql/warehouse that creates it"}
	}
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", name, err)
	}
	if kind == "p" {
		if *strategy != "r" || key == nil {
			return nil, &LayoutError{Table: name, Reason: "is not partitioned by the range of one column",
				Remedy: "declare it in sql/warehouse as: partition by range (<business date>)"}
		}
		t.key = *key
	}
	for _, read := range []func(context.Context, *pgx.Conn) error{t.readColumns, t.readUnique, t.readIndexes, t.readTree, t.readDeclared} {
		if err := read(ctx, conn); err != nil {
			return nil, fmt.Errorf("read table %s: %w", name, err)
		}
	}
	return t, nil
}

func (t *table) readColumns(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		select attname, format_type(atttypid, atttypmod), attgenerated <> '' or attidentity <> ''
		from pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`, t.oid)
	if err != nil {
		return err
	}
	t.columns, err = pgx.CollectRows(rows, pgx.RowToStructByPos[tableColumn])
	return err
}

func (t *table) readUnique(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		select array_agg(a.attname::text order by a.attname)
		from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey[0:i.indnkeyatts - 1])
		where i.indrelid = $1 and i.indisunique and i.indimmediate and i.indpred is null and i.indexprs is null
		group by i.indexrelid`, t.oid)
	if err != nil {
		return err
	}
	t.unique, err = pgx.CollectRows(rows, pgx.RowTo[[]string])
	return err
}

// readIndexes takes the definitions apart where PostgreSQL puts them together:
// after the table's name, so that the rest can be said of another table.
func (t *table) readIndexes(ctx context.Context, conn *pgx.Conn) error {
	if t.key == "" {
		return nil
	}
	rows, err := conn.Query(ctx, `
		select name, is_unique, constraint_type, definition, length(head), starts_with(definition, head), rank, expression
		from (
		  select ic.relname::text as name, i.indisunique as is_unique, coalesce(k.contype::text, '') as constraint_type,
		         pg_get_indexdef(i.indexrelid) as definition,
		         format('CREATE %sINDEX %I ON ONLY %s ', case when i.indisunique then 'UNIQUE ' else '' end, ic.relname,
		                format('%I.%I', n.nspname, c.relname)) as head,
		         case when i.indisunique then 0 when am.amname = 'gin' then 1 when i.indpred is not null then 3 when am.amname = 'brin' then 4 else 2 end as rank,
		         i.indexprs is not null as expression
		  from pg_index i
		  join pg_class ic on ic.oid = i.indexrelid
		  join pg_am am on am.oid = ic.relam
		  join pg_class c on c.oid = i.indrelid
		  join pg_namespace n on n.oid = c.relnamespace
		  left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
		  where i.indrelid = $1 and i.indislive
		) d
		where constraint_type <> 'x'
		order by rank, name`, t.oid)
	if err != nil {
		return err
	}
	var i index
	var definition string
	var head int
	var known bool
	_, err = pgx.ForEachRow(rows, []any{&i.name, &i.unique, &i.constraint, &definition, &head, &known, &i.rank, &i.expression}, func() error {
		if !known {
			return fmt.Errorf("index %s: unexpected definition %q", i.name, definition)
		}
		i.tail = string([]rune(definition)[head:])
		t.indexes = append(t.indexes, i)
		return nil
	})
	return err
}

// rangeBounds is how PostgreSQL writes the bounds of a range partition on a
// date or timestamp.
var rangeBounds = regexp.MustCompile(`^FOR VALUES FROM \((?:'([^']*)'|MINVALUE)\) TO \((?:'([^']*)'|MAXVALUE)\)$`)

// endOfTime stands for MAXVALUE, the zero time for MINVALUE.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (t *table) readTree(ctx context.Context, conn *pgx.Conn) error {
	t.root = &node{name: t.name, oid: t.oid, to: endOfTime, split: true}
	if t.key == "" {
		return nil
	}
	rows, err := conn.Query(ctx, `
		select c.oid, c.relname::text, i.inhparent, c.relkind::text, pg_get_expr(c.relpartbound, c.oid),
		       c.relkind <> 'p' or p.partstrat = 'r' and p.partnatts = 1 and
		         (select attname from pg_attribute where attrelid = c.oid and attnum = p.partattrs[0]) = $2
		from pg_partition_tree($1) t
		join pg_class c on c.oid = t.relid
		join pg_inherits i on i.inhrelid = c.oid
		left join pg_partitioned_table p on p.partrelid = c.oid
		where t.level > 0 order by t.level, c.relname`, t.oid, t.key)
	if err != nil {
		return err
	}
	byOID := map[uint32]*node{t.oid: t.root}
	var n node
	var parent uint32
	var kind, bounds string
	var alike bool
	_, err = pgx.ForEachRow(rows, []any{&n.oid, &n.name, &parent, &kind, &bounds, &alike}, func() error {
		n.split = kind == "p"
		switch {
		case kind == "f":
			return &LayoutError{Table: t.name, Reason: "partition " + n.name + " is a foreign table",
				Remedy: "detach the partition: the loader keeps tables whose rows it can count and replace"}
		case !alike:
			return &LayoutError{Table: t.name, Reason: fmt.Sprintf("partition %s is itself partitioned, but not by ranges of %s", n.name, t.key),
				Remedy: "detach the partition: the loader keeps tables that are partitioned by ranges of dates"}
		}
		found := rangeBounds.FindStringSubmatch(bounds)
		if found == nil {
			return &LayoutError{Table: t.name, Reason: fmt.Sprintf("partition %s has bounds %s", n.name, bounds),
				Remedy: "detach the partition: the loader keeps tables that are partitioned by ranges of dates, without a default partition"}
		}
		child := n
		var fromErr, toErr error
		child.from, fromErr = parseBound(found[1], time.Time{})
		child.to, toErr = parseBound(found[2], endOfTime)
		if err := errors.Join(fromErr, toErr); err != nil {
			return fmt.Errorf("partition %s: %w", n.name, err)
		}
		byOID[child.oid] = &child
		byOID[parent].children = append(byOID[parent].children, &child)
		return nil
	})
	return err
}

func parseBound(text string, open time.Time) (time.Time, error) {
	if text == "" {
		return open, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	return time.Parse(time.DateTime, text)
}
