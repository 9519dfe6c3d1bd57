package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"ledgermill/engine/duckdb"
	"ledgermill/warehouse/warehousetest"
)

// moreTypes are columns whose binary form has corners: the query gives values of the
// DuckDB type, and null is put between them.
var moreTypes = []struct{ duck, postgres, values string }{
	{"boolean", "boolean", "select unnest([true, false])"},
	{"tinyint", "smallint", "select unnest([-128, 0, 127])"},
	{"tinyint", "numeric", "select unnest([-128, 0, 127])"},
	{"smallint", "integer", "select unnest([-32768, -1, 32767])"},
	{"integer", "bigint", "select unnest([-2147483648, -1, 2147483647])"},
	{"bigint", "bigint", "select unnest([-9223372036854775808, -1, 0, 9223372036854775807])"},
	{"bigint", "numeric(30,4)", "select unnest([-9223372036854775808, -10000, 10000, 9223372036854775807])"},
	{"bigint", "smallint", "select unnest([-32768, 32767])"},
	{"utinyint", "smallint", "select 255"},
	{"usmallint", "integer", "select 65535"},
	{"uinteger", "bigint", "select 4294967295"},
	{"double", "double precision", "select unnest(['nan', 'inf', '-inf', '-0', '1e-308', '0.1'])"},
	{"float", "real", "select unnest(['nan', 'inf', '1e-38', '0.1'])"},
	{"decimal(4, 0)", "numeric", "select range - 9999 from range(19999)"},
	{"decimal(4, 4)", "numeric(4,4)", "select (range - 9999) / 10000 from range(19999)"},
	{"decimal(9, 3)", "numeric(9,3)", "select unnest([-999999.999, -1, -0.001, 0, 0.010, 1000, 9999, 10000, 10000.001, 999999.999])"},
	{"decimal(18, 2)", "numeric(18,2)", "select ((hash(range) % 1999999999999999)::hugeint - 999999999999999)::varchar || chr(46) || range % 100 from range(5000)"},
	{"decimal(18, 18)", "numeric", "select unnest(['0.999999999999999999', '-0.000000000000000001', '0.000100000000000000'])"},
	{"decimal(38, 0)", "numeric", "select unnest(['99999999999999999999999999999999999999', '-99999999999999999999999999999999999999', '18446744073709551616', '100000000'])"},
	{"decimal(38, 37)", "numeric", "select unnest(['-9.9999999999999999999999999999999999999', '0.0000000000000000000000000000000000001', '5'])"},
	{"decimal(38, 5)", "numeric(38,5)", "select (hash(range)::hugeint * (hash(range + 7) % 1000000000)::hugeint)::varchar || '.' || range from range(5000)"},
	{"decimal(38, 5)", "numeric(38,2)", "select unnest(['1.23456', '-1.235', '0.005'])"},
	{"varchar", "text", "select repeat('ä', range::int) from range(40)"},
	{"varchar", "character varying(20)", "select unnest(['', 'twelve bytes', 'thirteen byte', 'a\"b,c', '\\N', chr(10), '中文'])"},
	{"varchar", "character(5)", "select unnest(['', 'ab', 'abcde'])"},
	{"date", "date", "select unnest(['infinity', '-infinity', '0001-01-01', '1999-12-31', '2000-01-01', '4714-11-24 (BC)', '9999-12-31'])"},
	{"timestamp", "timestamp without time zone", "select unnest(['infinity', '-infinity', '0001-01-01 00:00:00', '1999-12-31 23:59:59.999999', '2024-02-29 12:00:00.000001'])"},
	{"timestamptz", "timestamp with time zone", "select unnest(['infinity', '1970-01-01 00:00:00+00', '2024-03-31 01:30:00+02'])"},
	{"time", "time without time zone", "select unnest(['00:00:00', '23:59:59.999999'])"},
}

// TestBinaryAndCSVLoadTheSame copies columns of every type both ways, and PostgreSQL
// compares.
func TestBinaryAndCSVLoadTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	duck, err := duckdb.Open(t.Context(), duckdb.Settings{Work: t.TempDir(), Readable: []string{dir}, Ordered: true})
	if err != nil {
		t.Fatal(err)
	}
	defer duck.Close()
	conn, err := pgx.Connect(t.Context(), warehousetest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	all := moreTypes
	for _, c := range everyType {
		all = append(all, struct{ duck, postgres, values string }{c.duck, c.postgres, fmt.Sprintf("select unnest([%s]::%s[])", c.values, c.duck)})
	}
	var textOnly []string
	for i, c := range all {
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", i))
		if _, err := db.Exec(fmt.Sprintf("set TimeZone = 'UTC'; copy (select case when row_number() over () %% 7 = 3 then null else v end::%s as v from (%s) x (v)) to '%s' (format parquet)", c.duck, c.values, path)); err != nil {
			t.Fatalf("%s: %v", c.duck, err)
		}
		query(t, conn, fmt.Sprintf("create table by_csv_%d (v %s); create table by_binary_%d (v %s)", i, strings.Replace(c.postgres, "not null", "", 1), i, strings.Replace(c.postgres, "not null", "", 1)))
		var postgres string
		if err := conn.QueryRow(t.Context(), "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = $1::regclass and attnum = 1", fmt.Sprintf("by_csv_%d", i)).Scan(&postgres); err != nil {
			t.Fatal(err)
		}
		rows, err := duck.Binary(t.Context(), path, []duckdb.Target{{Name: "v", Type: postgres}}, "")
		if errors.Is(err, errors.ErrUnsupported) {
			textOnly = append(textOnly, c.duck+" into "+postgres)
			continue
		}
		copyInto(t, conn, fmt.Sprintf("copy by_binary_%d from stdin (format binary)", i), rows, err)
		rows, err = duck.CSV(t.Context(), path, []string{"v"}, "")
		copyInto(t, conn, fmt.Sprintf("copy by_csv_%d from stdin (format csv)", i), rows, err)
		var differ, count int
		err = conn.QueryRow(t.Context(), fmt.Sprintf(`select (select count(*) from (
			(select v::text from by_csv_%[1]d except all select v::text from by_binary_%[1]d) union all
			(select v::text from by_binary_%[1]d except all select v::text from by_csv_%[1]d)) x), (select count(v) from by_binary_%[1]d)`, i)).Scan(&differ, &count)
		if err != nil {
			t.Fatal(err)
		}
		if differ != 0 || count == 0 {
			t.Errorf("%s into %s: %d values differ, of %d", c.duck, postgres, differ, count)
		}
	}
	want := []string{"boolean into text", "hugeint into numeric", "double into numeric", "date into timestamp without time zone",
		"timestamp into timestamp with time zone", "timestamptz into timestamp without time zone", "interval into interval"}
	if d := cmp.Diff(want, textOnly); d != "" {
		t.Errorf("types without a binary form (-want +got):\n%s", d)
	}
}

func copyInto(t *testing.T, conn *pgx.Conn, statement string, rows io.ReadCloser, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	if _, err := conn.PgConn().CopyFrom(t.Context(), rows, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
