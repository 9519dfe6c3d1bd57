package contract_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
)

const framed = `-- control: sum(amount), count(id), sum(n) by currency, day
-- private: secret
-- null: -
-- format amount: 1.234,56 | 1.234,56-
-- format day: %d.%m.%Y
-- objects: x.csv
-- csv: delimiter ';'
-- first record: 'HDR', _, file_date, count(*), sum(n)
-- last record: 'TRL', count(*), currency, day, sum(amount), count(id), day, currency, count(*)
create table raw_x (file_date date, id varchar, amount decimal(9, 2), n int, currency varchar default 'EUR', day date default date '2025-01-01', secret int);`

func TestFrameTotals(t *testing.T) {
	t.Parallel()
	c := mustParse(t, framed)
	s := c.Sections[0]
	for _, test := range []struct{ record, want string }{
		{"TRL;7;USD;1.2.2025;1.234,5;3;01.02.2025;CHF;4", "7 records; [USD 2025-02-01] sum(amount)=1234.50 count(id)=3; [CHF 2025-02-01] 4 records"},
		{" TRL\t; 0007 ;;-;99.999.999.999,99-;0;;;0;; ", "7 records; [EUR 2025-01-01] sum(amount)=-99999999999.99 count(id)=0; [EUR 2025-01-01] 0 records"},
		{"TRL;7;USD;1.2.2025;1,234;3;;;4", `last record, field 5, sum(amount): "1,234" is no decimal(9, 2) by the column's format`},
		{"TRL;7;USD;1.2.2025;;3;;;4", `last record, field 5, sum(amount): "" is no decimal(9, 2) by the column's format`},
		{"TRL;7;USD;2025-02-01;1;3;;;4", `last record, field 4, day: "2025-02-01" is no date`},
		{"TRL;-7;USD;1.2.2025;1;3;;;4", `last record, field 2, count(*): "-7" is no number of records`},
		{"TRL;7;USD;1.2.2025;1;3;;;1e3", `last record, field 9, count(*): "1e3" is no number of records`},
		{"TRL;7;USD;1.2.2025;1;3;;;4;more", "last record: 10 fields, and the directive names 9"},
		{"TRL;7", "last record: 2 fields, and the directive names 9"},
	} {
		fields := strings.Split(test.record, ";")
		if !s.Last.Recognises(fields) {
			t.Errorf("%q is not recognised", test.record)
		}
		totals, err := c.FrameTotals(s, s.Last, fields)
		if diff := cmp.Diff(test.want, totalsText(t, totals, err)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.record, diff)
		}
	}
	first := []string{"HDR", "x", "31.1.2025", "12", "2147483648000"}
	totals, err := c.FrameTotals(s, s.First, first)
	if got := totalsText(t, totals, err); got != "12 records sum(n)=2147483648000" {
		t.Errorf("first record: %s", got)
	}
	fills, err := c.FrameFills(s.First, first)
	if diff := cmp.Diff(map[string]string{"file_date": "31.1.2025"}, fills); err != nil || diff != "" {
		t.Errorf("fills: %v\n%s", err, diff)
	}
	if _, err := c.FrameFills(s.First, first[:3]); err == nil {
		t.Error("a short first record fills columns")
	}
	if at, text := s.Last.Marker(); at != 0 || text != "TRL" || s.Last.Recognises([]string{"trl"}) || s.Last.Recognises(nil) {
		t.Errorf("the marker is %q in field %d", text, at)
	}
	if diff := cmp.Diff([]string{"id", "amount", "n", "currency", "day", "secret"}, c.Fields(s)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func totalsText(t *testing.T, all []contract.Totals, err error) string {
	t.Helper()
	var refused *contract.FrameError
	if err != nil {
		if !errors.As(err, &refused) || refused.Try() == "" {
			t.Errorf("no FrameError with a remedy: %v", err)
		}
		return err.Error()
	}
	var groups []string
	for _, totals := range all {
		var parts []string
		if totals.By != nil {
			parts = append(parts, fmt.Sprint(totals.By))
		}
		if totals.Records != nil {
			parts = append(parts, fmt.Sprint(*totals.Records, " records"))
		}
		for _, name := range []string{"amount", "n"} {
			if sum, ok := totals.Sums[name]; ok {
				parts = append(parts, "sum("+name+")="+sum)
			}
		}
		for name, n := range totals.Counts {
			parts = append(parts, fmt.Sprintf("count(%s)=%d", name, n))
		}
		groups = append(groups, strings.Join(parts, " "))
	}
	return strings.Join(groups, "; ")
}

// TestFramePrivate shows that a refusal names no private value.
func TestFramePrivate(t *testing.T) {
	t.Parallel()
	c := mustParse(t, "-- control: sum(a) by b\n-- private: a, b\n-- objects: x.csv\n-- last record: 'T', b, sum(a)\ncreate table raw_x (a int, b date default cast('2025-01-01' as date));")
	s := c.Sections[0]
	for record, want := range map[string]string{
		"T,2025-01-01,12x": "last record, field 3, sum(a): *** is no integer by the column's format",
		"T,secret,12":      "last record, field 2, b: *** is no date",
		"T,,12":            "last record, field 2, b: it is empty, and the DEFAULT of b is more than a value",
	} {
		_, err := c.FrameTotals(s, s.Last, strings.Split(record, ","))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", record, err, want)
		}
	}
}

func TestFindHeader(t *testing.T) {
	t.Parallel()
	c := mustParse(t, "-- objects: x.csv\n-- csv: header within 3\n-- alias a: Konto\ncreate table raw_x (a int, b int, c int);")
	s := c.Sections[0]
	records := [][]string{{"Report of", "2025"}, {"Konto", "B"}, {"c", "konto", "B"}, {"a", "b", "c"}}
	at, m, err := c.FindHeader(s, records)
	if err != nil || at != 2 || m.Raw[1].Column != "a" {
		t.Errorf("found at %d: %+v, %v", at, m, err)
	}
	_, _, err = c.FindHeader(s, records[:2])
	if want := `header does not meet raw_x: no column c`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	var refused *contract.HeaderError
	if _, _, err = c.FindHeader(s, nil); !errors.As(err, &refused) || refused.Try() == "" || refused.Error() == "" {
		t.Errorf("of nothing: %v", err)
	}
}

func TestSectionOf(t *testing.T) {
	t.Parallel()
	c := mustParse(t, "-- objects: <d:%Y%m%d>.csv\n-- objects: fix_<s>.csv\n-- objects: <s>_<d:%d.%m.%Y>.csv\n-- objects: **/x.parquet\ncreate table raw_x (d date, s varchar, a int);")
	for _, test := range []struct {
		key   string
		index int
		fills map[string]string // nil: of no section
	}{
		{"20250131.csv", 0, map[string]string{"d": "20250131"}},
		{"20251331.csv", 0, map[string]string{"d": "20251331"}},
		{"fix_1.2.2025.csv", 1, map[string]string{"s": "1.2.2025"}}, // before the third, and before the laxer first
		{"a_1.2.2025.csv", 2, map[string]string{"s": "a", "d": "1.2.2025"}},
		{"a_1.13.2025.csv", 0, map[string]string{"d": "a_1.13.2025"}},
		{"a/x.parquet", 3, map[string]string{}},
		{"a/20250131.csv", 0, nil},
		{"20250131.csv.control.json", 0, nil},
	} {
		index, fills, ok := c.SectionOf(test.key)
		if diff := cmp.Diff(test.fills, fills); ok != (test.fills != nil) || index != test.index || diff != "" {
			t.Errorf("%s is of section %d, %t\n%s", test.key, index, ok, diff)
		}
	}
}

func TestAcceptType(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `-- format e: 1.0, round
-- format f: 1.0
-- format g: %Y-%m-%d
-- objects: x.parquet
create table raw_x (a decimal(18, 2), b int, c date, d timestamp, e decimal(18, 2), f bigint, g timestamp, h varchar, i boolean, j double);`)
	for _, test := range []struct{ column, accepted, refused string }{
		{"a", "VARCHAR,INTEGER,HUGEINT,DECIMAL(9,1),decimal(38, 10)", "DOUBLE,FLOAT,DATE,BOOLEAN,STRUCT(a INTEGER),INTEGER[],BLOB"},
		{"b", "BIGINT,UTINYINT,DECIMAL(9,0),ENUM('a')", "DECIMAL(9,2),DOUBLE,BOOLEAN"},
		{"c", "DATE,VARCHAR", "TIMESTAMP,INTEGER"},
		{"d", "TIMESTAMP,TIMESTAMP_NS,TIMESTAMP WITH TIME ZONE", "DATE,TIME,BIGINT"},
		{"e", "DOUBLE,FLOAT,DECIMAL(9,4),BIGINT", "DATE"},
		{"f", "DECIMAL(9,2),BIGINT", "DOUBLE"},
		{"g", "DATE", "TIMESTAMP"},
		{"h", "VARCHAR,DOUBLE,DATE,UUID,BOOLEAN,TIME", "BLOB,MAP(VARCHAR, VARCHAR)"},
		{"i", "BOOLEAN,INTEGER", "DATE,DECIMAL(9,2)"},
		{"j", "DOUBLE,FLOAT,BIGINT,DECIMAL(18,2)", "DATE"},
	} {
		col, _ := c.Column(test.column)
		for _, typ := range splitTypes(test.accepted) {
			if err := c.AcceptType(c.Sections[0], col, typ); err != nil {
				t.Errorf("%s for %s: %v", typ, col.Type, err)
			}
		}
		for _, typ := range splitTypes(test.refused) {
			err := c.AcceptType(c.Sections[0], col, typ)
			var refused *contract.TypeError
			if !errors.As(err, &refused) || refused.Try() == "" || !strings.Contains(err.Error(), strings.ToLower(typ)) {
				t.Errorf("%s for %s: %v", typ, col.Type, err)
			}
		}
	}
}

// splitTypes parts a list at the commas outside brackets.
func splitTypes(list string) []string {
	var types []string
	for _, part := range strings.Split(list, ",") {
		if n := len(types); n > 0 && strings.Count(types[n-1], "(") > strings.Count(types[n-1], ")") {
			types[n-1] += "," + part
			continue
		}
		types = append(types, part)
	}
	return types
}
