package contract_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/sqltext"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

func newJudge(t *testing.T) *duckdb.Judge {
	t.Helper()
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = judge.Close() })
	return judge
}

func parse(t *testing.T, file, src string) (*contract.Contract, error) {
	t.Helper()
	return contract.Parse(context.Background(), file, src, newJudge(t))
}

func mustParse(t *testing.T, src string) *contract.Contract {
	t.Helper()
	c, err := parse(t, "raw_x.sql", src)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFaults compares what Parse says of the contracts in testdata with the golden
// file of the same name: every fault at once, with its place and remedy.
func TestFaults(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, path := range archives {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range archive.Files {
				if !strings.HasSuffix(f.Name, ".sql") {
					continue
				}
				c, err := parse(t, f.Name, string(f.Data))
				got := faultText(t, err)
				if err == nil {
					got += c.Directives()
					again(t, c)
				}
				if *update {
					archive.Files[i+1].Data = []byte(got)
				}
				if diff := cmp.Diff(string(archive.Files[i+1].Data), got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// again parses what a contract prints and compares the two.
func again(t *testing.T, c *contract.Contract) {
	t.Helper()
	statement := c.Source
	for strings.HasPrefix(strings.TrimPrefix(statement, "\ufeff"), "--") {
		_, statement, _ = strings.Cut(statement, "\n")
	}
	second, err := parse(t, c.File, c.Directives()+"\n"+statement)
	if err != nil {
		t.Errorf("%s does not read what it prints: %v\n%s", c.File, err, c.Directives())
		return
	}
	same := cmp.Options{cmpopts.IgnoreTypes(sqltext.Pos{}), cmpopts.IgnoreUnexported(contract.Contract{}, contract.Pattern{}),
		cmpopts.IgnoreFields(contract.Contract{}, "Source"), cmpopts.IgnoreFields(contract.Check{}, "Off"), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(c, second, same); diff != "" {
		t.Errorf("%s prints another contract (-want +got):\n%s", c.File, diff)
	}
	if second.Data() != c.Data() || second.Directives() != c.Directives() {
		t.Errorf("%s prints a contract with other data", c.File)
	}
}

func faultText(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "no fault\n"
	}
	var faults sqltext.Errors
	if !errors.As(err, &faults) {
		t.Fatalf("not a list of faults: %v", err)
	}
	var b strings.Builder
	for _, f := range faults {
		b.WriteString(f.Error() + "\n")
		if f.Remedy != "" {
			b.WriteString("    try: " + f.Remedy + "\n")
		}
	}
	return b.String()
}

// TestChecks are the ways a CHECK's text can fool a lexer.
func TestChecks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want []string // name: text
	}{
		"plain":                        {"a int, constraint pos check (a > 0)", []string{"pos: a > 0"}},
		"at a column":                  {"a int constraint pos check (a > 0) not null, b int", []string{"pos: a > 0"}},
		"two at a column":              {"a int constraint p check (a > 0) constraint q check (a < 9)", []string{"p: a > 0", "q: a < 9"}},
		"column and table order":       {"a int constraint p check (a > 0), constraint q check (b < 9), b int constraint r check (b > 1)", []string{"p: a > 0", "q: b < 9", "r: b > 1"}},
		"nested brackets":              {"a int, constraint n check (((a + 1) * (2)) > (0))", []string{"n: ((a + 1) * (2)) > (0)"}},
		"bracket in a string":          {"a varchar, constraint s check (a <> ')' and a <> '((')", []string{"s: a <> ')' and a <> '(('"}},
		"quote in a string":            {"a varchar, constraint s check (a <> 'it''s )')", []string{"s: a <> 'it''s )'"}},
		"escape string":                {`a varchar, constraint s check (a <> E'\')')`, []string{`s: a <> E'\')'`}},
		"dollar quotes":                {"a varchar, constraint s check (a <> $$)', check (1$$)", []string{"s: a <> $$)', check (1$$"}},
		"tagged dollar quotes":         {"a varchar, constraint s check (a <> $q$)$$)$q$)", []string{"s: a <> $q$)$$)$q$"}},
		"bracket in a quoted name":     {`"check" int, constraint q check ("check" > 0)`, []string{`q: "check" > 0`}},
		"columns called like keywords": {`"constraint" int, "primary" int default 1, "check" int, constraint q check ("constraint" > "primary")`, []string{`q: "constraint" > "primary"`}},
		"bracket in a line comment":    {"a int, constraint c check (a > 0 -- ) or (\n and a < 9)", []string{"c: a > 0 -- ) or (\n and a < 9"}},
		"comment at the end":           {"a int, constraint c check (a > 0 -- end\n)", []string{"c: a > 0"}},
		"nested comment":               {"a int, constraint c check (a /* ) /* ( */ ) */ > 0)", []string{"c: a /* ) /* ( */ ) */ > 0"}},
		"check in a comment":           {"a int, -- constraint x check (a < 0)\n /* , constraint y check (a < 0) */ constraint c check (a > 0)", []string{"c: a > 0"}},
		"comment inside the words":     {"a int, constraint /* x */ c -- y\n check/**/(a > 0)", []string{"c: a > 0"}},
		"check in a default":           {"a varchar default ', constraint x check (a = 1)', constraint c check (a <> '')", []string{"c: a <> ''"}},
		"default before a check":       {"a int default 1 + 2 constraint c check (a > 0) not null", []string{"c: a > 0"}},
		"case in a default":            {"a int default case when true then null else 1 end constraint c check (a > 0)", []string{"c: a > 0"}},
		"case in a check":              {"a int, constraint c check (case when a > 1 then true else false end)", []string{"c: case when a > 1 then true else false end"}},
		"not null inside":              {"a int, constraint c check (a is not null and not (a = 1))", []string{"c: a is not null and not (a = 1)"}},
		"keywords in upper case":       {"A INT, CONSTRAINT c CHECK(A>0)", []string{"c: A>0"}},
		"what DuckDB rewrites":         {"a varchar, constraint l check (a like 'x%' and cast(a as date) > date '2020-01-01' and extract(year from cast(a as date)) > 2000)", []string{"l: a like 'x%' and cast(a as date) > date '2020-01-01' and extract(year from cast(a as date)) > 2000"}},
		"key between":                  {"a int, constraint k primary key (a), constraint c check (a > 0)", []string{"c: a > 0"}},
		"unequal text, equal meaning":  {"a int, b int, constraint p check (a>0), constraint q check ( a > 0 )", []string{"p: a>0", "q: a > 0"}},
		"carriage return ends comment": {"a int, -- x\r constraint c check (a > 0)\n", []string{"c: a > 0"}},
		"lists and structs":            {"a int, constraint l check (a in (1, 2) and list_contains([1, 2], a))", []string{"l: a in (1, 2) and list_contains([1, 2], a)"}},
		"no space character":           {"a int,\u00a0constraint\u2003c check (a\u00a0> 0)", []string{"c: a\u00a0> 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mustParse(t, "-- objects: x.csv\n\ncreate or replace table raw_x ("+test.body+");\n")
			var got []string
			for _, k := range c.Checks {
				got = append(got, k.Name+": "+k.Text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotUTF8(t *testing.T) {
	t.Parallel()
	_, err := parse(t, "raw_x.sql", "-- objects: x.csv\n-- format a: \xff1\ncreate table raw_x (a int);")
	if got, want := faultText(t, err), "raw_x.sql:2:14: the file is not UTF-8\n    try: save it as UTF-8\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// lyingJudge answers like DuckDB that read another text than the lexer did.
type lyingJudge struct {
	contract.Judge
	lie func([]contract.Table)
}

func (j lyingJudge) Tables(ctx context.Context, statements ...string) ([]contract.Table, error) {
	tables, err := j.Judge.Tables(ctx, statements...)
	if err == nil {
		j.lie(tables)
	}
	return tables, err
}

// TestProof shows that a text which DuckDB does not confirm is refused.
func TestProof(t *testing.T) {
	t.Parallel()
	src := "-- objects: x.csv\ncreate table raw_x (a int default 1, constraint c check (a > 0));"
	for name, lie := range map[string]func([]contract.Table){
		"another expression": func(tables []contract.Table) { tables[len(tables)-1].Checks[0] += " " + tables[len(tables)-1].Name },
		"one more":           func(tables []contract.Table) { tables[0].Checks = append(tables[0].Checks, "x") },
		"another default":    func(tables []contract.Table) { tables[0].Columns[0].Default += tables[0].Name },
		"another name":       func(tables []contract.Table) { tables[0].Columns[0].Name = "b" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := contract.Parse(t.Context(), "raw_x.sql", src, lyingJudge{newJudge(t), lie})
			if err == nil || !strings.Contains(err.Error(), "differently") || !strings.HasPrefix(err.Error(), "raw_x.sql:2:") {
				t.Errorf("got %v", err)
			}
		})
	}
}
