package sqltext_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/sqltext"
)

func lex(t *testing.T, src string) []sqltext.Token {
	t.Helper()
	tokens, err := sqltext.Lex("f.sql", src)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestLexKinds(t *testing.T) {
	t.Parallel()
	const (
		word, quoted, text, number, punct, comment = sqltext.Word, sqltext.QuotedName, sqltext.String, sqltext.Number, sqltext.Punct, sqltext.Comment
	)
	type token struct {
		Kind sqltext.Kind
		Text string
	}
	for src, want := range map[string][]token{
		"":                          nil,
		" \t\r\n\ufeff\u00a0":       nil,
		"select a_1$x":              {{word, "select"}, {word, "a_1$x"}},
		`"a ""b""" x`:               {{quoted, `"a ""b"""`}, {word, "x"}},
		"`a b`":                     {{quoted, "`a b`"}},
		"'it''s' 'b'":               {{text, "'it''s'"}, {text, "'b'"}},
		`E'\'' e'\\'`:               {{text, `E'\''`}, {text, `e'\\'`}},
		"date'2025-01-01'":          {{word, "date"}, {text, "'2025-01-01'"}},
		"$$a'$b$$ $t$ $$ $t$":       {{text, "$$a'$b$$"}, {text, "$t$ $$ $t$"}},
		"$1":                        {{punct, "$"}, {number, "1"}},
		"1.5e-3 .5 1_000 12abc":     {{number, "1.5e-3"}, {number, ".5"}, {number, "1_000"}, {number, "12abc"}},
		"1-2":                       {{number, "1"}, {punct, "-"}, {number, "2"}},
		"a--b\nc":                   {{word, "a"}, {comment, "--b"}, {word, "c"}},
		"a--b\r\nc":                 {{word, "a"}, {comment, "--b"}, {word, "c"}},
		"a--b\rc":                   {{word, "a"}, {comment, "--b"}, {word, "c"}},
		"/* a /* b */ c */ d":       {{comment, "/* a /* b */ c */"}, {word, "d"}},
		"/*/ */ d":                  {{comment, "/*/ */"}, {word, "d"}},
		"a*/**/b":                   {{word, "a"}, {punct, "*"}, {comment, "/**/"}, {word, "b"}},
		"a::int<=b<>c!=d||e->>f":    {{word, "a"}, {punct, "::"}, {word, "int"}, {punct, "<="}, {word, "b"}, {punct, "<>"}, {word, "c"}, {punct, "!="}, {word, "d"}, {punct, "||"}, {word, "e"}, {punct, "->>"}, {word, "f"}},
		"5\u00a0 $é$ $é$ 7é":        {{number, "5"}, {text, "$é$ $é$"}, {number, "7é"}},
		"naïve größe":               {{word, "naïve"}, {word, "größe"}},
		"'--' \"/*\" $$--$$ -- '\n": {{text, "'--'"}, {quoted, `"/*"`}, {text, "$$--$$"}, {comment, "-- '"}},
	} {
		var got []token
		for _, tok := range lex(t, src) {
			got = append(got, token{tok.Kind, tok.Text})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", src, diff)
		}
	}
}

func TestLexPositions(t *testing.T) {
	t.Parallel()
	src := "a  'é\nx' b\r\n/* \n */ ç d\re"
	want := map[string]string{"a": "f.sql:1:1", "'é\nx'": "f.sql:1:4", "b": "f.sql:2:4", "/* \n */": "f.sql:3:1", "ç": "f.sql:4:5", "d": "f.sql:4:7", "e": "f.sql:5:1"}
	for _, tok := range lex(t, src) {
		if got := tok.Pos.String(); got != want[tok.Text] {
			t.Errorf("%q is at %s, want %s", tok.Text, got, want[tok.Text])
		}
		if src[tok.Off:tok.End] != tok.Text {
			t.Errorf("%q is not src[%d:%d]", tok.Text, tok.Off, tok.End)
		}
	}
}

func TestLexFaults(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"a\n 'b":      "f.sql:2:2: string without an end: ' is missing",
		"e'\\'":       "f.sql:1:1: string without an end: ' is missing",
		`a "b`:        `f.sql:1:3: quoted name without an end: " is missing`,
		"/* /* */":    "f.sql:1:1: comment without an end: */ is missing",
		"$x$ a $$":    "f.sql:1:1: string without an end: $x$ is missing",
		"'it''s":      "f.sql:1:1: string without an end: ' is missing",
		"select `abc": "f.sql:1:8: quoted name without an end: ` is missing",
	} {
		_, err := sqltext.Lex("f.sql", src)
		var fault *sqltext.Error
		if !errors.As(err, &fault) || err.Error() != want {
			t.Errorf("%q: got %v, want %s", src, err, want)
		}
	}
}

func TestTokenMeaning(t *testing.T) {
	t.Parallel()
	tokens := lex(t, `Amount "Amount ""x""" 'it''s' $q$a'b$q$ (`)
	var got []string
	for _, tok := range tokens {
		got = append(got, tok.Name()+"|"+tok.Value())
	}
	want := []string{"amount|Amount", `Amount "x"|"Amount ""x"""`, "|it's", "|a'b", "|("}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names and values (-want +got):\n%s", diff)
	}
	if !tokens[0].Is("AMOUNT") || tokens[1].Is(`Amount "x"`) || tokens[2].Is("it's") || !tokens[4].Is("(") {
		t.Error("Is takes words in any case and punctuation, and nothing quoted")
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	src := ";; select 1 /* a; */ ; -- b;\n select ';' -- end"
	var got []string
	for _, s := range sqltext.Statements(lex(t, src)) {
		got = append(got, sqltext.Source(src, s))
	}
	if diff := cmp.Diff([]string{"select 1", "select ';'"}, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}

// FuzzLex holds the tokens to the source: in order, apart by white space only, and
// at the places that they name.
func FuzzLex(f *testing.F) {
	for _, seed := range []string{"select 'a' -- b\n", "/* /* */ */ $$ $$ \"a\" 1.5e3 a::b", "e'\\'' $t$x$t$ `q` ->> \r\u00a0é", "'", "/*", "$a$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		tokens, err := sqltext.Lex("f", src)
		end := 0
		for _, tok := range tokens {
			if tok.Off < end || tok.End <= tok.Off || src[tok.Off:tok.End] != tok.Text {
				t.Fatalf("token %+v behind %d", tok, end)
			}
			if gap := strings.TrimFunc(src[end:tok.Off], func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }); gap != "" {
				t.Fatalf("%q is in no token", gap)
			}
			end = tok.End
			if len(tok.Name()) > 2*len(tok.Text) || len(tok.Value()) > len(tok.Text) { // of Ⱥ the small letter is longer
				t.Fatalf("the name or value of %q is longer than its text", tok.Text)
			}
		}
		if err == nil && strings.TrimFunc(src[end:], func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }) != "" {
			t.Fatalf("%q is in no token", src[end:])
		}
		if _, err := sqltext.Lex("f", sqltext.Canonical(src)); err == nil {
			if again := sqltext.Canonical(sqltext.Canonical(src)); again != sqltext.Canonical(src) {
				t.Fatalf("canonical of canonical: %q, then %q", sqltext.Canonical(src), again)
			}
		}
	})
}
