package warehouse_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// login makes a login that is dropped with what it owns, and returns its URL of
// the same database.
func login(t *testing.T, admin *pgx.Conn, database, kind, more string) string {
	t.Helper()
	name := fmt.Sprintf("lmtest_%s_%d", kind, os.Getpid())
	for _, sql := range []string{"create role " + name + " login password 'secret' " + more} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), database)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close(context.Background()) }()
		for _, sql := range []string{"reassign owned by " + name + " to current_user", "drop owned by " + name, "drop role " + name} {
			if _, err := conn.Exec(context.Background(), sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
	parsed, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(name, "secret")
	return parsed.String()
}

// A login that is no more than a member of ledgermill_loader does all that a
// night needs; a member of ledgermill_reader reads and sees no private value.
func TestRoles(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.exec(historySchema)
	f.exec("insert into ledgermill.shared_tables values ('payments', '{}'), ('payment_totals', '{}'), ('people', '{city}'), ('people_history', '{}'), ('nowhere', '{}')")
	f.load(days("2025-01-01", 1)...)
	f.exec("select ledgermill.grant_roles()")
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(login(t, f.conn, f.url, "loader", "in role ledgermill_loader"))})
	if err != nil {
		t.Fatal(err)
	}
	parts := append(days("2025-01-01", 5), dayTotals(date("2025-01-02"), "1"), dayTotals(date("2025-02-02"), "2"), people(record("1", "Ann", "Ulm", "~")))
	for _, one := range [][]warehouse.Part{parts, days("2025-01-01", 3), {people(record("1", "Ann", "Bonn", "~"))}} {
		if _, err := w.Load(t.Context(), warehouse.Request{Run: "r", Parts: one}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Compact(t.Context(), date("2025-01-01")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Maintain(t.Context(), warehouse.Maintenance{Vacuum: true}); err != nil {
		t.Fatal(err)
	}
	diff(t, "owners", []string{"ledgermill_loader"}, f.all("select distinct pg_get_userbyid(relowner) from pg_class where relname like 'payment%' and relkind in ('r', 'p')"))
	if _, err := w.Retain(t.Context(), warehouse.Retention{Months: 1, Sure: true}); err != nil {
		t.Fatal(err)
	}

	f.exec("insert into customers_dim (customer_id, first_name, email, phone) values ('C1', 'Ann', 'ann.other@example.com', '+49 30 12345'), ('C2', 'Bob', null, null)")
	reader := connect(t, login(t, f.conn, f.url, "reader", "in role ledgermill_reader"))
	for sql, denied := range map[string]bool{
		"select count(*) from payments":                                       false,
		"select id, name from people":                                         false,
		"select city from people":                                             true,
		"select * from people_history":                                        false,
		"select first_name from customers_dim":                                false,
		"select email from customers_dim":                                     true,
		"select * from customers_dim":                                         true,
		"select * from customers":                                             false,
		"select * from search_transactions('market')":                         false,
		"select count(*) from ledgermill.loads":                               false,
		"insert into payments (id, booked_on, amount) values ('x', now(), 1)": true,
		"delete from transactions_fact":                                       true,
		"update ledgermill.loads set rows = 0":                                true,
		"create table mine (a int)":                                           w.Version() >= 15, // before, everybody may: doctor says so
	} {
		_, err := reader.Exec(t.Context(), sql)
		if (err != nil) != denied || err != nil && !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %v, want denied %v", sql, err, denied)
		}
	}
	var masked string
	if err := reader.QueryRow(t.Context(), "select string_agg(concat_ws(' ', customer_id, email, phone), ', ' order by customer_id) from customers").Scan(&masked); err != nil {
		t.Fatal(err)
	}
	diff(t, "masked", "C1 a***@example.com ***45, C2", masked)

	// Nor does what is no address, though it stands in the column of addresses.
	for value, shown := range map[string]string{"john.smith": "***", "@corp": "***", "+49 30 12345": "***", "": "***", "a@b.example, c@d.example": "***",
		"john@corp.example +49 30 12345": "***", "j.smith@mail.corp-1.example": "j***@mail.corp-1.example", "ø@bücher.example": "ø***@bücher.example"} {
		f.exec("update customers_dim set email = $1 where customer_id = 'C1'", value)
		if err := reader.QueryRow(t.Context(), "select email from customers where customer_id = 'C1'").Scan(&masked); err != nil || masked != shown {
			t.Errorf("%q is shown as %q, %v, want %q", value, masked, err, shown)
		}
	}
}

// Where the login may not create roles, everything else is migrated, and the
// message says what to do.
func TestMigrateWithoutTheRightToCreateRoles(t *testing.T) {
	t.Parallel()
	database := warehousetest.Database(t)
	admin := connect(t, database)
	plain := login(t, admin, database, "plain", "")
	name := fmt.Sprintf("lmtest_plain_%d", os.Getpid())
	if _, err := admin.Exec(t.Context(), "alter database "+admin.Config().Database+" owner to "+name); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	paths, err := filepath.Glob("../sql/warehouse/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Other tests have made the roles of this server.
		absent := strings.NewReplacer("ledgermill_loader", "lmtest_absent_loader", "ledgermill_reader", "lmtest_absent_reader").Replace(string(text))
		files[filepath.Base(path)] = &fstest.MapFile{Data: []byte(absent)}
	}
	notice := newSignal("migration: role lmtest_absent_loader is not there and " + name + " may not create it; an administrator can: create role lmtest_absent_loader, grant ledgermill_loader to " + name + ", then: select ledgermill.grant_roles()")
	notice.message = strings.ReplaceAll(notice.message, "grant ledgermill_loader", "grant lmtest_absent_loader")
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(plain), Log: slog.New(notice)})
	if err != nil {
		t.Fatal(err)
	}
	done, err := w.Migrate(t.Context(), files)
	if err != nil || len(done) != len(paths) {
		t.Fatalf("%v, %v", done, err)
	}
	select {
	case <-notice.seen:
	default:
		t.Error("no notice of the missing role")
	}
	conn := connect(t, plain)
	if _, err := conn.Exec(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Load(t.Context(), warehouse.Request{Run: "r", Parts: days("2025-01-01", 2)}); err != nil {
		t.Fatal(err)
	}
}

// A database of the first two migrations, with rows in it, becomes what a new
// one is.
func TestMigrateFromTheFirstTwo(t *testing.T) {
	t.Parallel()
	database := warehousetest.Database(t)
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(database)})
	if err != nil {
		t.Fatal(err)
	}
	old := fstest.MapFS{}
	for _, name := range []string{"00001_mill.sql", "00002_star_schema.sql"} {
		text, err := os.ReadFile("../sql/warehouse/" + name)
		if err != nil {
			t.Fatal(err)
		}
		old[name] = &fstest.MapFile{Data: text}
	}
	if _, err := w.Migrate(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	f := &fixture{Warehouse: w, t: t, url: database, conn: connect(t, database)}
	f.exec(`create table transactions_fact_p202501 partition of transactions_fact for values from ('2025-01-01') to ('2025-02-01') partition by range (transaction_date)`)
	f.exec(`create table transactions_fact_p20250131 partition of transactions_fact_p202501 for values from ('2025-01-31') to ('2025-02-01')`)
	f.exec(`insert into transactions_fact (transaction_id, transaction_date, customer_id, amount) values ('T1', '2025-01-31', 'C1', 5)`)
	f.exec(`insert into customers_dim (customer_id, city) values ('C1', 'Ulm')`)
	f.exec(`insert into ledgermill.loads values ('transactions_fact', '2025-01-31', 'transactions_fact_p20250131', '2025-01-31', '2025-02-01', 'f', 'c', 'd', 1, '{"amount": "5.00"}', 'r', now()),
		('customers_dim', 'whole', null, null, null, 'f', 'c', 'd', 1, '{}', 'r', now())`)
	f.exec(`insert into ledgermill.floors values ('transactions_fact', '2024-01-01')`)
	if done, err := w.Migrate(t.Context(), os.DirFS("../sql/warehouse")); err != nil || len(done) < 4 {
		t.Fatalf("%v, %v", done, err)
	}
	diff(t, "facts", "T1|5.00", f.one("select transaction_id, amount from transactions_fact"))
	diff(t, "loads", "2", f.one("select count(*) from ledgermill.loads"))
	if _, err := w.Compact(t.Context(), date("2025-01-01")); err != nil {
		t.Fatal(err)
	}
	diff(t, "compacted", "transactions_fact_p202501_days", f.one("select tableoid::regclass from transactions_fact"))
	f.load(withRows(warehouse.Part{Table: "customers_dim", Dataset: "customers_dim", Unit: "whole", Rows: 1, Key: []string{"customer_id"}, Columns: columnsOf("customer_id first_name last_name email phone country city account_created account_type risk_score")},
		[][]*string{record("C1", "~", "~", "~", "~", "~", "Ulm", "~", "~", "~")}))
	diff(t, "history", "C1|Ulm|1900-01-01|9999-12-31", f.one("select customer_id, city, valid_from, valid_to from customers_dim_history"))

	fresh := open(t)
	const shape = `select table_name, column_name, data_type, column_default from information_schema.columns
		where table_schema in ('public', 'ledgermill') and table_name not like '%\_p2025%' and table_name not in ('payments', 'payment_totals', 'people', 'codes')
		order by table_schema, table_name, column_name`
	diff(t, "shape", fresh.all(shape), f.all(shape))
}

func columnsOf(names string) (columns []warehouse.Column) {
	for _, name := range strings.Fields(names) {
		columns = append(columns, warehouse.Column{Name: name, Type: "VARCHAR"})
	}
	return columns
}

// bank is an empty warehouse of the project that ships.
func bank(t *testing.T) *fixture {
	t.Helper()
	database := warehousetest.Database(t)
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(database)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Migrate(t.Context(), os.DirFS("../sql/warehouse")); err != nil {
		t.Fatal(err)
	}
	return &fixture{Warehouse: w, t: t, conn: connect(t, database)}
}

// A comment of an index names no query that does not read the index's table.
func TestIndexCommentsNameReaders(t *testing.T) {
	t.Parallel()
	queries, err := filepath.Glob("../queries/*.sql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("%d queries, %v", len(queries), err)
	}
	comments := bank(t).all(`
		select indexrelid::regclass || ' ' || indrelid::regclass || ' ' || obj_description(indexrelid, 'pg_class')
		from pg_index where obj_description(indexrelid, 'pg_class') is not null order by 1`)
	named := 0
	for _, file := range queries {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := regexp.MustCompile(`\b` + strings.TrimSuffix(filepath.Base(file), ".sql") + `\b`)
		for _, row := range comments {
			part := strings.SplitN(row, " ", 3)
			if !name.MatchString(part[2]) {
				continue
			}
			if named++; !regexp.MustCompile(`\b` + part[1] + `\b`).Match(text) {
				t.Errorf("%s is said to serve %s, which does not read %s", part[0], filepath.Base(file), part[1])
			}
		}
	}
	if named == 0 {
		t.Error("no comment names a query")
	}
}

// Nothing is without a comment; an index's says what it serves.
func TestEverythingHasAComment(t *testing.T) {
	t.Parallel()
	f := bank(t)
	diff(t, "without a comment", []string{}, f.all(`
		with own as (select c.* from pg_class c where c.relnamespace in ('public'::regnamespace, 'ledgermill'::regnamespace)
		  and c.relname not like 'goose\_%' and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e'))
		select relname || '.' || attname from own c join pg_attribute a on a.attrelid = c.oid
		where c.relkind in ('r', 'p', 'v') and attnum > 0 and not attisdropped and coalesce(col_description(c.oid, attnum), '') = ''
		union all select relname from own c where relkind in ('r', 'p', 'v') and coalesce(obj_description(oid, 'pg_class'), '') = ''
		union all select relname from own c where relkind in ('i', 'I') and relnamespace = 'public'::regnamespace and coalesce(obj_description(oid, 'pg_class'), '') = ''
		union all select stxname from pg_statistic_ext where coalesce(obj_description(oid, 'pg_statistic_ext'), '') = ''
		union all select proname from pg_proc p where pronamespace in ('public'::regnamespace, 'ledgermill'::regnamespace)
		  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') and coalesce(obj_description(oid, 'pg_proc'), '') = ''
		union all select nspname from pg_namespace where nspname like 'ledgermill%' and coalesce(obj_description(oid, 'pg_namespace'), '') = ''`))
}
