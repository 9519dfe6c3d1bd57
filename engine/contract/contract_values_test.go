package contract_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

const whatIsSaid = `-- about: first line
-- about: second line
-- about a: the key
-- business date: b
-- partition: month
-- key conflict: latest by n, b
-- control: required, sum(n), count(t) by t, a
-- reject limit: 2.5 %, small 0
-- reject limit: n_type 3
-- private: t
-- alias t: Text | 'x, y'
-- alias t: Other
-- null: - | ''''
-- null n: 0
-- objects: x_<b:%Y-%m-%d>.csv
-- csv: delimiter '\t', quote none, newline '\r', encoding Latin-1, header within 4
-- format n: 1.234,5, round
-- constant k: 7
-- optional: t
create or replace table raw_x (
  a varchar primary key,
  b date not null,
  n decimal(9, 1) default 1 + 1,
  k bigint,
  t varchar default null,
  constraint small check (n < 100)
);
comment on table raw_x is 'a comment';
comment on column raw_x.n is 'a number';
`

func TestParse(t *testing.T) {
	t.Parallel()
	c := mustParse(t, whatIsSaid)
	s := c.Sections[0]
	type said struct {
		About, AboutA, AboutN, Date  string
		Partition                    contract.Partition
		Key                          []string
		Conflict                     contract.KeyConflict
		Control                      contract.Control
		Limits                       []contract.Limit
		Private, Aliases, Nulls      []string
		CSV                          contract.CSV
		Default, DefaultT, K, Format string
		Types                        string
		Required                     []bool
	}
	got := said{About: c.About, AboutA: c.ColumnAbout["a"], AboutN: c.ColumnAbout["n"], Date: c.BusinessDate, Partition: c.Partition, Key: c.Key, Conflict: c.KeyConflict,
		Control: *c.Control, Limits: c.Limits, Private: c.Private, Aliases: s.Aliases["t"], Nulls: append(s.Nulls[""], s.Nulls["n"]...), CSV: s.CSV,
		Default: c.Columns[2].Default, DefaultT: c.Columns[4].Default, K: s.Constants["k"], Format: s.Formats["n"].Numbers[0].Text}
	for _, col := range c.Columns {
		got.Types += col.Type.String() + ";"
		got.Required = append(got.Required, col.NotNull)
	}
	for i := range got.Limits {
		got.Limits[i].Pos = sqltext.Pos{}
	}
	want := said{About: "first line\nsecond line", AboutA: "the key", AboutN: "a number", Date: "b", Partition: contract.Month, Key: []string{"a"},
		Conflict: contract.KeyConflict{Latest: []string{"n", "b"}},
		Control:  contract.Control{Required: true, Aggregates: []contract.Aggregate{{Func: "sum", Column: "n"}, {Func: "count", Column: "t"}}, By: []string{"t", "a"}},
		Limits:   []contract.Limit{{Percent: "2.5", IsPercent: true}, {Reason: "small"}, {Reason: "n_type", Count: 3}},
		Private:  []string{"t"}, Aliases: []string{"Text", "x, y", "Other"}, Nulls: []string{"-", "'", "0"},
		CSV:     contract.CSV{Delimiter: "\t", Newline: "\r", Encoding: "latin-1", HeaderWithin: 4},
		Default: "1 + 1", K: "7", Format: "1.234,5", Types: "varchar;date;decimal(9, 1);bigint;varchar;", Required: []bool{true, true, false, false, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
	if !s.Formats["n"].Round || !s.Optional["t"] {
		t.Errorf("round %t, optional %t", s.Formats["n"].Round, s.Optional["t"])
	}
	reasons := strings.Join(c.Reasons(), " ")
	if want := "field_count quote encoding line_too_long json masked a_type b_type n_type k_type t_type a_required b_required small key_conflict"; reasons != want {
		t.Errorf("reasons %s, want %s", reasons, want)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	whole := mustParse(t, "-- objects: x.csv\ncreate table raw_x (a int primary key);")
	dated := mustParse(t, "-- business date: d\n-- objects: x.csv\ncreate table raw_x (a int primary key, d date not null);")
	if whole.Partition != contract.Whole || whole.KeyConflict.Refuse || dated.Partition != contract.Day || !dated.KeyConflict.Refuse {
		t.Errorf("whole: %s, %+v; dated: %s, %+v", whole.Partition, whole.KeyConflict, dated.Partition, dated.KeyConflict)
	}
	if diff := cmp.Diff(contract.DefaultCSV(), whole.Sections[0].CSV); diff != "" {
		t.Errorf("csv (-want +got):\n%s", diff)
	}
}

// TestData shows which edits make a feed's units again, and which do not.
func TestData(t *testing.T) {
	t.Parallel()
	base := mustParse(t, whatIsSaid).Data()
	for _, test := range []struct {
		old, new string
		same     bool
	}{
		{"second line", "another", true},
		{"-- about a: the key\n", "", true},
		{"2.5 %", "3 %", true},
		{"'a number'", "'another'", true},
		{"constraint small check (n < 100)", "-- why\n  CONSTRAINT small\n CHECK ( n<100 )", true},
		{"-- private: t", "-- private:   t", true},
		{"n < 100", "n < 101", false},
		{"constraint small", "constraint smaller", false},
		{"1 + 1", "1 + 2", false},
		{"partition: month", "partition: year", false},
		{"latest by n, b", "latest by b, n", false},
		{"required, sum", "sum", false},
		{"-- private: t\n", "", false},
		{"Other", "another", false},
		{"null n: 0", "null n: 1", false},
		{"x_<b", "y_<b", false},
		{"header within 4", "header within 5", false},
		{", round", "", false},
		{"constant k: 7", "constant k: 8", false},
		{"optional: t", "optional: k", false},
		{"optional: t", "optional: t\n-- first record: 'H', _", false},
		{"optional: t", "optional: t\n-- last record: 'T', count(*)", false},
		{"optional: t", "optional: t\n-- objects: z/*.parquet", false},
	} {
		src := strings.Replace(whatIsSaid, test.old, test.new, 1)
		if test.old == "constraint small" || test.old == "2.5 %" {
			src = strings.ReplaceAll(src, ", small 0", "")
		}
		if src == whatIsSaid {
			t.Fatalf("%q is not in the contract", test.old)
		}
		if test.new == "optional: k" {
			src = strings.Replace(src, "constant k: 7", "null k: 7", 1)
		}
		if got := mustParse(t, src).Data() == base; got != test.same {
			t.Errorf("%q to %q: equal is %t", test.old, test.new, got)
		}
	}
}
