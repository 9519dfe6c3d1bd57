package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// lakeOf is an engine that may read dir beside its own work directory.
func lakeOf(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Open(t.Context(), Settings{Work: t.TempDir(), Readable: []string{dir}, Threads: 2, MemoryLimit: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// writeParquet writes the rows of a query to a file of dir and returns its path.
func writeParquet(t *testing.T, dir, name, query string) string {
	t.Helper()
	e := lakeOf(t, dir)
	s, err := e.session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	_, err = s.exec(t.Context(), "copy ("+query+") to "+sqltext.QuoteString(path)+" (format parquet)")
	if err := errors.Join(err, s.close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// answered reads a result: its names with their types, then its rows, ~ for null.
func answered(ctx context.Context, e *Engine, views map[string]View, query string) (lines []string, err error) {
	rows, err := e.Query(ctx, views, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var cells []string
	for _, c := range rows.Columns() {
		cells = append(cells, c.Name+" "+c.Type)
	}
	lines = append(lines, strings.Join(cells, "|"))
	for rows.Next() {
		cells = cells[:0]
		for _, v := range rows.Values() {
			if v == nil {
				cells = append(cells, "~")
			} else {
				cells = append(cells, *v)
			}
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return lines, rows.Err()
}

func TestQueryText(t *testing.T) {
	t.Parallel()
	e := lakeOf(t, t.TempDir())
	for query, want := range map[string][]string{
		"select 1 as a, 'x' as a, null as n, '' as e":                     {"a INTEGER|a VARCHAR|n INTEGER|e VARCHAR", "1|x|~|"},
		"values (1.50), (null), (-0.05)":                                  {"col0 DECIMAL(3,2)", "1.50", "~", "-0.05"},
		`select 'a "quoted", text' || chr(10) || 'of two lines' as t`:     {"t VARCHAR", "a \"quoted\", text\nof two lines"},
		"select true as t, false as f, cast(null as boolean) as n":        {"t BOOLEAN|f BOOLEAN|n BOOLEAN", "true|false|~"},
		"select 1::double as a, 1e20 as b, 0.00001::double as c":          {"a DOUBLE|b DOUBLE|c DOUBLE", "1|1e+20|1e-05"},
		"select range as i from range(3) where false":                     {"i BIGINT"},
		"from range(2) -- a comment\n;":                                   {"range BIGINT", "0", "1"},
		"describe select 1 as x":                                          {"column_name VARCHAR|column_type VARCHAR|null VARCHAR|key VARCHAR|default VARCHAR|extra VARCHAR", "x|INTEGER|YES|~|~|~"},
		"(select 2 as x) union all (select 1) order by x":                 {"x INTEGER", "1", "2"},
		"with a as (select 1 as x) select x from a":                       {"x INTEGER", "1"},
		"select length(repeat('é\"', 300000)) as n, repeat('\"', 3) as q": {"n BIGINT|q VARCHAR", `600000|"""`},
	} {
		got, err := answered(t.Context(), e, nil, query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestQueryLongValue(t *testing.T) {
	t.Parallel()
	got, err := answered(t.Context(), lakeOf(t, t.TempDir()), nil, `select repeat('é"', 300000) as x, 'end' as y`)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat(`é"`, 300000) + "|end"; len(got) != 2 || got[1] != want {
		t.Errorf("got %d lines, the last of %d bytes", len(got), len(got[len(got)-1]))
	}
}

func TestQueryKeepsOrder(t *testing.T) {
	t.Parallel()
	rows, err := lakeOf(t, t.TempDir()).Query(t.Context(), nil, "select range as i from range(1000000) order by hash(range), range")
	if err != nil {
		t.Fatal(err)
	}
	other, err := lakeOf(t, t.TempDir()).Query(t.Context(), nil,
		"select range as i from range(1000000) order by hash(range), range limit 1000000")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() && other.Next() {
		if n++; *rows.Values()[0] != *other.Values()[0] {
			t.Fatalf("row %d is %s and %s", n, *rows.Values()[0], *other.Values()[0])
		}
	}
	if err := errors.Join(rows.Err(), other.Err(), rows.Close(), other.Close()); err != nil || n != 1000000 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestQueryViews(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := writeParquet(t, dir, "old [1].parquet", "select 1 as id, date '2025-01-30' as d, 5 as fee")
	newer := writeParquet(t, dir, "new.parquet", "select 2::bigint as id, date '2025-01-31' as d, 0.25::decimal(4,2) as fee, 'x' as note")
	columns := []model.Column{{Name: "id", Type: "BIGINT"}, {Name: "d", Type: "DATE"}, {Name: "fee", Type: "DECIMAL(4,2)"}, {Name: "note", Type: "VARCHAR"}}
	views := map[string]View{
		"fees": {Columns: columns, BusinessDate: "d", Files: []Files{
			{Paths: []string{old}, Columns: []model.Column{{Name: "id", Type: "INTEGER"}, {Name: "d", Type: "DATE"}, {Name: "fee", Type: "INTEGER"}}},
			{Paths: []string{newer}, Columns: columns},
		}},
		"empty": {Columns: columns, BusinessDate: "d"},
		"whole": {Columns: columns[:1], Files: []Files{{Paths: []string{newer}, Columns: columns}}},
	}
	e := lakeOf(t, dir)
	for query, want := range map[string][]string{
		"select * from fees order by id": {"id BIGINT|d DATE|fee DECIMAL(4,2)|note VARCHAR|year INTEGER|month INTEGER|day INTEGER",
			"1|2025-01-30|5.00|~|2025|1|30", "2|2025-01-31|0.25|x|2025|1|31"},
		"select count(*) as n from empty where year = 2025": {"n BIGINT", "0"},
		"select * from whole":                               {"id BIGINT", "2"},
		"show tables":                                       {"name VARCHAR", "empty", "fees", "whole"},
		"explain select 1":                                  {"QUERY PLAN VARCHAR"},
	} {
		got, err := answered(t.Context(), e, views, query)
		if strings.HasPrefix(query, "explain") && len(got) > 1 {
			got = got[:1]
		}
		if err != nil {
			t.Errorf("%s: %v", query, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestQueryOnlyReads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := lakeOf(t, dir)
	out := sqltext.QuoteString(filepath.Join(dir, "written.csv"))
	for query, want := range map[string]string{
		"":                           "there is no statement",
		" -- nothing\n;":             "there is no statement",
		"select 1; select 2":         "one statement is run, and these are 2",
		"create table t as select 1": "the statement does more than read",
		"copy (select 1) to " + out:  "the statement does more than read",
		"explain":                    "the statement does more than read",
		"explain analyze copy (select 1) to " + out:                "the statement does more than read",
		"explain (analyze, format json) copy (select 1) to " + out: "the statement does more than read",
		"select 1 --\r; copy (select 1) to " + out + "; select 1":  "one statement is run, and these are 3",
		"select 1 --\r; select 2":                                  "one statement is run, and these are 2",
		"set threads = 1":                                          "the statement does more than read",
		"pragma version":                                           "the statement does more than read",
		"call pragma_version()":                                    "the statement does more than read",
		"attach ':memory:' as x":                                   "the statement does more than read",
		"load httpfs":                                              "the statement does more than read",
		"execute x":                                                "the statement does more than read",
		"with a as (delete from b returning *) select * from a":    "-1: A CTE needs a SELECT",
		"from read_text('/etc/passwd')":                            `5: Cannot access file "/etc/passwd" - file system operations are disabled by configuration`,
		"from glob('/etc/*')":                                      `5: Cannot access file "/etc/*" - file system operations are disabled by configuration`,
		"select $1":                                                "-1: a $ parameter has no value",
		"select 'é',\n  foo from range(3)":                         `15: Referenced column "foo" not found in FROM clause`,
		"  explain select nope":                                    `17: Referenced column "nope" was not found because the FROM clause is missing`,
		"select 1 from nope":                                       `14: Table with name nope does not exist`,
		"/* é */ selec 1":                                          `9: syntax error at or near "selec"`,
		"select 'x":                                                ":1:8: string without an end: ' is missing",
	} {
		_, err := answered(t.Context(), e, nil, query)
		var bind *model.BindError
		got := fmt.Sprint(err)
		if errors.As(err, &bind) {
			got = fmt.Sprintf("%d: %s", bind.Off, bind.Msg)
		}
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", query, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "written.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a query wrote a file: %v", err)
	}
}

func TestQueryFailsHalfWay(t *testing.T) {
	t.Parallel()
	e := lakeOf(t, t.TempDir())
	rows, err := e.Query(t.Context(), nil, "select case when range < 900000 then 1 else cast('x' || range as integer) end as n from range(1000000)")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if err := rows.Err(); n < 100000 || err == nil || !strings.HasPrefix(err.Error(), "Could not convert string 'x9") {
		t.Errorf("after %d rows: %v", n, err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}

func TestQueryClosedHalfWay(t *testing.T) {
	t.Parallel()
	e := lakeOf(t, t.TempDir())
	rows, err := e.Query(t.Context(), nil, "select range as n from range(100000000000)")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() || *rows.Values()[0] == "" {
		t.Errorf("no first row: %v", rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(e.Work(), "*.fifo"))
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestQueryClosedAtOnce closes before and while DuckDB opens the pipe.
func TestQueryClosedAtOnce(t *testing.T) {
	t.Parallel()
	e := lakeOf(t, t.TempDir())
	for range 200 {
		rows, err := e.Query(t.Context(), nil, "select 1 as n")
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestQueryCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := lakeOf(t, t.TempDir()).Query(ctx, nil, "select range as n from range(100000000000)")
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; rows.Next(); n++ {
		if n == 10000 {
			cancel()
		}
	}
	cancel()
	if !errors.Is(rows.Err(), context.Canceled) {
		t.Errorf("ended by %v", rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}

func TestFloatText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"1.0": "1", "0.1": "0.1", "-0.0": "-0", "100000000000000.0": "100000000000000", "1e15": "1e+15", "123456789012345680.0": "1.2345678901234568e+17",
		"0.0001": "0.0001", "0.00001": "1e-05", "1e-310": "1e-310", "inf": "Infinity", "-inf": "-Infinity", "nan": "NaN",
	} {
		if got, err := floatText(in, 64); got != want || err != nil {
			t.Errorf("%s is %s, %v and not %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{"0.1": "0.1", "999999.0": "999999", "1000000.0": "1e+06", "16777216.0": "1.6777216e+07"} {
		if got, err := floatText(in, 32); got != want || err != nil {
			t.Errorf("float %s is %s, %v and not %s", in, got, err, want)
		}
	}
}

// TestSessionsAreInUTC asks a session that is not the one that was configured; of
// the machine itself DuckDB would have the zone's name otherwise.
func TestSessionsAreInUTC(t *testing.T) {
	t.Parallel()
	lines, err := answered(t.Context(), lakeOf(t, t.TempDir()), nil, "select current_setting('TimeZone') as zone")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"zone VARCHAR", "UTC"}, lines); d != "" {
		t.Error(d)
	}
}
