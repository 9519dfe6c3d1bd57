package model_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine/model"
)

// TestUnitTestSeesWhatTheUnitSees gives rows of many dates and compares which of
// them a model sees under each grant.
func TestUnitTestSeesWhatTheUnitSees(t *testing.T) {
	t.Parallel()
	dates := []string{"2024-12-31", "2025-01-01", "2025-01-20", "2025-01-27", "2025-01-28", "2025-01-31", "2025-02-01"}
	for _, c := range []struct{ partition, reads, on, want string }{
		{"day", "", "2025-01-31", "2025-01-31"},
		{"day", "", "2025-01-30", ""},
		{"day", "previous", "2025-01-31", "2025-01-28 2025-01-31"},
		{"day", "previous", "2025-01-30", "2025-01-28"},
		{"day", "last 5 days", "2025-01-31", "2025-01-27 2025-01-28 2025-01-31"},
		{"day", "last 1 day", "2025-01-31", "2025-01-31"},
		{"day", "latest within 5 days", "2025-01-31", "2025-01-31"},
		{"day", "latest within 5 days", "2025-01-30", "2025-01-28"},
		{"day", "latest within 2 days", "2025-01-30", ""},
		{"day", "month to date", "2025-01-28", "2025-01-01 2025-01-20 2025-01-27 2025-01-28"},
		{"month", "", "2025-01-15", "2025-01-01 2025-01-20 2025-01-27 2025-01-28 2025-01-31"},
		{"month", "last 30 days", "2025-02-28", "2025-01-01 2025-01-20 2025-01-27 2025-01-28 2025-01-31 2025-02-01"},
		{"month", "last 20 days", "2025-02-28", "2025-02-01"},
		{"month", "previous", "2025-02-28", "2025-01-01 2025-01-20 2025-01-27 2025-01-28 2025-01-31 2025-02-01"},
		{"year", "", "2024-06-01", "2024-12-31"},
		{"year", "previous", "2025-06-01", strings.Join(dates, " ")},
	} {
		t.Run(strings.Join([]string{c.partition, c.reads, c.on}, "/"), func(t *testing.T) {
			t.Parallel()
			reads := ""
			if c.reads != "" {
				reads = "-- reads raw_a: " + c.reads + "\n"
			}
			files := fstest.MapFS{
				"sql/contracts/raw_a.sql": file("-- business date: d\n-- partition: " + c.partition +
					"\n-- objects: a/*.csv\ncreate or replace table raw_a (\n  d date not null,\n  x integer\n);\n"),
				"sql/models/a.sql": file(reads + "select d, year * 10000 + month * 100 + day as number from raw_a"),
				"sql/tests/t.sql": file("-- test of: a, on " + c.on + "\ncreate or replace table raw_a as select cast(v as date) as d from (values ('" +
					strings.Join(dates, "'), ('") + "')) g (v);\nselect date '1999-01-01' as d, 19990101 as number"),
			}
			got := datesSeen(t, run(t, files, 0).Unexpected)
			if got != c.want {
				t.Errorf("sees %q, want %q", got, c.want)
			}
		})
	}
}

func datesSeen(t *testing.T, rows [][]string) string {
	t.Helper()
	var all []string
	for _, row := range rows {
		if row[1] != strings.ReplaceAll(row[0], "-", "") {
			t.Errorf("year, month and day of %s are %s", row[0], row[1])
		}
		all = append(all, row[0])
	}
	return strings.Join(all, " ")
}

func run(t *testing.T, files fstest.MapFS, i int) model.UnitResult {
	t.Helper()
	p, b, err := load(t, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := p.RunUnitTest(t.Context(), b, p.UnitTests[i])
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestUnitTestComparesMultisets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expected, missing, unexpected string }{
		{"select 1 as id union all select 1 union all select 2", "", ""},
		{"select 1 as id union all select 2", "", "1"},
		{"select 1 as id union all select 1 union all select 2 union all select 2", "2", ""},
		{"select 3 as id, null as x", "3 null", "1 null|1 null|2 null"},
		{"select '1' as id union all select '1' union all select '2'", "", ""},
	} {
		files := chain()
		files["sql/tests/t.sql"] = file("-- test of: b, on 2025-01-31\ncreate or replace table a as select unnest([1, 1, 2]) as id, date '2025-01-31' as d;\n" + c.expected)
		result := run(t, files, 0)
		if got := flat(result.Missing); got != c.missing {
			t.Errorf("%s: missing %q, want %q", c.expected, got, c.missing)
		}
		if got := flat(result.Unexpected); got != c.unexpected {
			t.Errorf("%s: unexpected %q, want %q", c.expected, got, c.unexpected)
		}
		if result.Passed() != (c.missing == "" && c.unexpected == "") {
			t.Errorf("%s: passed is %v", c.expected, result.Passed())
		}
	}
}

func flat(rows [][]string) string {
	var all []string
	for _, row := range rows {
		all = append(all, strings.Join(row, " "))
	}
	return strings.Join(all, "|")
}

// TestUnitTestUsesDefaultsAndLeavesNothing runs a test twice on one connection with
// another value configured, and then looks for what it made.
func TestUnitTestUsesDefaultsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	files := chain()
	files["sql/tests/t.sql"] = file("-- test of: a, on 2025-01-31\ncreate or replace table raw_a as select unnest([1, 2]) as id, date '2025-01-31' as d, id as x;\nselect 1 as id union all select 2")
	p, b, err := load(t, files, map[string]string{"least": "1"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		result, err := p.RunUnitTest(t.Context(), b, p.UnitTests[0])
		if err != nil || !result.Passed() {
			t.Errorf("got %v, %v", result, err)
		}
	}
	rows, err := b.Rows(t.Context(), "select (select count(*) from raw_a), (select count(*) from duckdb_tables() where table_name like '!_%' escape '!')")
	if err != nil || flat(rows) != "0 0" {
		t.Errorf("got %v, %v: want an empty raw_a and no table of a run", rows, err)
	}
}

func TestUnitTestFaultsOfARun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ model, given, want string }{
		{"select id, d, cast(error('boom') as integer) as x from raw_a", "1 as id", "sql/models/a.sql:1:1: boom"},
		{"select id, d, x from raw_a", "'many' as id", "sql/tests/t.sql: make inputs: Could not convert string 'many' to INT64"},
	} {
		files := chain()
		files["sql/models/a.sql"] = file(c.model)
		files["sql/tests/t.sql"] = file("-- test of: a, on 2025-01-31\ncreate or replace table raw_a as select date '2025-01-31' as d, " + c.given + ";\nselect 1 as id")
		p, b, err := load(t, files, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = p.RunUnitTest(t.Context(), b, p.UnitTests[0]); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if err := b.Exec(t.Context(), "begin"); err != nil {
			t.Errorf("the transaction was left open: %v", err)
		}
	}
}

func TestBusinessDayOfAUnitTest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ partition, on, given, want string }{
		{"day", "2025-01-31", "", "2025-01-31 2025-01-28 true"},
		{"day", "2025-01-28", "", "2025-01-28 2024-12-31 false"},
		{"month", "2025-01-05", "", "2025-01-31 2024-12-31 true"},
		{"year", "2025-01-05", "", "2025-12-31 2024-12-31 true"},
		{"year", "2024-01-05", "", "2024-12-31 null true"},
		{"day", "2025-01-31", "create or replace table business_day as select date '2001-01-01' as business_date;\n", "2001-01-01 null null"},
	} {
		files := fstest.MapFS{
			"sql/contracts/raw_a.sql": file("-- business date: d\n-- partition: " + c.partition + "\n-- objects: a/*.csv\ncreate or replace table raw_a (\n  d date not null,\n  x integer\n);\n"),
			"sql/models/a.sql":        file("select distinct b.business_date as d, b.previous_business_date as p, b.is_month_end as e from business_day b left join raw_a on true"),
			"sql/tests/t.sql": file(fmt.Sprintf("-- test of: a, on %s\n%screate or replace table raw_a as select unnest([date '2024-12-31', date '2025-01-28', date '2025-01-31', date '2025-02-01']) as d;\n"+
				"select date '1999-01-01' as d, date '1999-01-01' as p, false as e", c.on, c.given)),
		}
		if got := flat(run(t, files, 0).Unexpected); got != c.want {
			t.Errorf("%s on %s: got %q, want %q", c.partition, c.on, got, c.want)
		}
	}
}
