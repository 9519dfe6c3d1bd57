package reference

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxRecord+1)
	for name, c := range map[string]struct {
		object string
		want   []string // each record: its fields joined by |, or !fault
	}{
		"plain, no line end at the end": {"a,b\n1,2\n3,4", []string{"1|2", "3|4"}},
		"mark and CRLF":                 {"\ufeffa,b\r\n1,2\r\n", []string{"1|2"}},
		"empty fields":                  {"a,b\n,\n\"\",x\n", []string{"|", "|x"}},
		"empty lines are no records":    {"\na,b\n\n1,2\n\r\n3,4\n\n", []string{"1|2", "3|4"}},
		"a line of blanks is one":       {"a,b\n  \n1,2\n", []string{"!field_count", "1|2"}},
		"quotes":                        {"a,b\n\"x,\"\"y\"\"\",2\n", []string{`x,"y"|2`}},
		"line break in quotes":          {"a,b\n\"x\r\ny\",\"\n\n\"\n1,2\n", []string{"x\r\ny|\n\n", "1|2"}},
		"too few and too many":          {"a,b\n1\n1,2,3\n1,2,\n1,2\n", []string{"!field_count", "!field_count", "!field_count", "1|2"}},
		"a wrong count gives up one line": {"a,b\n\"x\ny\",2,3\n1,2\n",
			[]string{"!field_count", "!quote", "1|2"}},
		"text after the closing quote": {"a,b\n\"x\"y,2\n1,2\n", []string{"!quote", "1|2"}},
		"quote inside a bare field":    {"a,b\nx\"y,2\n x,\" y\"\n", []string{"!quote", " x| y"}},
		"quote never closed":           {"a,b\n1,\"2\n3,4\n5,6\n", []string{"!quote", "3|4", "5|6"}},
		"quote closed lines later":     {"a,b\n1,\"2\n3,4\n5,6\"\n7,8\n", []string{"1|2\n3,4\n5,6", "7|8"}},
		"lone carriage return":         {"a,b\n1,2\r3,4\n5,6\n", []string{"!quote", "5|6"}},
		"not UTF-8, NUL":               {"a,b\n\xff,2\n\"\xff\n\",2\n\x00,2\n1,2\n", []string{"!encoding", "!encoding", "!encoding", "1|2"}},
		"long line":                    {"a,b\n" + long + ",2\n1,2\n", []string{"!line_too_long", "1|2"}},
		"header only":                  {"a,b\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, records := split([]byte(c.object))
			var got []string
			for _, r := range records {
				if r.fault != "" {
					got = append(got, "!"+r.fault)
					continue
				}
				got = append(got, strings.Join(r.fields, "|"))
			}
			if diff := cmp.Diff([]string{"a", "b"}, header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitWithoutHeader(t *testing.T) {
	t.Parallel()
	for _, object := range []string{"", "\ufeff", "\n\n", "a,\"b\n1,2\n", "a,\xff\n1,2\n"} {
		if header, records := split([]byte(object)); header != nil || records != nil {
			t.Errorf("split(%q) = %q, %v; want nothing", object, header, records)
		}
	}
}
