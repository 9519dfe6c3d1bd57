package sqltext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/sqltext"
)

func TestParameters(t *testing.T) {
	t.Parallel()
	const src = `select /* $a */ 5000.00, /*$B*/ -3, /* $c */ 'it''s', /* $d */ true, /* $e */ NULL, /* $f */ date '2025-01-31',
 /* $g */ timestamp'2025-01-31 10:00:00', /* $h */ interval '1 day', /* $i */ current_date, /* $a */ 5000.00, /* a $x */ 1, '/* $y */ 1', -- /* $z */ 1
 /* $k */
 7`
	got, faults := sqltext.Parameters("f.sql", src)
	if faults != nil {
		t.Fatal(faults)
	}
	var all []string
	for _, p := range got {
		if src[p.Off:p.End] != p.Literal {
			t.Errorf("%s is not src[%d:%d]", p.Literal, p.Off, p.End)
		}
		all = append(all, p.Name+" "+string(p.Type)+" "+p.Literal)
	}
	want := []string{"a number 5000.00", "b number -3", "c string 'it''s'", "d boolean true", "e null NULL", "f date date '2025-01-31'",
		"g timestamp timestamp'2025-01-31 10:00:00'", "h interval interval '1 day'", "i date current_date", "a number 5000.00", "k number 7"}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if names := strings.Join(sqltext.ParameterNames(got), " "); names != "a b c d e f g h i k" {
		t.Errorf("names %s", names)
	}
}

func TestParameterFaults(t *testing.T) {
	t.Parallel()
	_, faults := sqltext.Parameters("f.sql", "select /* $a */ x, /* $b */ 1, /* $b */ 2, /* $c */")
	want := []string{"f.sql:1:8: parameter $a stands before no literal", "f.sql:1:41: parameter $b has the default 2 here and 1 before", "f.sql:1:44: parameter $c stands before no literal"}
	if diff := cmp.Diff(want, strings.Split(faults.Error(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestBind(t *testing.T) {
	t.Parallel()
	const src = "select /* $n */ 5, /* $s */ 'x', /* $d */ date '2025-01-01', /* $b */ false, /* $t */ timestamp '2025-01-01 00:00:00', /* $z */ null, /* $n */ 5"
	for _, test := range []struct {
		values map[string]string
		want   string // "" is a fault
	}{
		{nil, src},
		{map[string]string{"other": "1"}, src},
		{map[string]string{"n": "-7.5"}, strings.ReplaceAll(src, "5,", "-7.5,")[:len(src)+3-1] + "-7.5"},
		{map[string]string{"s": "it's"}, strings.Replace(src, "'x'", "'it''s'", 1)},
		{map[string]string{"d": "2025-02-01"}, strings.Replace(src, "date '2025-01-01'", "date '2025-02-01'", 1)},
		{map[string]string{"b": "TRUE"}, strings.Replace(src, "false", "TRUE", 1)},
		{map[string]string{"z": "y"}, strings.Replace(src, "null", "'y'", 1)},
		{map[string]string{"n": "1; drop table x"}, ""},
		{map[string]string{"n": "1e3"}, ""},
		{map[string]string{"d": "yesterday"}, ""},
		{map[string]string{"d": "2025-02-01' or 1=1 --"}, ""},
		{map[string]string{"b": "yes"}, ""},
		{map[string]string{"t": "2025-01-01 1:00"}, ""},
	} {
		got, err := sqltext.Bind("f.sql", src, test.values)
		if (err == nil) != (test.want != "") || got != test.want {
			t.Errorf("%v: got %s, %v\nwant %s", test.values, got, err, test.want)
		}
	}
}
