package contract_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
)

const matched = `-- read d: make_date(cast("Year" as int), cast(month_no as int), 1)
-- read e: upper(e)
-- alias b: Net amount | Montant HT
-- optional: f
-- constant g: x
-- objects: in/<h>/x.csv
create table raw_x (a int, b int, month_no int, d date, e varchar, f int, g varchar, h varchar, _object varchar, _record bigint);
`

func TestMatch(t *testing.T) {
	t.Parallel()
	c := mustParse(t, matched)
	m, err := c.Match(c.Sections[0], []string{"\ufeffA", "MONTANT-ht", "Month No", "year", "E", "extra", "Extra", "", "_object", "g"})
	if err != nil {
		t.Fatal(err)
	}
	want := contract.Mapping{
		Raw: []contract.RawColumn{{Header: "\ufeffA", Name: "a", Column: "a"}, {Header: "MONTANT-ht", Name: "b", Column: "b"}, {Header: "Month No", Name: "month_no", Column: "month_no"},
			{Header: "year", Name: "Year"}, {Header: "E", Name: "e", Column: "e"}, {Header: "extra", Name: "extra"}, {Header: "Extra", Name: "Extra 2"},
			{Header: "", Name: "field 8"}, {Header: "_object", Name: "_object 2"}, {Header: "g", Name: "g 2"}},
		From: map[string]contract.From{"a": contract.FromRaw, "b": contract.FromRaw, "month_no": contract.FromRaw, "d": contract.FromRead, "e": contract.FromRead,
			"f": contract.FromAbsent, "g": contract.FromConstant, "h": contract.FromKey, "_object": contract.FromObject, "_record": contract.FromRecord},
		Unknown: []string{"extra", "Extra", "", "_object", "g"},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("mapping (-want +got):\n%s", diff)
	}
}

func TestMatchRefusals(t *testing.T) {
	t.Parallel()
	c := mustParse(t, matched)
	for _, test := range []struct {
		header string
		want   string
	}{
		{"a,b,month_no,year,e", ""},
		{"a,b,month_no,d,e", ""},        // the header has what `read d` would make
		{"ａ,B.,Month.No,year,e,F ", ""}, // full width, and what is dropped
		{"a,b,month_no,e", `no column Year (for ` + "`read d`)"},
		{"a,b,mnth_no,year,e", `no column month_no (nearest: "mnth_no")`},
		{"a,b,montant ht,month_no,year,e", `2 columns for b: ["b" "montant ht"]`},
		{"a,a,b,month_no,year,e", `2 columns for a: ["a" "a"]`},
		{"a,b,month_no,year", `no column e`},
		{"", `no column a; no column b; no column month_no; no column Year`},
		{"a,b,month_no,year,e" + strings.Repeat(",", contract.MaxFields-5), ""},
		{"a,b,month_no,year,e" + strings.Repeat(",", contract.MaxFields-4), "1601 columns, of 1600 at most"},
		{"a,b,month_no,year,Y ear,e", `2 columns for Year: ["year" "Y ear"]`},
	} {
		_, err := c.Match(c.Sections[0], strings.Split(test.header, ","))
		var refused *contract.HeaderError
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.header, err)
		case test.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %s", test.header, err, test.want)
		case refused != nil && refused.Try() == "":
			t.Errorf("%s: no remedy", test.header)
		}
	}
}

// TestMatchRemedy: a remedy is a line that the contract takes, whatever the sender
// has written into a header.
func TestMatchRemedy(t *testing.T) {
	t.Parallel()
	c := mustParse(t, matched)
	for _, test := range []struct{ near, want string }{
		{"mnth_no", "add `-- alias month_no: mnth_no` or"},
		{"month, no", "add `-- alias month_no: 'month, no'` or"},
		{"month's", "add `-- alias month_no: 'month''s'` or"},
		{" month_n", "add `-- alias month_no: ' month_n'` or"},
		{"month_n\n-- optional: e", "add `-- alias month_no: <header text>` or"},
		{"month_n\x1b[2J", "add `-- alias month_no: <header text>` or"},
	} {
		_, err := c.Match(c.Sections[0], []string{"a", "b", test.near, "year", "e"})
		var refused *contract.HeaderError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Try(), test.want) {
			t.Errorf("%q: %v, try: %s", test.near, err, refused.Try())
		}
	}
}

func TestMatchWithoutHeader(t *testing.T) {
	t.Parallel()
	c := mustParse(t, "-- csv: header none\n-- constant b: 1\n-- read c: a || '1'\n-- objects: x.csv\ncreate table raw_x (a varchar, b int, c varchar, d int, _object varchar);")
	if diff := cmp.Diff([]string{"a", "d"}, c.Fields(c.Sections[0])); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	m, err := c.Match(c.Sections[0], nil)
	if err != nil || len(m.Raw) != 2 || m.From["c"] != contract.FromRead {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestMatchKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, key string
		want         map[string]string // nil: no match
	}{
		{"x.csv", "x.csv", map[string]string{}},
		{"x.csv", "xxcsv", nil},
		{"*.csv", "a/b.csv", nil},
		{"**.csv", "a/b.csv", map[string]string{}},
		{"**/x.csv", "x.csv", map[string]string{}},
		{"**/x.csv", "a/b/x.csv", map[string]string{}},
		{"**/x.csv", "ax.csv", nil},
		{"a/**/x.csv", "a/x.csv", map[string]string{}},
		{"*.csv", "a.control.json", nil},
		{"x.csv{,.gz,.zst}", "x.csv.zst", map[string]string{}},
		{"x.csv{,.gz,.zst}", "x.csv.bz2", nil},
		{"cards/<d:%Y%m%d>/e_<_part>.csv", "cards/20250131/e_7.csv", map[string]string{"d": "20250131"}},
		{"cards/<d:%Y%m%d>/e_<_part>.csv", "cards/20251331/e_7.csv", map[string]string{"d": "20251331"}}, // a reject, not overlooked
		{"<s>_<d:%Y%m%d>.csv", "a_20250101.csv", map[string]string{"s": "a", "d": "20250101"}},
		{"<s>_<d:%Y%m%d>.csv", "a_b_c.csv", map[string]string{"s": "a_b", "d": "c"}},
		{"<d:%Y%m%d><s>.csv", "2025010177.csv", map[string]string{"d": "20250101", "s": "77"}},
		{"<_d:%Y%m%d>.csv", "20251331.csv", nil},
		{"cards/<d:%d.%m.(%Y)>/<s>.csv", "cards/1.2.(2025)/it's.csv", map[string]string{"d": "1.2.(2025)", "s": "it's"}},
		{"<s>/x.csv", "/x.csv", nil},
		{"<s>.csv", "a\nb.csv", map[string]string{"s": "a\nb"}},
	} {
		c := mustParse(t, "-- objects: "+test.pattern+"\ncreate table raw_x (d date, s varchar, a int);")
		got, ok := c.Sections[0].MatchKey(test.key)
		if ok != (test.want != nil) {
			t.Errorf("%s matches %s: %t", test.pattern, test.key, ok)
		} else if diff := cmp.Diff(test.want, got); ok && diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", test.pattern, test.key, diff)
		}
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{"a.csv": "csv", "a.txt.gz": "csv", "a.dat.zst": "csv", "a.jsonl": "json", "a.parquet": "parquet", "csv": "csv", "a.b": "", "": ""} {
		if got := contract.Shape(key); key != "csv" && got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}
