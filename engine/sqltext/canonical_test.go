package sqltext_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/sqltext"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	base := sqltext.Canonical("select A, 'x  Y' from \"T\" where a<=1;")
	for src, same := range map[string]bool{
		"select a,'x  Y' from \"T\" where A <= 1":                      true,
		"SELECT a , 'x  Y'\n FROM \"T\" -- why\n WHERE /* ; */ a<=1 ;": true,
		"select a,'x Y' from \"T\" where a<=1":                         false,
		"select a,'x  y' from \"T\" where a<=1":                        false,
		"select a,'x  Y' from \"t\" where a<=1":                        false,
		"select a,'x  Y' from \"T\" where a< =1":                       false,
		"select a,'x  Y' from \"T\" where a<=10":                       false,
		"select a 'x  Y' from \"T\" where a<=1":                        false,
	} {
		if got := sqltext.Canonical(src) == base; got != same {
			t.Errorf("%q is equal: %t, want %t", src, got, same)
		}
	}
	if got := sqltext.Canonical("select 'open"); got != "select 'open" {
		t.Errorf("what cannot be cut is kept: %q", got)
	}
}

func TestQuotes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", `a"b`, "", "a b"} {
		if got := lexOne(t, sqltext.QuoteName(name)).Name(); got != name {
			t.Errorf("name %q comes back as %q", name, got)
		}
	}
	for _, text := range []string{"a", "it's", "", "''"} {
		if got := lexOne(t, sqltext.QuoteString(text)).Value(); got != text {
			t.Errorf("text %q comes back as %q", text, got)
		}
		if got := sqltext.Unquote(sqltext.QuoteString(text)); got != text {
			t.Errorf("text %q is unquoted to %q", text, got)
		}
	}
}

func lexOne(t *testing.T, src string) sqltext.Token {
	t.Helper()
	tokens := lex(t, src)
	if len(tokens) != 1 {
		t.Fatalf("%q is %d tokens", src, len(tokens))
	}
	return tokens[0]
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"amount", "currency", "country", "id"}
	for word, want := range map[string]string{"amuont": "amount", "Amount": "amount", "curency": "currency", "contry": "country", "zzzzzz": "", "": "id"} {
		if got := sqltext.Nearest(word, names); got != want && word != "" {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
	if got := sqltext.DidYouMean("amoun", names); got != `, did you mean "amount"?` {
		t.Errorf("got %s", got)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	var faults sqltext.Errors
	if faults.Err() != nil {
		t.Error("no faults are an error")
	}
	faults.Add(sqltext.Pos{}, &sqltext.Error{Pos: sqltext.Pos{File: "b", Line: 1, Col: 1}, Msg: "third"})
	faults.Add(sqltext.Pos{}, sqltext.Errors{{Pos: sqltext.Pos{File: "a", Line: 2, Col: 9}, Msg: "second", Remedy: "do it"}, {Pos: sqltext.Pos{File: "a", Line: 2, Col: 1}, Msg: "first"}})
	faults.Add(sqltext.Pos{File: "c"}, errorText("fourth"))
	faults.Add(sqltext.Pos{}, nil)
	want := "a:2:1: first\na:2:9: second\nb:1:1: third\nc: fourth"
	if diff := cmp.Diff(want, faults.Err().Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if faults.Try() != "do it" {
		t.Errorf("remedy %q", faults.Try())
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }
