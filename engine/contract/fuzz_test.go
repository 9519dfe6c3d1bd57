package contract

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ledgermill/engine/sqltext"
)

// stubJudge answers as DuckDB would for one fixed table.
type stubJudge struct{}

func (stubJudge) Tables(_ context.Context, statements ...string) ([]Table, error) {
	table := Table{Name: "raw_x", Columns: []TableColumn{{Name: "d", Type: "DATE", NotNull: true}, {Name: "n", Type: "DECIMAL(18,2)"}, {Name: "i", Type: "INTEGER"},
		{Name: "t", Type: "TIMESTAMP"}, {Name: "s", Type: "VARCHAR"}, {Name: "_object", Type: "VARCHAR"}}, Key: []string{"s"}}
	tables := make([]Table, len(statements))
	for i := range tables {
		tables[i] = table
	}
	return tables, nil
}

func (stubJudge) Expression(_ context.Context, sql string) (Expression, error) {
	if len(sql) > 20 {
		return Expression{}, &Fault{Off: len(sql) + 3, Msg: "too long"}
	}
	return Expression{Columns: []string{sql}}, nil
}

func (stubJudge) TypeOf(context.Context, string, []string) (string, error) { return "VARCHAR", nil }

const fuzzTable = "\ncreate table raw_x (d date, n decimal(18, 2), i int, t timestamp, s varchar, _object varchar, primary key (s));"

// FuzzDirectives: any header is read or faulted within the file, and what is read
// can be rendered and fingerprinted.
func FuzzDirectives(f *testing.F) {
	for _, seed := range []string{
		"-- objects: a/<d:%Y%m%d>/<_x>**.csv{,.gz}\n-- csv: delimiter '\\t', quote none, header within 3\n-- format n: 1.234,56 | (1,0), round",
		"-- business date: d\n-- partition: month\n-- key conflict: latest by i, n\n-- control: required, sum(n), count(s) by i\n-- reject limit: 1 %, n_type 0",
		"-- alias s: 'a, b' | c\n-- null: '' | -\n-- constant i: 7\n-- optional: t, n\n-- read s: i\n-- private: s\n-- about n: x",
		"-- control: sum(n), count(s) by i, s\n-- objects: a.csv\n-- last record: 'T''RL', i, s, count(*), sum(n), s, i, count(s)\n-- first record: 'HDR', _, d\n-- objects: b/**.csv\n-- csv: encoding latin-1, escape '\\'\n-- constant s: ' '' '",
		"-- alias s: A\n-- constant i: 3\n-- null: -\n-- objects: <s>.parquet\n-- alias i: B\n-- objects: x.{json,csv.gz}\n-- format n: (1.0) | 1'000,0 , round",
		"-- format t: %d.%m.%Y %I:%M %p | %Y-%m-%dT%H:%M:%S.%f%z\n-- objects: x.csv",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, err := Parse(t.Context(), "raw_x.sql", header+fuzzTable, stubJudge{})
		var faults sqltext.Errors
		if err != nil {
			if !errors.As(err, &faults) {
				t.Fatal(err)
			}
			return
		}
		for _, s := range c.Sections {
			if m, err := c.Match(s, c.Names()); err == nil {
				for _, cell := range c.Cells(s, m, map[string]string{}, spelling{}) {
					if (cell.Typed == "") != (cell.From == FromObject) {
						t.Fatalf("%s: %+v", cell.Column.Name, cell)
					}
				}
			}
			for _, f := range []*Frame{s.First, s.Last} {
				if f != nil {
					_, _ = c.FrameTotals(s, f, strings.Split("TRL,1,2,1.50,2025-01-31", ",")[:min(5, len(f.Parts))])
				}
			}
		}
		c.SectionOf(header)
		if c.Data() == c.Source {
			t.Fatal("no data")
		}
		printed := c.Directives()
		second, err := Parse(t.Context(), "raw_x.sql", printed+fuzzTable, stubJudge{})
		if err != nil {
			t.Fatalf("%v\nprinted of %q:\n%s", err, header, printed)
		}
		same := cmp.Options{cmpopts.IgnoreTypes(sqltext.Pos{}), cmpopts.IgnoreUnexported(Contract{}, Pattern{}), cmpopts.IgnoreFields(Contract{}, "Source"), cmpopts.IgnoreFields(Check{}, "Off"), cmpopts.EquateEmpty()}
		if diff := cmp.Diff(c, second, same); diff != "" {
			t.Fatalf("%s\nprinted of %q:\n%s", diff, header, printed)
		}
		if second.Data() != c.Data() || second.Directives() != printed {
			t.Fatalf("other data:\n%s\n%s", printed, second.Directives())
		}
	})
}

// spelling is a dialect without an engine.
type spelling struct{}

func (spelling) FullMatch(x, pattern string) string         { regexp.MustCompile(pattern); return x }
func (spelling) Extract(x, _ string, _ int) string          { return x }
func (spelling) Replace(x, _, template string) string       { return x + template }
func (spelling) TryCast(x string, t Type) string            { return x + t.String() }
func (spelling) Try(x string) string                        { return x }
func (spelling) Trim(x string) string                       { return x }
func (spelling) AddMinutes(stamp, minutes string) string    { return stamp + minutes }
func (spelling) Fast(_ string, _ Type, plain string) string { return plain }

// FuzzNumberExample: an example that is taken reads what it shows and its samples.
func FuzzNumberExample(f *testing.F) {
	for _, seed := range []string{"1,234.56", "(1.234,5)", "$-99", "+1 234.5 EUR", "1.-", "Fr. 1'234.50-", "9", "1..2", "é1\u00a0234,5", "\xff1\xff222\xff"} {
		f.Add(seed)
	}
	typ := Type{Base: Double}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseNumber(text)
		if err != nil {
			return
		}
		if _, err := regexp.Compile(e.reads(typ, false)); err != nil {
			return // not UTF-8
		}
		read := e.reader(typ, false)
		if _, ok := read(text); !ok {
			t.Fatalf("%q does not read itself: %s", text, e.reads(typ, false))
		}
		for _, sample := range e.samples() {
			if _, ok := read(sample); !ok {
				t.Fatalf("%q does not read %q: %s", text, sample, e.reads(typ, false))
			}
		}
		if sample, one, _ := (Format{Numbers: []NumberExample{e, e}}).differently(typ); sample != "" {
			t.Fatalf("%q reads %q in two ways: %s", text, sample, one)
		}
	})
}

// FuzzMoment: a pattern that is taken reads its own samples.
func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"%Y-%m-%d", "%d.%m.%y %I:%M %p", "%Y%m%d%H%M%S", "%b %d, %Y %H:%M:%S.%f%z", "%%%d%m%Y", "%d%b%y", "%Y%d%m1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		m, err := compileMoment(pattern)
		if err != nil {
			return
		}
		whole, err := regexp.Compile(`\A(?:` + m.regex + `)\z`)
		if err != nil {
			return // not UTF-8
		}
		if whole.NumSubexp() > 9 {
			t.Fatalf("%d groups", whole.NumSubexp())
		}
		read := 0
		for _, sample := range m.samples() {
			if _, ok := m.read(whole, sample); ok {
				read++
			}
		}
		if read == 0 {
			t.Fatalf("%q reads none of its samples", pattern)
		}
		m.value("x", Type{Base: Timestamp}, spelling{})
	})
}

// FuzzPattern: a pattern that is taken says what it fills.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"a/<d:%Y%m%d>/<_x>**.csv{,.gz}", "<a>{x,y}.csv", "<d:%d.(%m).%Y>.csv", "**/*.txt", "{.csv,.dat}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := compilePattern(text)
		if err != nil {
			return
		}
		if p.strict.NumSubexp() != len(p.Columns) {
			t.Fatalf("%d groups for %v", p.strict.NumSubexp(), p.Columns)
		}
		Section{Pattern: p}.MatchKey(text)
	})
}
