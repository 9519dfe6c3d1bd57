package engine_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// staff is a project with private columns: a name, and a number.
func staff(columns string) fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_staff.sql": {Data: []byte("-- business date: on_day\n-- private: name, salary\n-- objects: staff/*.csv\ncreate table raw_staff (id int not null, on_day date not null, name varchar, salary bigint, primary key (id));\n")},
		"sql/models/staff.sql":        {Data: []byte("-- grain: id\nselect id, on_day, " + columns + " from raw_staff\n")},
	}
}

// telling are statements whose errors show a value, and what is left of them. Each value
// has Brien, 4711 or both in it.
var telling = []struct{ sql, left string }{
	{"cast('O''Brien' as integer)", "Conversion Error: Could not convert string '***' to INT32"},
	{"cast(name as integer) from (values ('O''Brien')) t(name)", "Conversion Error: Could not convert string '***' to INT32 when casting from source column name"},
	{"cast(v as integer) from (values ('O''Brien')) t(v)", "Conversion Error: Could not convert string '***' to INT32"},
	{"cast(name as integer) from (values ('O''Br\nBrien')) t(name)", "Conversion Error: Could not convert string '***' to INT32 when casting from source column name"},
	{"cast(name as integer) from (values ('the \"x\" O''Brien')) t(name)", "Conversion Error: Could not convert string '***' to INT32 when casting from source column name"},
	{"cast(name as integer) from (values ('x'' when casting from source column Brien')) t(name)", "Conversion Error: Could not convert string '***' to INT32 when casting from source column name"},
	{"cast(name as date) from (values ('O''Brien')) t(name)", "Conversion Error: invalid date field format: '***' when casting from source column name"},
	{"cast(name as timestamptz) from (values ('O''Brien')) t(name)", "Conversion Error: invalid timestamp field format: '***' when casting from source column name"},
	{"cast(name as time) from (values ('O\"Brien')) t(name)", "Conversion Error: time field value out of range: '***' when casting from source column name"},
	{"cast(name as decimal(9, 2)) from (values ('O\"Brien')) t(name)", "Conversion Error: Could not convert string '***' to DECIMAL(9,2) when casting from source column name"},
	{"cast(name as decimal(4, 2)) from (values ('4711.5')) t(name)", "Conversion Error: Could not convert string '***' to DECIMAL(4,2) when casting from source column name"},
	{"cast(name as blob) from (values ('O''Br\\xBrien')) t(name)", "Conversion Error: Invalid hex escape code encountered in string -> blob conversion of string '***' when casting from source column name"},
	{"cast(name as json) from (values ('O\"Brien')) t(name)", "Conversion Error: Malformed JSON at byte '***' when casting from source column name"},
	{"cast(name as integer[]) from (values ('[O''Brien]')) t(name)", "Conversion Error: Type VARCHAR with value '***' to INTEGER[] when casting from source column name"},
	{"cast(salary as integer) from (values (4711471147114711)) t(salary)", "Conversion Error: Type INT64 with value '***' to INT32 when casting from source column salary"},
	{"cast(salary as tinyint) from (values (-4711)) t(salary)", "Conversion Error: Type INT32 with value '***' to INT8 when casting from source column salary"},
	{"cast(salary as integer) from (values (cast(471147114711.5 as double))) t(salary)", "Conversion Error: Type DOUBLE with value '***' to INT32 when casting from source column salary"},
	{"cast(salary as decimal(4, 2)) from (values (4711)) t(salary)", "Conversion Error: Could not cast value '***' to DECIMAL(4,2) when casting from source column salary"},
	{"cast(salary as decimal(4, 2)) from (values (4711.25)) t(salary)", "Conversion Error: Casting value '***' to DECIMAL(4,2) when casting from source column salary"},
	{"cast(salary as integer) from (values (4711471147114711.25)) t(salary)", "Conversion Error: Failed to cast decimal value '***' to INT32 when casting from source column salary"},
	{"v * v from (values (4711471147114711)) t(v)", "Out of Range Error: Overflow in multiplication of INT64 '***'"},
	{"v + v from (values (9223372036854774711)) t(v)", "Out of Range Error: Overflow in addition of INT64 '***'"},
	{"v * v from (values (cast(47114711471147114711471147114711.5 as decimal(38, 2)))) t(v)", "Out of Range Error: Overflow in multiplication of DECIMAL '***'"},
	{"sum(v) from (values (cast('170141183460469231731687303715884104711' as hugeint)), (4711)) t(v)", "Out of Range Error: Overflow in HUGEINT addition: '***'"},
	{"strptime(v, '%Y-%m-%d') from (values ('O''Brien')) t(v)", "Invalid Input Error: Could not parse string '***'"},
	{"strptime(v, '%Y-%m-%d') from (values ('2025-47-4711')) t(v)", "Invalid Input Error: Could not parse string '***'"},
	{"v->>'$.a' from (values ('O''Brien')) t(v)", "Invalid Input Error: Malformed JSON at byte '***'"},
	{"json_extract('{}', v) from (values ('$$O''Brien')) t(v)", "Invalid Input Error: JSON path error near '***'"},
	{"regexp_matches('a', v) from (values ('(Brien')) t(v)", "Invalid Input Error: missing ): '***'"},
	{"chr(v) from (values (47114711)) t(v)", "Invalid Input Error: Invalid UTF8 Codepoint '***'"},
	{"make_date(v, 1, 1) from (values (47114711)) t(v)", "Conversion Error: Date out of range: '***'"},
	{"date_part(v, date '2025-01-01') from (values ('O\"Brien')) t(v)", "Conversion Error: extract specifier '***'"},
	{"repeat('x', v) from (values (471147114711)) t(v)", "Out of Range Error: Cannot create a string of size: '***'"},
	{"from_base64(v) from (values ('O\"Brien')) t(v)", "Conversion Error: Could not decode string '***'"},
	{"get_bit('101'::bit, v) from (values (4711)) t(v)", "Out of Range Error: bit index '***'"},
	{"to_years(v) from (values (2147404711)) t(v)", "Out of Range Error: Interval value '***'"},
	{"cast(v as integer) from (values (json('\"O''Brien\"'))) t(v)", "Conversion Error: Failed to cast value to numerical: '***'"},
	{"error('about O''Brien')", "Invalid Input Error: about '***'"},
	{"(select w from (values ('Brien'), ('4711')) s(w))", "Invalid Input Error: More than one row returned by a subquery used as an expression - scalar subqueries can only return a single row."},
}

// TestDiscreetWithDuckDBsWords has DuckDB tell values in all the ways that it has, and
// looks for them in what is left of its words: whole, of a model, of a data test, and
// without their kind, as the binder's are.
func TestDiscreetWithDuckDBsWords(t *testing.T) {
	t.Parallel()
	m := newBench(t, staff("name, salary")).open(false)
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range telling {
		var value any
		said := db.QueryRowContext(t.Context(), "select "+c.sql).Scan(&value)
		if said == nil {
			t.Errorf("%s is no error any more: %v", c.sql, value)
			continue
		}
		if d := cmp.Diff(c.left, m.Discreet(said).Error()); d != "" {
			t.Errorf("%s (-want +got):\n%s", said, d)
		}
		line, _, _ := strings.Cut(said.Error(), "\n")
		_, bare, _ := strings.Cut(line, " Error: ")
		bind, pos := &model.BindError{Msg: bare}, sqltext.Pos{File: "sql/models/staff.sql", Line: 3, Col: 8}
		_, left, _ := strings.Cut(c.left, " Error: ")
		for _, in := range []struct {
			err  error
			want string
		}{
			{&job.ModelError{Model: "staff", Pos: pos, Unit: "2025-01-31", Err: said}, "sql/models/staff.sql:3:8: model staff of 2025-01-31: " + c.left},
			{fmt.Errorf("sql/tests/paid.sql: data test paid of 2025-01: %w", said), "sql/tests/paid.sql: data test paid of 2025-01: " + c.left},
			{&job.ObjectError{Object: "staff/a.csv", Err: said}, "read object staff/a.csv: " + c.left},
			{&job.ModelError{Model: "staff", Pos: pos, Unit: "whole", Err: bind}, "sql/models/staff.sql:3:8: model staff of whole: " + left},
			{bind, left},
		} {
			got := m.Discreet(in.err).Error()
			if strings.Contains(got, "Brien") || strings.Contains(got, "4711") || !strings.HasPrefix(in.want, got) {
				t.Errorf("%v\nis told as %s\n     want %s", in.err, got, in.want)
			}
		}
	}
}

// TestDiscreetLeavesWhatIsNoValue: the words of the mill, of the binder and of the machine stay.
func TestDiscreetLeavesWhatIsNoValue(t *testing.T) {
	t.Parallel()
	m := newBench(t, staff("name, salary")).open(false)
	for said, want := range map[string]string{
		"object staff/2025-01-31.csv: 12 records by the independent count, 11 by the engine":                                                                                             "",
		"sql/models/staff.sql: model staff of 2025-01-31: 3 rows have a on_day outside the unit":                                                                                         "",
		"Out of Memory Error: failed to allocate data of size 16.0 MiB (95.3 MiB/95.3 MiB used)":                                                                                         "",
		"IO Error: Cannot open file \"/data/a.parquet\": No such file or directory":                                                                                                      "IO Error: Cannot open file '***': No such file or directory",
		"sql/models/staff.sql:1:2: model staff of whole: Referenced column \"x\" not found in FROM clause":                                                                               "sql/models/staff.sql:1:2: model staff of whole: Referenced column '***' not found in FROM clause",
		"sql/models/staff.sql:3:1: model staff of 2025-01-31: spark: [CAST_INVALID_INPUT] The value 'O'Brien' of the type \"STRING\" cannot be cast to \"INT\" because it is malformed.": "sql/models/staff.sql:3:1: model staff of 2025-01-31: spark: [CAST_INVALID_INPUT] The value '***' to INT",
		"sql/models/staff.sql:3:1: model staff of 2025-01-31: spark: [CAST_OVERFLOW] The value 4711L of the type \"BIGINT\" cannot be cast to \"INT\" due to an overflow.":               "sql/models/staff.sql:3:1: model staff of 2025-01-31: spark: [CAST_OVERFLOW] The value '***' to INT",
	} {
		if want == "" {
			want = said
		}
		if d := cmp.Diff(want, m.Discreet(errors.New(said)).Error()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

// TestRunTellsNoPrivateValue: a private number that fits no type, and a name with an
// apostrophe, are in no verdict, no test and no line of the log.
func TestRunTellsNoPrivateValue(t *testing.T) {
	t.Parallel()
	for columns, left := range map[string]string{
		"name, cast(salary as integer) as pay": "Type INT64 with value '***' to INT32 when casting from source column salary",
		"cast(name as integer) as pay":         "Could not convert string '***' to INT32 when casting from source column name",
		"name, salary":                         "data test paid of 2025-01-31: Conversion Error: Type INT64 with value '***' to INT16",
	} {
		files := staff(columns)
		files["sql/tests/paid.sql"] = &fstest.MapFile{Data: []byte("-- on: staff\nselect id from staff where cast(salary as smallint) % 2 = 1\n")}
		if columns != "name, salary" {
			files["sql/tests/paid.sql"] = &fstest.MapFile{Data: []byte("-- on: staff\nselect id from staff where id < 0\n")}
		}
		b := newBench(t, files)
		var log bytes.Buffer
		b.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b.write("staff/1.csv", "id,on_day,name,salary\n1,2025-01-31,O'Brien,4711471147114711\n")
		report := b.run(engine.Selection{})
		if report.Exit != engine.ExitFailed || len(report.Verdicts) != 1 || !strings.Contains(report.Verdicts[0].Reason, left) {
			t.Errorf("%s: exit %d, verdicts %v; want %s", columns, report.Exit, report.Verdicts, left)
		}
		if told := fmt.Sprint(report.Verdicts, report.Tests, log.String()); strings.Contains(told, "Brien") || strings.Contains(told, "4711") {
			t.Errorf("%s: a private value is told:\n%s", columns, told)
		}
	}
}

// TestRecordedErrorTellsNoPrivateValue: what ended a run is recorded in the ledger
// without the value that the engine's words quote.
func TestRecordedErrorTellsNoPrivateValue(t *testing.T) {
	t.Parallel()
	b := newBench(t, staff("name, salary"))
	b.write("staff/1.csv", "id,on_day,name,salary\n1,2025-01-31,O'Brien,4711\n")
	m := b.open(true)
	b.t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	m.Progress = func(p engine.Progress) {
		if p.Step == "models" {
			cancel(errors.New("Conversion Error: Could not convert string 'O'Brien' to INT32"))
		}
	}
	if _, err := m.Execute(ctx, engine.Selection{}); err == nil {
		t.Fatal("the run was not ended")
	}
	runs := m.State().Runs
	if len(runs) != 1 || !strings.Contains(runs[0].Error, "Could not convert string '***'") || strings.Contains(runs[0].Error, "Brien") {
		t.Errorf("recorded: %+v", runs)
	}
}
