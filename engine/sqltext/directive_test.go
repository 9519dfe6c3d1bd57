package sqltext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/sqltext"
)

var vocabulary = []sqltext.DirectiveWord{{Name: "record"}, {Name: "last record"}, {Name: "key conflict"}, {Name: "about", Column: true}, {Name: "format", Column: true}, {Name: "key"}}

func TestHeader(t *testing.T) {
	t.Parallel()
	const src = "\ufeff-- about: the feed: two parts\n--\n--format amount:\t1.234,56 | x\r\n--   key conflict: refuse\n-- last record: 'T:RL'\n" +
		"-- about \"Odd: name\": x\n-- about Amount :  'a: b'\n\n-- about: below\nselect 1"
	got, faults := sqltext.Header("f.sql", src, vocabulary)
	if faults != nil {
		t.Fatal(faults)
	}
	type line struct{ Word, Column, Value, Pos, At string }
	var lines []line
	for _, d := range got {
		lines = append(lines, line{d.Word, d.Column, d.Value, d.Pos.String(), d.At.String()})
	}
	want := []line{
		{"about", "", "the feed: two parts", "f.sql:1:4", "f.sql:1:11"},
		{"format", "amount", "1.234,56 | x", "f.sql:3:3", "f.sql:3:18"},
		{"key conflict", "", "refuse", "f.sql:4:6", "f.sql:4:20"},
		{"last record", "", "'T:RL'", "f.sql:5:4", "f.sql:5:17"},
		{"about", "Odd: name", "x", "f.sql:6:4", "f.sql:6:23"},
		{"about", "amount", "'a: b'", "f.sql:7:4", "f.sql:7:20"},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("directives (-want +got):\n%s", diff)
	}
	if n := len(sqltext.Select(got, "about")); n != 3 {
		t.Errorf("%d lines of about", n)
	}
}

func TestHeaderFaults(t *testing.T) {
	t.Parallel()
	_, faults := sqltext.Header("f.sql", "-- abuot: x\n-- prose\n-- key conflict a: x\n-- format a b: x\n-- keys: x\nselect 1\n-- nope: x", vocabulary)
	want := []string{
		"f.sql:1:4: unknown directive `abuot`, did you mean \"about\"?",
		"f.sql:2:4: a line of the header is `-- word: value`, and this one has no `:`",
		"f.sql:3:4: directive `key conflict` takes no name, but has \"a\"",
		"f.sql:4:4: directive `format` takes one name, but has \"a b\"",
		"f.sql:5:4: unknown directive `keys`, did you mean \"key\"?",
	}
	if diff := cmp.Diff(want, strings.Split(faults.Error(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestHeaderOfLoneCarriageReturns(t *testing.T) {
	t.Parallel()
	got, faults := sqltext.Header("f.sql", "-- about: x\r-- key: y\rselect 1", vocabulary)
	if len(got) != 2 || faults != nil || got[1].Value != "y" {
		t.Errorf("got %+v, %v", got, faults)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, separator string
		want            []string
	}{
		{"", ",", nil},
		{" a , b ", ",", []string{"a", "b"}},
		{"a,,b", ",", []string{"a", "", "b"}},
		{"'a,b', c", ",", []string{"'a,b'", "c"}},
		{"'it''s, x', c", ",", []string{"'it''s, x'", "c"}},
		{"f(a, b), [1, 2], c", ",", []string{"f(a, b)", "[1, 2]", "c"}},
		{"a | b|c | 'd | e'", " | ", []string{"a", "b|c", "'d | e'"}},
		{"Client's name | b", " | ", []string{"Client's name", "b"}},
		{"1'234.56 | 1.2", " | ", []string{"1'234.56", "1.2"}},
		{"delimiter ',', quote '\"'", ",", []string{"delimiter ','", "quote '\"'"}},
		{"a), b", ",", []string{"a)", "b"}},
		{`"a, b", c`, ",", []string{`"a, b"`, "c"}},
	} {
		if diff := cmp.Diff(test.want, sqltext.Split(test.text, test.separator)); diff != "" {
			t.Errorf("%q by %q (-want +got):\n%s", test.text, test.separator, diff)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("-- about: x\n-- format a: b | c\n")
	f.Add("--:\n-- \"\": '\n--format é:\xff")
	f.Fuzz(func(t *testing.T, src string) {
		directives, faults := sqltext.Header("f", src, vocabulary)
		lines := strings.Count(src, "\n") + strings.Count(src, "\r") + 1
		for _, d := range directives {
			if d.Pos.Line < 1 || d.Pos.Line > lines || d.Word == "" || d.Value != strings.TrimSpace(d.Value) || !strings.Contains(src, d.Value) {
				t.Fatalf("directive %+v", d)
			}
			for _, separator := range []string{",", " | ", ", "} {
				for _, piece := range sqltext.Split(d.Value, separator) {
					if len(sqltext.Unquote(piece)) > len(piece) {
						t.Fatalf("unquoting %q made it longer", piece)
					}
				}
			}
		}
		_ = faults.Error()
	})
}
