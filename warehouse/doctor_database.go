package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// examineDatabase looks at what is decided when a database is made.
func (w *Warehouse) examineDatabase(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	var encoding, collation string
	err := conn.QueryRow(ctx, `
		select pg_encoding_to_char(encoding), coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', datcollate)
		from pg_database d where datname = current_database()`).Scan(&encoding, &collation)
	if err != nil {
		return nil, err
	}
	version := Finding{Name: "server version", Value: fmt.Sprint(w.version), Wanted: fmt.Sprintf("%d to %d", minVersion, latestVersion), Level: Fine,
		Reason: "ledgermill is tested on these"}
	if w.version > latestVersion {
		version.Level = Advice
	}
	text := Finding{Name: "encoding", Value: encoding, Wanted: "UTF8", Level: Fine,
		Reason: "names with characters that the encoding lacks stop the load of their unit; only a new database has another encoding"}
	if encoding != "UTF8" {
		text.Level = Danger
	}
	order := Finding{Name: "collation", Value: collation, Wanted: "C, or C.UTF-8 of PostgreSQL's own", Level: Fine,
		Reason: "texts are ordered by the operating system's or ICU's rules: not as in the lake, indexes on text are slower to build, and an upgrade of the rules can break them"}
	if !slices.Contains([]string{"C", "POSIX", "C.UTF-8", "C.UTF8", "PG_UNICODE_FAST"}, collation) {
		order.Level = Advice
	}
	return []Finding{version, text, order}, nil
}

// lockQueries is how many queries that read every leaf of the largest table should
// find room for their locks at once.
const lockQueries = 3

// examineLocks counts what a query has to lock that reads all leaves of the largest
// table: the table's own relations and every index of them.
func examineLocks(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	var each, connections, prepared, largest int64
	var table *string
	err := conn.QueryRow(ctx, `
		select current_setting('max_locks_per_transaction')::bigint, current_setting('max_connections')::bigint, current_setting('max_prepared_transactions')::bigint`).
		Scan(&each, &connections, &prepared)
	if err != nil {
		return nil, err
	}
	err = conn.QueryRow(ctx, `
		select max(c.relname), coalesce(max(t.locks), 0) from (
		  select p.partrelid, (select count(*) + (select count(*) from pg_index i where i.indrelid in (select relid from pg_partition_tree(p.partrelid)))
		                       from pg_partition_tree(p.partrelid)) as locks
		  from pg_partitioned_table p join pg_class r on r.oid = p.partrelid
		  where r.relnamespace = $1::regnamespace and not r.relispartition
		  order by 2 desc limit 1) t join pg_class c on c.oid = t.partrelid`, bankSchema).Scan(&table, &largest)
	if err != nil {
		return nil, err
	}
	name := "the tables"
	if table != nil {
		name = *table
	}
	room := each * (connections + prepared)
	f := Finding{Name: "max_locks_per_transaction", Value: fmt.Sprint(each), Level: Fine,
		Wanted: fmt.Sprintf("%d or more", max(64, (lockQueries*largest+connections+prepared-1)/max(connections+prepared, 1))),
		Reason: fmt.Sprintf("a query on all of %s takes %d locks, and all sessions together have room for %d: %d such queries at once end with \"out of shared memory\"; a restart is needed to change it",
			name, largest, room, lockQueries)}
	if each < 64 || lockQueries*largest > room {
		f.Level = Advice
	}
	return []Finding{f}, nil
}

// examineExtensions looks for extensions of PostgreSQL's own that are used where
// they are there.
func examineExtensions(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	var list []Finding
	for _, e := range []struct{ name, reason string }{
		{"pg_trgm", "names are searched by letters through an index only with it"},
		{"pg_stat_statements", "which queries cost most is not recorded without it (shared_preload_libraries, and a restart)"},
	} {
		var available, installed bool
		err := conn.QueryRow(ctx, "select count(*) > 0, count(installed_version) > 0 from pg_available_extensions where name = $1", e.name).Scan(&available, &installed)
		if err != nil {
			return nil, err
		}
		f := Finding{Name: "extension " + e.name, Value: "installed", Wanted: "installed", Level: Fine, Reason: e.reason}
		switch {
		case !available:
			f.Value, f.Level = "not available", Advice
		case !installed:
			f.Value, f.Level = "available", Advice
		}
		list = append(list, f)
	}
	return list, nil
}

// insufficientPrivilege is the SQLSTATE of a missing right.
const insufficientPrivilege = "42501"

// examineRights tells whether this user can load: make leaves in the bank's schema,
// write the mill's tables, and own what is to be attached to.
func examineRights(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	var user string
	var lacks []string
	rows, err := conn.Query(ctx, `
		select current_user::text, lack from (
		  select 'create in schema ' || n.nspname as lack from pg_namespace n
		  where n.nspname = $1 and not has_schema_privilege(n.oid, 'create')
		  union all
		  select 'write ' || c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
		  where n.nspname = $2 and c.relname in ('loads', 'floors') and not has_table_privilege(c.oid, 'insert, update, delete')
		  union all
		  select 'own ' || c.oid::regclass from pg_class c
		  where c.relnamespace = $1::regnamespace and c.relkind = 'p' and not c.relispartition and not pg_has_role(c.relowner, 'usage')
		  union all select null) l order by 2 nulls first`, bankSchema, millSchema)
	if err != nil {
		return nil, err
	}
	var lack *string
	_, err = pgx.ForEachRow(rows, []any{&user, &lack}, func() error {
		if lack != nil {
			lacks = append(lacks, *lack)
		}
		return nil
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == insufficientPrivilege {
		lacks, err = append(lacks, refused.Message), nil
	}
	if err != nil {
		return nil, err
	}
	f := Finding{Name: "rights of " + user, Value: "enough to load", Wanted: "enough to load", Level: Fine,
		Reason: "loads need a user that owns the tables and may create in schema " + bankSchema}
	if len(lacks) > 0 {
		f.Value, f.Level, f.Reason = "not enough", Advice, "cannot "+strings.Join(lacks, ", ")+": enough to read, not to load"
	}
	return []Finding{f}, nil
}

// examineSchema tells whether people who may only read can still make tables.
func examineSchema(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	var open bool
	err := conn.QueryRow(ctx, `
		select exists (select from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = $1 and a.grantee = 0 and a.privilege_type = 'CREATE')`, bankSchema).Scan(&open)
	if err != nil {
		return nil, err
	}
	f := Finding{Name: "create in schema " + bankSchema, Value: "not by everybody", Wanted: "not by everybody", Level: Fine,
		Reason: "whoever may connect can make tables and functions between the bank's, as was the default before PostgreSQL 15: revoke create on schema " + bankSchema + " from public"}
	if open {
		f.Value, f.Level = "by everybody", Advice
	}
	return []Finding{f}, nil
}
