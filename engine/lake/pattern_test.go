package lake_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	type fills = map[string]string
	for _, c := range []struct {
		pattern, key string
		want         fills // nil: no match
	}{
		{"a.csv", "a.csv", fills{}},
		{"a.csv", "axcsv", nil},
		{"a.csv", "a.csv.gz", nil},
		{"a.csv", "b/a.csv", nil},
		{"*.csv", "a.csv", fills{}},
		{"*.csv", ".csv", fills{}},
		{"*.csv", "d/a.csv", nil},
		{"*/*.csv", "d/a.csv", fills{}},
		{"**.csv", "d/e/a.csv", fills{}},
		{"**/a.csv", "a.csv", fills{}},
		{"**/a.csv", "d/e/a.csv", fills{}},
		{"**/a.csv", "d/ba.csv", nil},
		{"d/**/a.csv", "d/a.csv", fills{}},
		{"d/**/a.csv", "d/e/f/a.csv", fills{}},
		{"d/**", "d/e/f", fills{}},
		{"d/**", "e/f", nil},
		{"a.csv{,.gz,.zst}", "a.csv", fills{}},
		{"a.csv{,.gz,.zst}", "a.csv.zst", fills{}},
		{"a.csv{,.gz,.zst}", "a.csv.zip", nil},
		{"{a*,b}.csv", "abc.csv", fills{}},
		{"{a*,b}.csv", "bc.csv", nil},
		{"a,b.csv", "a,b.csv", fills{}},
		{"a(1)+.csv", "a(1)+.csv", fills{}},
		{"*.json", "a.csv.control.json", nil},
		{"**", "a.control.json", nil},
		{"*", "control.json", fills{}},
		{"<file_date>/x", "2025/x", fills{"file_date": "2025"}},
		{"<file_date>/x", "/x", nil},
		{"<a>_<b>.csv", "x_y_z.csv", fills{"a": "x", "b": "y_z"}},
		{"<_a>", "x/y", nil},
		{"e_<d:%Y%m%d>_<_part>.csv", "e_20250131_a_b.csv", fills{"d": "20250131", "_part": "a_b"}},
		{"e_<_part>_<d:%Y-%m-%d>.csv", "e_a_b_2025-1-31.csv", fills{"d": "2025-1-31", "_part": "a_b"}},
		{"e_<d:%Y%m%d>_<_part>.csv", "e_2025x_b.csv", fills{"d": "2025x", "_part": "b"}},
		{"<d:%d%b%Y>*", "31Jan2025.csv", fills{"d": "31Jan2025"}},
		{"<d:%Y.%m>", "2025x01", fills{"d": "2025x01"}},
		{"cards/<file_date:%Y%m%d>/events_<_part>.csv{,.gz,.zst}", "cards/20250131/events_7.csv.gz", fills{"file_date": "20250131", "_part": "7"}},
		{"é*.csv", "éa.csv", fills{}},
		{"*", "a\nb\xff", fills{}},
	} {
		p, err := lake.CompilePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		got, ok := p.Match(c.key)
		if diff := cmp.Diff(c.want, got); diff != "" || ok != (c.want != nil) {
			t.Errorf("%s on %q: %t (-want +got):\n%s", c.pattern, c.key, ok, diff)
		}
		if ok && !strings.HasPrefix(c.key, p.Prefix()) {
			t.Errorf("%s: prefix %q is not that of %q", c.pattern, p.Prefix(), c.key)
		}
	}
}

func TestPatternParts(t *testing.T) {
	t.Parallel()
	for pattern, prefix := range map[string]string{
		"a/b.csv": "a/b.csv", "a/b*.csv": "a/b", "a/**/b": "a/", "<x>/a": "", "a{b,c}d": "a", "*": "", "a/<d:%Y>": "a/",
	} {
		p, err := lake.CompilePattern(pattern)
		if err != nil || p.Prefix() != prefix || p.String() != pattern {
			t.Errorf("%s: prefix %q, %v; want %q", pattern, p.Prefix(), err, prefix)
		}
	}
	p, err := lake.CompilePattern("<a>/<_b:%Y>")
	if diff := cmp.Diff([]lake.Capture{{Name: "a"}, {Name: "_b", Format: "%Y"}}, p.Captures()); diff != "" || err != nil {
		t.Errorf("captures: %v (-want +got):\n%s", err, diff)
	}
	if _, ok := (lake.Pattern{}).Match("a"); ok {
		t.Error("the zero pattern matches")
	}
}

func TestPatternErrors(t *testing.T) {
	t.Parallel()
	for pattern, offset := range map[string]int{
		"": 0, "/a": 0, "a//b": 2, "a/../b": 2, "./a": 0, "a/": 2, "a\nb": 1, "a\xff": 0,
		"a***": 1, "a?": 1, "a[b]": 1, "a{b": 1, "a}b": 1, "a{b{c}}": 3, "a{<b>}": 2, "a{b/c}": 3, "a{**}": 2,
		"a<b": 1, "a>b": 1, "<>": 1, "<_>": 1, "<1a>": 1, "<a b>": 1, "<a>/<A>": 5,
		"<a:>": 3, "<a:%>": 3, "<a:%Q>": 3, "<a:%Y/%m>": 5,
	} {
		_, err := lake.CompilePattern(pattern)
		var fault *lake.PatternError
		if !errors.As(err, &fault) || fault.Offset != offset {
			t.Errorf("%q: %v, want a fault at %d", pattern, err, offset)
		}
	}
}

// FuzzPattern compares with a matcher that tries every way.
func FuzzPattern(f *testing.F) {
	f.Add("a/*{b,c*}d**e", "a/xbdfe")
	f.Add("<a>_<_b:%Y%m>.csv", "x_202501.csv")
	f.Add("**/a/**/b*", "a/b")
	f.Fuzz(func(t *testing.T, text, key string) {
		p, err := lake.CompilePattern(text)
		if err != nil {
			var fault *lake.PatternError
			if !errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(text) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		fills, ok := p.Match(key)
		if len(text)+len(key) < 30 {
			if want := slowMatch(text, key) && !strings.HasSuffix(key, ".control.json"); ok != want {
				t.Fatalf("%q on %q: %t, want %t", text, key, ok, want)
			}
		}
		if ok && !strings.HasPrefix(key, p.Prefix()) {
			t.Fatalf("%q on %q: prefix %q", text, key, p.Prefix())
		}
		for name, fill := range fills {
			if fill == "" || strings.Contains(fill, "/") || !strings.Contains(key, fill) {
				t.Fatalf("%q on %q: %s = %q", text, key, name, fill)
			}
		}
	})
}

// slowMatch tries all lengths of all parts, one after another.
func slowMatch(pattern, key string) bool {
	text := "/" + pattern
	for strings.Contains(text, "/**/") { // a whole segment, and the slash behind it
		text = strings.Replace(text, "/**/", "/\x01", 1)
		text = strings.ReplaceAll(text, "\x01**/", "\x01\x01")
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text[1:], "**", "\x02"), "*", "\x03")
	return slowParts(text, key)
}

func slowParts(pattern, key string) bool {
	if pattern == "" {
		return key == ""
	}
	upTo := func(least int, slash bool, rest string) bool {
		for n := range len(key) + 1 {
			if n >= least && slowParts(rest, key[n:]) {
				return true
			}
			if n < len(key) && key[n] == '/' && !slash {
				return false
			}
		}
		return false
	}
	switch pattern[0] {
	case 1:
		return slowParts(pattern[1:], key) || upTo(0, true, "/"+pattern[1:])
	case 2:
		return upTo(0, true, pattern[1:])
	case 3:
		return upTo(0, false, pattern[1:])
	case '<':
		_, rest, _ := strings.Cut(pattern, ">")
		return upTo(1, false, rest)
	case '{':
		inside, rest, _ := strings.Cut(pattern[1:], "}")
		for choice := range strings.SplitSeq(inside, ",") {
			if slowParts(choice+rest, key) {
				return true
			}
		}
		return false
	}
	return key != "" && key[0] == pattern[0] && slowParts(pattern[1:], key[1:])
}
