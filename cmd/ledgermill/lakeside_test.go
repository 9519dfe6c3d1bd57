package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// everyType has rows that two databases are most likely to write differently. Each
// line is a column: its name, its type in the lake, its type in PostgreSQL, and the
// values.
var everyType = []struct{ name, duck, postgres, values string }{
	{"id", "varchar", "text", `'a', 'b', 'c', 'd', 'e', 'f', 'g'`},
	{"day", "date", "date", `date '2025-01-31', date '2025-01-31', date '2025-01-31', date '2025-01-31', date '2025-01-31', date '2025-01-31', date '2025-01-31'`},
	{"truth", "boolean", "boolean", `true, false, null, true, false, null, true`},
	{"truth_text", "boolean", "text", `true, false, null, true, false, null, true`},
	{"small", "smallint", "smallint", `0, -1, 32767, -32768, null, 7, 8`},
	{"big", "bigint", "bigint", `0, -1, 9223372036854775807, -9223372036854775808, null, 7, 8`},
	{"wide", "bigint", "numeric(20, 2)", `0, -1, 100, -1000, null, 7, 80`},
	{"huge", "hugeint", "numeric", `0, -1, 170141183460469231731687303715884105727, -170141183460469231731687303715884105727, null, 7, 8`},
	{"money", "decimal(18, 2)", "numeric(18, 2)", `0, -0.50, 0.05, 9999999999999999.99, null, 100.00, -100.10`},
	{"share", "decimal(4, 4)", "numeric(4, 4)", `0, -0.5, 0.05, 0.9999, null, -0.0001, 0.1`},
	{"finest", "decimal(38, 38)", "numeric(38, 38)", `0, -0.5, 0.05, 0.9999, null, -0.0001, 0.1`},
	{"wider", "decimal(9, 2)", "numeric(38, 10)", `0, -0.5, 0.05, 1234567.89, null, 10, 1000`},
	{"whole", "decimal(10, 0)", "numeric(10, 0)", `0, -10, 100, 1234567890, null, 7, 8`},
	{"ratio", "double", "double precision", `0, '-0.0', 'nan', 'inf', null, 1e300, 0.1`},
	{"ratio_number", "double", "numeric", `0, '-0.0', 'nan', 1e-7, null, 123456789.125, 0.1`},
	{"thin", "float", "real", `0, '-0.0', 'nan', '-inf', null, 3e38, 0.1`},
	{"on_day", "date", "date", `date '0001-01-01', date '9999-12-31', date '1582-10-10', date '2024-02-29', null, date 'infinity', date '1970-01-01'`},
	{"on_day_at", "date", "timestamp", `date '0001-01-01', date '9999-12-31', date '1582-10-10', date '2024-02-29', null, date '1969-12-31', date '1970-01-01'`},
	{"at_time", "time", "time", `time '00:00:00', time '23:59:59.999999', time '12:00:00.5', time '01:02:03', null, time '01:02:03.000001', time '00:00:01'`},
	{"at", "timestamp", "timestamp", `timestamp '0001-01-01 00:00:00', timestamp '9999-12-31 23:59:59.999999', timestamp '2025-03-30 02:30:00', timestamp '2025-01-01 10:00:00.25', null, timestamp 'infinity', timestamp '1969-12-31 23:59:59.000001'`},
	{"at_zoned", "timestamp", "timestamptz", `timestamp '0001-01-01 00:00:00', timestamp '9999-12-31 23:59:59.999999', timestamp '2025-03-30 02:30:00', timestamp '2025-01-01 10:00:00.25', null, timestamp '1970-01-01', timestamp '1969-12-31 23:59:59.000001'`},
	{"instant", "timestamptz", "timestamptz", `timestamptz '2025-01-01 00:00:00+00', timestamptz '2025-01-01 00:00:00+02', timestamptz '2025-10-26 02:30:00+01', timestamptz '1969-12-31 23:59:59.5+00', null, timestamptz '2025-01-01 00:00:00-11:30', timestamptz '2000-02-29 12:00:00+00'`},
	{"instant_plain", "timestamptz", "timestamp", `timestamptz '2025-01-01 00:00:00+00', timestamptz '2025-01-01 00:00:00+02', timestamptz '2025-10-26 02:30:00+01', timestamptz '1969-12-31 23:59:59.5+00', null, timestamptz '2025-01-01 00:00:00-11:30', timestamptz '2000-02-29 12:00:00+00'`},
	{"token", "uuid", "uuid", `'550E8400-e29b-41d4-a716-446655440000', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', null, null, '550e8400-e29b-41d4-a716-446655440001', '550e8400-e29b-41d4-a716-446655440002'`},
	{"length", "interval", "interval", `interval '1 month 2 days 3 hours', interval '0 days', interval '1 year', interval '23:59:59.000001', null, interval '13 months', interval '400 days'`},
	{"name", "varchar", "text", `'', 'a|b', '3:abc', '\\N', null, 'é', 'é' || chr(10) || '"quoted", ''single'''`},
	{"alphabet", "varchar", "varchar(40)", `'日本語', '🏦👩🏽‍💻', 'naïve café', ' blank ', 'tab' || chr(9), 'ﬁ', 'İı'`},
	{"padded", "varchar", "char(4)", `'a', 'ab', 'abcd', null, 'x', 'é', '日'`},
}

// twoSides loads the rows and returns both halves of a comparison.
func twoSides(t *testing.T) (house *warehouse.Warehouse, conn *pgx.Conn, part warehouse.Part) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "part-0000.parquet")
	var selects, defines []string
	published := engine.Part{Table: "every_type", Dataset: "every_type", Unit: "2025-01-31", BusinessDate: "day", Grain: []string{"id"}, Location: path}
	for _, c := range everyType {
		selects = append(selects, fmt.Sprintf("unnest([%s]::%s[]) as %s", c.values, c.duck, c.name))
		defines = append(defines, c.name+" "+c.postgres)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("set TimeZone = 'UTC'; copy (select " + strings.Join(selects, ", ") + ") to '" + path + "' (format parquet)"); err != nil {
		t.Fatal(err)
	}
	duck, err := duckdb.Open(t.Context(), duckdb.Settings{Work: t.TempDir(), Readable: []string{dir}, Ordered: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = duck.Close() })
	url := warehousetest.Database(t)
	if house, err = warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(url)}); err != nil {
		t.Fatal(err)
	}
	if _, err := house.Migrate(t.Context(), migrations(builtin{})); err != nil {
		t.Fatal(err)
	}
	if conn, err = pgx.Connect(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	query(t, conn, "create table every_type ("+strings.Join(defines, ", ")+", year smallint, month integer, primary key (id, day)) partition by range (day)")
	part = partOf(&lakeReader{Engine: duck}, published)
	part.Rows, part.ContentHash, part.Private = 7, "x", []string{"name"}
	for _, c := range everyType {
		part.Columns = append(part.Columns, warehouse.Column{Name: c.name, Type: strings.ToUpper(c.duck)})
	}
	part.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		return duck.CSV(ctx, path, columns, "day")
	}
	if _, err := house.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{part}}); err != nil {
		t.Fatal(err)
	}
	return house, conn, part
}

func query(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func compared(t *testing.T, house *warehouse.Warehouse, part warehouse.Part) warehouse.ReconciledUnit {
	t.Helper()
	report, err := house.Reconcile(t.Context(), warehouse.ReconcileRequest{Parts: []warehouse.Part{part}, Published: []warehouse.Part{part}, Rows: true})
	if err != nil {
		t.Fatal(err)
	}
	return report.Units[0]
}

func TestBothSidesWriteEveryTypeAlike(t *testing.T) {
	t.Parallel()
	house, conn, part := twoSides(t)
	unit := compared(t, house, part)
	if unit.State != warehouse.Agrees {
		t.Fatalf("%s: %v %v", unit.State, unit.Differences, unit.Examples)
	}
	// A change of any one column is found, and told with the row's key.
	for _, c := range everyType {
		if c.name == "id" || c.name == "day" {
			continue
		}
		query(t, conn, "begin")
		query(t, conn, fmt.Sprintf("create table kept as select id, %[1]s as was from every_type; update every_type e set %[1]s = (select was from kept where id = case e.id when 'd' then 'f' when 'f' then 'd' end) where id in ('d', 'f'); commit", c.name))
		unit := compared(t, house, part)
		columns := []string{}
		for _, e := range unit.Examples {
			for _, d := range e.Columns {
				columns = append(columns, *e.Key[0].Value+" "+d.Column)
				if c.name == "name" && (*d.Lake != "***" || *d.Warehouse != "***") {
					t.Errorf("a private value is shown: %v", e)
				}
			}
		}
		want := []string{"d " + c.name, "f " + c.name}
		if d := cmp.Diff(want, columns); d != "" {
			t.Errorf("%s (-want +got):\n%s\n%v", c.name, d, unit)
		}
		query(t, conn, fmt.Sprintf("update every_type e set %s = (select was from kept k where k.id = e.id); drop table kept", c.name))
	}
}

func TestRowsThatOneSideLacksAreShown(t *testing.T) {
	t.Parallel()
	house, conn, part := twoSides(t)
	query(t, conn, "delete from every_type where id = 'c'")
	query(t, conn, "insert into every_type (id, day) values ('new', '2025-01-31')")
	unit := compared(t, house, part)
	var lines []string
	for _, e := range unit.Examples {
		lines = append(lines, e.String())
	}
	if d := cmp.Diff([]string{`id "c": only in the lake`, `id "new": only in PostgreSQL`}, lines); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	part.Key = nil
	unit = compared(t, house, part)
	if len(unit.Examples) != 2 || !strings.Contains(unit.Examples[0].String(), `id "`) {
		t.Errorf("without a key: %v", unit.Examples)
	}
}
