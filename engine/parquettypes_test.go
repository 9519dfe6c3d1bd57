package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// TestParquetValues reads a value of every type that Parquet has, and what becomes
// of it in columns of text and of the contract's types.
func TestParquetValues(t *testing.T) {
	t.Parallel()
	var raw, columns, names, reads []string
	var want []string
	for i, c := range []struct{ value, column, want string }{
		{"true", "boolean", "true"}, {"'x ' || chr(10)", "varchar", "x \n"}, {"''", "varchar", "null"}, {"null::int", "varchar", "null"},
		{"(-128)::tinyint", "smallint", "-128"}, {"65535::usmallint", "integer", "65535"}, {"4294967295::uinteger", "bigint", "4294967295"},
		{"18446744073709551615::ubigint", "decimal(20, 0)", "18446744073709551615"}, {"-9223372036854775808", "bigint", "-9223372036854775808"},
		{"12345678901234567890123456789012345.678::decimal(38, 3)", "decimal(38, 3)", "12345678901234567890123456789012345.678"},
		{"-0.005::decimal(9, 3)", "decimal(18, 3)", "-0.005"}, {"2.50::decimal(9, 2)", "decimal(18, 1)", "2.5"}, {"7.00::decimal(9, 2)", "varchar", "7.00"},
		{"0.1::double", "double", "0.1"}, {"1e300::double", "double", "1e+300"}, {"0.1::float", "varchar", "0.1"}, {"0.1::float", "double", "0.1"},
		{"date '2025-01-31'", "date", "2025-01-31"}, {"time '08:00:00.5'", "varchar", "08:00:00.5"},
		{"timestamp '2025-01-31 08:00:00.123456'", "timestamp", "2025-01-31 08:00:00.123456"}, {"timestamp_ms '2025-01-31 08:00:00.1'", "timestamp", "2025-01-31 08:00:00.1"},
		{"timestamp_ns '2025-01-31 08:00:00.123456'", "timestamp", "2025-01-31 08:00:00.123456"}, {"timestamptz '2025-01-31 00:30:00+02:00'", "timestamp", "2025-01-30 22:30:00"},
		{"uuid '00000000-0000-0000-0000-000000000001'", "varchar", "00000000-0000-0000-0000-000000000001"},
		{"{a: 1234567890123456.78::decimal(18, 2), b: [null, 'é']}", "json varchar", `{"a":"1234567890123456.78","b":[null,"é"]}`},
		{"map {'k': 1}", "json varchar", `{"k":1}`}, {"[timestamptz '2025-01-31 00:30:00+02:00']", "json varchar", `["2025-01-30 22:30:00+00"]`}, {`blob '\xAA'`, "json varchar", `\xAA`},
	} {
		name := fmt.Sprintf("c%d", i)
		column, isRead := strings.CutPrefix(c.column, "json ")
		if isRead { // of a type that fills no column by itself
			reads = append(reads, fmt.Sprintf("-- read %s: \"raw %d\"\n", name, i))
			raw = append(raw, fmt.Sprintf(`%s as "raw %d"`, c.value, i))
		} else {
			raw = append(raw, c.value+" as "+name)
		}
		columns, names = append(columns, "  "+name+" "+column), append(names, name)
		want = append(want, name+" "+c.want)
	}
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_all.sql": &fstest.MapFile{Data: []byte("-- about: all types\n" + strings.Join(reads, "") + "-- objects: *.parquet\ncreate table raw_all (\n" + strings.Join(columns, ",\n") + "\n);\n")},
		"sql/models/every.sql":      &fstest.MapFile{Data: []byte("-- publish: whole\nselect " + strings.Join(names, ", ") + " from raw_all\n")},
	})
	parquetFile(t, b, "a.parquet", "select "+strings.Join(raw, ", "))
	// All of it text, and nested columns under the contract's names: one statement
	// cannot read both.
	parquetFile(t, b, "b.parquet", "select "+strings.Join(names, ", ")+" from (select "+strings.Join(varchars(names), ", ")+")")
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone {
		t.Fatalf("exit %d: %v", report.Exit, report.Verdicts)
	}
	rows := lakeRows(t, b, "select coalesce(columns(*)::varchar, 'null') from every order by c0 desc")
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	var got []string
	for i, value := range rows[0] {
		got = append(got, names[i]+" "+value)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("values (-want +got):\n%s", d)
	}
}

func varchars(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = "null::varchar as " + name
	}
	return list
}
