package sqltext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the kind of a token.
type Kind uint8

// The kinds of tokens. White space is not a token.
const (
	Word       Kind = iota + 1 // a keyword or an unquoted name
	QuotedName                 // "name" or `name`
	String                     // 'text', E'text', $$text$$
	Number                     // 12, 1.5, 1e3
	Punct                      // an operator or a bracket, one character a token but for :: and the like
	Comment                    // -- to the end of the line, or /* nested */
)

// Token is a piece of the source: src[Off:End].
type Token struct {
	Kind Kind
	Text string
	Off  int
	End  int
	Pos  Pos
}

// Is reports whether the token is the unquoted word, in any case, or the punctuation.
func (t Token) Is(text string) bool {
	switch t.Kind {
	case Word:
		return strings.EqualFold(t.Text, text)
	case Punct:
		return t.Text == text
	}
	return false
}

// Name is the name that the token stands for: the inside of a quoted name, an
// unquoted word in lower case, "" for other tokens.
func (t Token) Name() string {
	switch t.Kind {
	case Word:
		return strings.ToLower(t.Text)
	case QuotedName:
		q := t.Text[:1]
		return strings.ReplaceAll(t.Text[1:len(t.Text)-1], q+q, q)
	}
	return ""
}

// Value is the text that a plain '...' or $$...$$ string stands for.
func (t Token) Value() string {
	if t.Kind != String {
		return t.Text
	}
	if strings.HasPrefix(t.Text, "$") {
		tag := t.Text[:strings.Index(t.Text[1:], "$")+2]
		return t.Text[len(tag) : len(t.Text)-len(tag)]
	}
	s := t.Text[strings.IndexByte(t.Text, '\'')+1 : len(t.Text)-1]
	return strings.ReplaceAll(s, "''", "'")
}

// Lex cuts src into tokens, comments among them. An unterminated string, name or
// comment is an *Error at its beginning.
func Lex(file, src string) ([]Token, error) {
	l := lexer{file: file, src: src, line: 1, col: 1}
	var tokens []Token
	for {
		l.skipSpace()
		if l.off >= len(l.src) {
			return tokens, nil
		}
		t, err := l.next()
		if err != nil {
			return tokens, err
		}
		tokens = append(tokens, t)
	}
}

type lexer struct {
	file      string
	src       string
	off       int
	line, col int
}

func (l *lexer) advance(to int) {
	for l.off < to {
		r, n := utf8.DecodeRuneInString(l.src[l.off:])
		l.off += n
		l.col++
		if r == '\n' || r == '\r' && (l.off == len(l.src) || l.src[l.off] != '\n') {
			l.line++
			l.col = 1
		}
	}
}

func (l *lexer) skipSpace() {
	for l.off < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.off:])
		if !unicode.IsSpace(r) && r != '\ufeff' {
			return
		}
		l.advance(l.off + n)
	}
}

func (l *lexer) next() (Token, error) {
	t := Token{Off: l.off, Pos: Pos{File: l.file, Line: l.line, Col: l.col}}
	rest := l.src[l.off:]
	kind, n, missing := scan(rest)
	if missing != "" {
		return t, &Error{Pos: t.Pos, Msg: missing}
	}
	t.Kind, t.Text, t.End = kind, rest[:n], l.off+n
	l.advance(t.End)
	return t, nil
}

// scan tells the kind and the length of the token that s begins with, or what is
// missing of it.
func scan(s string) (kind Kind, n int, missing string) {
	switch c := s[0]; {
	case strings.HasPrefix(s, "--"):
		// A lone carriage return ends it too, as in DuckDB and Postgres.
		if n = strings.IndexAny(s, "\r\n"); n < 0 {
			n = len(s)
		}
		return Comment, n, ""
	case strings.HasPrefix(s, "/*"):
		if n = blockComment(s); n == 0 {
			return 0, 0, "comment without an end: */ is missing"
		}
		return Comment, n, ""
	case c == '\'':
		n = closing(s, '\'', false)
		kind, missing = String, "string without an end: ' is missing"
	case (c == 'e' || c == 'E') && len(s) > 1 && s[1] == '\'':
		if n = closing(s[1:], '\'', true); n > 0 {
			n++
		}
		kind, missing = String, "string without an end: ' is missing"
	case c == '"' || c == '`':
		n = closing(s, c, false)
		kind, missing = QuotedName, "quoted name without an end: "+s[:1]+" is missing"
	case c == '$':
		return dollar(s)
	case c >= '0' && c <= '9', c == '.' && len(s) > 1 && s[1] >= '0' && s[1] <= '9':
		return Number, number(s), ""
	default:
		return wordOrPunct(s)
	}
	if n == 0 {
		return 0, 0, missing
	}
	return kind, n, ""
}

// blockComment returns the length of the nested comment that s begins with, 0
// where it has no end.
func blockComment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); {
		switch s[i : i+2] {
		case "/*":
			depth++
			i += 2
		case "*/":
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return 0
}

// closing returns the length of the quoted text that s begins with, 0 where it
// has no end. A doubled quote stands for itself.
func closing(s string, quote byte, backslash bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case backslash && s[i] == '\\':
			i++
		case s[i] != quote:
		case i+1 < len(s) && s[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// dollar reads $$text$$ and $tag$text$tag$; a lone $ is punctuation.
func dollar(s string) (Kind, int, string) {
	i := 1
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r != '_' && !isLetter(r) && (i == 1 || !isDigit(s[i])) {
			break
		}
		i += n
	}
	if i >= len(s) || s[i] != '$' {
		return Punct, 1, ""
	}
	tag := s[:i+1]
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return 0, 0, "string without an end: " + tag + " is missing"
	}
	return String, end + 2*len(tag), ""
}

// number takes letters too, and leaves it to DuckDB to refuse them: 12abc is one
// token, not a number and an alias.
func number(s string) int {
	i, exponent := 0, false
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isDigit(s[i]) || r == '.' || r == '_':
		case (r == 'e' || r == 'E') && !exponent && signedDigit(s[i+1:]):
			exponent = true
			n++
		case isLetter(r):
		default:
			return i
		}
		i += n
	}
	return i
}

// signedDigit reports whether s begins with a digit, or with a sign and a digit.
func signedDigit(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	return s != "" && isDigit(s[0])
}

func wordOrPunct(s string) (Kind, int, string) {
	r, n := utf8.DecodeRuneInString(s)
	if r == '_' || isLetter(r) {
		for n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if r != '_' && r != '$' && !isLetter(r) && !unicode.IsDigit(r) {
				break
			}
			n += size
		}
		return Word, n, ""
	}
	for _, op := range []string{"::", "<=", ">=", "<>", "!=", "||", "->>", "->", ":="} {
		if strings.HasPrefix(s, op) {
			return Punct, len(op), ""
		}
	}
	return Punct, n, ""
}

func isLetter(r rune) bool { return unicode.IsLetter(r) }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
