package model_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// chain is raw_a > a > b > c, with raw_b beside it and whole > all.
func chain() fstest.MapFS {
	files := fstest.MapFS{}
	for _, name := range []string{"raw_a", "raw_b"} {
		files["sql/contracts/"+name+".sql"] = file("-- business date: d\n-- objects: " + name + "/*.csv\ncreate or replace table " + name +
			" (\n  id bigint not null,\n  d date not null,\n  x integer,\n  primary key (id)\n);\n")
	}
	for name, text := range map[string]string{
		"a":       "select id, d, x from raw_a where x > /* $least */ 0",
		"b":       "select id, d, x from a",
		"c":       "select b.id, b.d, b.x from b join raw_b using (id)",
		"daily_x": "-- grain: d\n-- load: x_fact\nselect d, cast(sum(x) as bigint) as x from c group by d",
		"all":     "-- publish: whole\nselect cast(sum(x) as bigint) as x from daily_x",
	} {
		files["sql/models/"+name+".sql"] = file(text)
	}
	return files
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func mustLoad(t *testing.T, files fs.FS, parameters map[string]string) *model.Project {
	t.Helper()
	p, _, err := load(t, files, parameters)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestGraphAndSelect(t *testing.T) {
	t.Parallel()
	p := mustLoad(t, chain(), nil)
	if diff := cmp.Diff([]string{"raw_a", "raw_b", "a", "b", "c", "daily_x", "all"}, p.Order); diff != "" {
		t.Errorf("order: %s", diff)
	}
	if diff := cmp.Diff([]string{"raw_a", "raw_b", "a", "b"}, p.Upstream("c")); diff != "" {
		t.Errorf("upstream: %s", diff)
	}
	if diff := cmp.Diff([]string{"c", "daily_x", "all"}, p.Downstream("raw_b", "b")); diff != "" {
		t.Errorf("downstream: %s", diff)
	}
	for pattern, want := range map[string]string{
		"a":              "a",
		"c, a":           "a c",
		"+b":             "raw_a a b",
		"c+":             "c daily_x all",
		"+c+":            "raw_a raw_b a b c daily_x all",
		"raw_*":          "raw_a raw_b",
		"*_x,+a":         "raw_a a daily_x",
		"nothing":        `select 'nothing': no dataset is called nothing`,
		"dayly_x+,a,raw": `select 'dayly_x+': no dataset is called dayly_x, did you mean "daily_x"?` + "\n" + `select 'raw': no dataset is called raw, did you mean "raw_a"?`,
		"":               `select '': no dataset is called , did you mean "a"?`,
		"[":              `select '[': no dataset is called [, did you mean "a"?`,
	} {
		got, err := p.Select(pattern)
		text := strings.Join(got, " ")
		if err != nil {
			text = err.Error()
		}
		if text != want {
			t.Errorf("select %q: got %q, want %q", pattern, text, want)
		}
	}
}

func TestDataChangesWithMeaningAlone(t *testing.T) {
	t.Parallel()
	const first = "-- about: x\n-- grain: id\nselect id, d, x from raw_a where x > /* $least */ 0"
	data := func(text string, parameters map[string]string) string {
		files := chain()
		files["sql/models/a.sql"] = file(text)
		return mustLoad(t, files, parameters).Models["a"].Data()
	}
	base := data(first, nil)
	for name, c := range map[string]struct {
		text       string
		parameters map[string]string
		same       bool
	}{
		"layout and words":   {text: "-- grain: id\n\n-- prose\nSELECT id, d, X\nFROM raw_a /* why */ WHERE x > /* $least */ 0;", same: true},
		"a test":             {text: "-- test: x > 0\n" + first, same: true},
		"a load":             {text: "-- load: a_fact\n" + first, same: true},
		"explicit publish":   {text: "-- publish: daily\n" + first, same: true},
		"parameter's name":   {text: strings.Replace(first, "$least", "$other", 1), same: true},
		"same value":         {text: first, parameters: map[string]string{"least": "0"}, same: true},
		"other value":        {text: first, parameters: map[string]string{"least": "1"}},
		"literal":            {text: strings.Replace(first, "0", "1", 1)},
		"grain":              {text: strings.Replace(first, "grain: id", "grain: id, x", 1)},
		"order":              {text: "-- order: x\n" + first},
		"publish":            {text: "-- publish: no\n" + first},
		"preserves":          {text: "-- preserves: raw_a\n" + first},
		"reads":              {text: "-- reads raw_a: last 2 days\n" + first},
		"quoted is not bare": {text: strings.Replace(first, "x from", `"X" as x from`, 1)},
	} {
		if got := data(c.text, c.parameters); (got == base) != c.same {
			t.Errorf("%s: same is %v, want %v\n%s", name, got == base, c.same, got)
		}
	}
}

func TestUnknownParameterAndBadValue(t *testing.T) {
	t.Parallel()
	_, _, err := load(t, chain(), map[string]string{"leest": "1", "least": "many"})
	want := "parameter leest: no file has it, did you mean \"least\"?\nsql/models/a.sql:1:51: parameter $least: 'many' is not a number"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestPositionsAroundBoundParameters(t *testing.T) {
	t.Parallel()
	const src = "\n\nselect /* $a */ 1,\n  /* $b */ 'x' as é, last"
	for part, want := range map[string]string{"select": "3:1", "12345": "3:17", "345": "3:17", ",": "3:18", "'a longer": "4:12", "longer": "4:12", "as é": "4:16", "last": "4:22"} {
		text, _, err := model.BoundPos(src, map[string]string{"a": "12345", "b": "a longer one"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, pos, _ := model.BoundPos(src, map[string]string{"a": "12345", "b": "a longer one"}, strings.Index(text, part))
		if got := fmt.Sprintf("%d:%d", pos.Line, pos.Col); got != want {
			t.Errorf("%q of %q is at %s, want %s", part, text, got, want)
		}
	}
}

func TestQueryBind(t *testing.T) {
	t.Parallel()
	files := chain()
	files["queries/q.sql"] = file("-- on: both\nselect x, d from x_fact where d = /* $as_of */ current_date\n  and x > /* $least */ 0;\n")
	q := mustLoad(t, files, map[string]string{"least": "5"}).Queries[0]
	for _, c := range []struct {
		values map[string]string
		want   string
	}{
		{nil, "select x, d from x_fact where d = /* $as_of */ current_date\n  and x > /* $least */ 5"},
		{map[string]string{"as_of": "2025-01-31", "least": "7"}, "select x, d from x_fact where d = /* $as_of */ date '2025-01-31'\n  and x > /* $least */ 7"},
	} {
		got, err := q.Bind(c.values)
		if err != nil || got != c.want {
			t.Errorf("%v: got %q, %v", c.values, got, err)
		}
	}
	if got, _ := q.Bind(nil); got != q.SQL {
		t.Errorf("SQL is %q, Bind(nil) %q", q.SQL, got)
	}
	for _, values := range []map[string]string{{"as_off": "2025-01-31"}, {"as_of": "yesterday"}, {"as_of": "2025-01-31' or ''='"}} {
		if got, err := q.Bind(values); err == nil {
			t.Errorf("%v: got %q, want an error", values, got)
		}
	}
}

func TestSessionRunsInAShell(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/whole_project.txtar")
	if err != nil {
		t.Fatal(err)
	}
	p := mustLoad(t, asFS(archive), nil)
	shell := newBinder(t)
	for range 2 {
		if err := shell.Exec(t.Context(), p.SessionSQL()); err != nil {
			t.Fatalf("%v in\n%s", err, p.SessionSQL())
		}
	}
	var run []string
	for _, m := range p.Models {
		run = append(run, m.Source)
	}
	for _, d := range p.DataTests {
		run = append(run, d.Source)
	}
	for _, q := range p.Queries {
		if q.OnLake() {
			run = append(run, q.Source)
		}
	}
	for _, u := range p.UnitTests {
		run = append(run, u.Source)
	}
	for _, text := range run {
		if err := shell.Exec(t.Context(), text); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}

func TestReportCountsAndSkips(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/whole_project.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := asFS(archive)
	files["sql/monitor/locks.sql"] = file("select * from pg_locks")
	_, got, err := model.Examine(t.Context(), model.Options{FS: files, Judge: newJudge(t), Binder: newBinder(t)})
	if err != nil {
		t.Fatal(err)
	}
	const why = "runs on the warehouse alone"
	want := model.Report{Contracts: 2, Models: 4, Tests: 10, UnitTests: 3, DataTests: 2, Queries: 3,
		Skipped: []model.Skip{{File: "queries/leaves.sql", Why: why}, {File: "sql/monitor/locks.sql", Why: why}, {File: "sql/warehouse/001_tables.sql", Why: why}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyProject(t *testing.T) {
	t.Parallel()
	p := mustLoad(t, fstest.MapFS{}, nil)
	if len(p.Order) != 0 || p.Warehouse != nil {
		t.Errorf("got %v", p)
	}
}

// sick fails as a connection does, and not as a statement.
type sick struct{ model.Binder }

var errSick = errors.New("sick")

func (sick) Describe(context.Context, string) ([]model.Column, error) { return nil, errSick }

func TestAFaultOfTheBinderIsNotTheFiles(t *testing.T) {
	t.Parallel()
	_, err := model.Load(t.Context(), model.Options{FS: chain(), Judge: newJudge(t), Binder: sick{newBinder(t)}})
	var faults sqltext.Errors
	if !errors.Is(err, errSick) || errors.As(err, &faults) {
		t.Errorf("got %v", err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	b := newBinder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := model.Load(ctx, model.Options{FS: chain(), Judge: newJudge(t), Binder: b}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestImpureNamesAreComplete holds the lists against DuckDB's own catalogue.
func TestImpureNamesAreComplete(t *testing.T) {
	t.Parallel()
	b := newBinder(t)
	rows, err := b.Rows(t.Context(), "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT' and function_name <> 'error' order by all")
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d functions, %v", len(rows), err)
	}
	for _, row := range rows {
		if !slices.Contains(model.ImpureFunctions, row[0]) {
			t.Errorf("DuckDB's %s is not the same twice, and no model is told so", row[0])
		}
	}
}

// generated is a project of n models and as many contracts, tests and queries
// beside them, four files each.
func generated(n int) fstest.MapFS {
	files := fstest.MapFS{}
	var columns, selected strings.Builder
	for c := range 20 {
		fmt.Fprintf(&columns, "  column_%d decimal(18, 2),\n", c)
		fmt.Fprintf(&selected, "  cast(column_%d as decimal(18, 2)) as column_%d,\n", c, c)
	}
	for i := range n {
		raw, input := fmt.Sprintf("raw_%03d", i), fmt.Sprintf("raw_%03d", i)
		if i%2 == 1 {
			input = fmt.Sprintf("model_%03d", i-1)
		}
		files["sql/contracts/"+raw+".sql"] = file("-- business date: d\n-- objects: " + raw + "/*.csv\ncreate or replace table " + raw +
			" (\n  id bigint not null,\n  d date not null,\n" + columns.String() + "  primary key (id)\n);\n")
		files[fmt.Sprintf("sql/models/model_%03d.sql", i)] = file(fmt.Sprintf("-- grain: id\n-- load: fact_%03d\n-- test: not null column_0\n-- test: column_1 > 0\n"+
			"-- test: accepted column_2: 1, 2\nwith t as (select * from %s)\nselect id, d,\n%s  row_number() over (partition by d order by id) as n\nfrom t", i, input, selected.String()))
		files[fmt.Sprintf("sql/tests/test_%03d.sql", i)] = file(fmt.Sprintf("-- test of: model_%03d, on 2025-01-31\n"+
			"create or replace table %s as select 1 as id, date '2025-01-31' as d;\nselect 1 as id, 1 as n;", i, input))
		files[fmt.Sprintf("queries/query_%03d.sql", i)] = file(fmt.Sprintf("-- on: both\nselect year, sum(column_1) as total from fact_%03d group by year", i))
	}
	return files
}

// BenchmarkLoad100Files checks a project of 100 files, an empty DuckDB included.
func BenchmarkLoad100Files(b *testing.B) {
	files := generated(25)
	for b.Loop() {
		if _, _, err := load(b, files, nil); err != nil {
			b.Fatal(err)
		}
	}
}
