package warehouse_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine/config"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

func TestOpenFaults(t *testing.T) {
	t.Parallel()
	good := warehousetest.Database(t)
	change := func(f func(*url.URL)) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		f(u)
		return u.String()
	}
	cases := map[string]struct{ url, text, try string }{
		"nobody listens": {"postgres://u:geheim77@127.0.0.1:1/db?sslmode=disable", "refused", "start the server"},
		"wrong password": {change(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "geheim77") }), "authentication failed", "password"},
		"no database":    {change(func(u *url.URL) { u.Path = "/nirgends" }), "does not exist", "create the database"},
		"no url":         {"geheim77", "not a PostgreSQL connection string", "warehouse.url"},
		"bad port":       {"postgres://u:geheim77@h:port/db", "not a PostgreSQL connection string", "warehouse.url"},
		"bad key value":  {"user=u password=geheim77 port=x", "not a PostgreSQL connection string", "warehouse.url"},
		"broken quoting": {"user=u password='geheim77", "not a PostgreSQL connection string", "warehouse.url"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(c.url)})
			var unreachable *warehouse.UnreachableError
			if !errors.As(err, &unreachable) || !errors.Is(err, warehouse.ErrUnreachable) {
				t.Fatalf("error %v, want an UnreachableError", err)
			}
			if !strings.Contains(err.Error(), c.text) || !strings.Contains(unreachable.Try(), c.try) {
				t.Errorf("error %v, try %q; want %q and %q", err, unreachable.Try(), c.text, c.try)
			}
			if strings.Contains(err.Error(), "geheim77") {
				t.Errorf("error shows the password: %v", err)
			}
		})
	}
}

func TestNotMigrated(t *testing.T) {
	t.Parallel()
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(warehousetest.Database(t))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Missing(t.Context(), nil); asLayout(t, err).Try() != "ledgermill warehouse migrate" {
		t.Errorf("missing: %v", err)
	}
	if _, err := w.Load(t.Context(), warehouse.Request{}); asLayout(t, err).Try() != "ledgermill warehouse migrate" {
		t.Errorf("load: %v", err)
	}
}

func TestMigrateOnceAndNoFurtherThanAFault(t *testing.T) {
	t.Parallel()
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(warehousetest.Database(t))})
	if err != nil {
		t.Fatal(err)
	}
	shipped := os.DirFS("../sql/warehouse")
	done, err := w.Migrate(t.Context(), shipped)
	if err != nil || len(done) < 2 || done[0].File != "00001_mill.sql" {
		t.Fatalf("migrated %v, %v", done, err)
	}
	if done, err = w.Migrate(t.Context(), shipped); err != nil || len(done) != 0 {
		t.Fatalf("again: %v, %v", done, err)
	}
	bad := fstest.MapFS{
		"00020_good.sql": {Data: []byte("-- +goose Up\ncreate table good (a int);\n")},
		"00021_bad.sql":  {Data: []byte("-- +goose Up\ncreate table half (a int);\ncreate table bad (a nothing);\n")},
	}
	done, err = w.Migrate(t.Context(), bad)
	if err == nil || !strings.Contains(err.Error(), "00021_bad.sql") || len(done) != 1 {
		t.Fatalf("migrated %v, %v", done, err)
	}
}

// A shell sends a file whole; nothing in it may undo what went before.
func TestMigrationsRunAsTheyStand(t *testing.T) {
	t.Parallel()
	conn := connect(t, warehousetest.Database(t))
	files, err := filepath.Glob("../sql/warehouse/*.sql")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), string(text)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var tables int
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_tables where schemaname in ('public', 'ledgermill')").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	diff(t, "tables", 13, tables)
}

func TestQueryOnlyReads(t *testing.T) {
	t.Parallel()
	f := open(t)
	rows, err := f.Query(t.Context(), "select 1 as n, 2.50::numeric(5, 2) as m, null as nothing, '' as empty, date '2025-01-31' as d, timestamp '2025-01-31 10:00:00' as at, $1::text as arg, true as yes", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for _, c := range rows.Columns() {
		names = append(names, c.Name+" "+c.Type)
	}
	diff(t, "columns", []string{"n int4", "m numeric", "nothing text", "empty text", "d date", "at timestamp", "arg text", "yes bool"}, names)
	diff(t, "row", "1|2.50|~||2025-01-31|2025-01-31 10:00:00|x|t",
		f.one("select 1, 2.50::numeric(5, 2), null, '', date '2025-01-31', timestamp '2025-01-31 10:00:00', $1::text, true", "x"))
	for _, sql := range []string{"create table x (a int)", "commit; create table x (a int)", "select", "selec 1", "insert into codes values (1, '')"} {
		rows, err := f.Query(t.Context(), sql)
		if err == nil {
			for rows.Next() {
			}
			err = errors.Join(rows.Err(), rows.Close())
		}
		if err == nil && sql != "select" {
			t.Errorf("%s: no error", sql)
		}
	}
	diff(t, "tables", "0", f.one("select count(*) from pg_class where relname = 'x'"))
}
