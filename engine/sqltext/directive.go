package sqltext

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DirectiveWord is one word of a vocabulary of directives.
type DirectiveWord struct {
	Name   string // "business date"
	Column bool   // may be followed by one name: `format amount: ...`
}

// Directive is one line `-- word column: value` of a file's header.
type Directive struct {
	Word   string
	Column string // the name behind the word, lower case unless quoted; "" without one
	Value  string // trimmed
	Pos    Pos    // of the word
	At     Pos    // of the value
}

// Header reads the directives of src: the unbroken block of `--` lines that
// begins at line 1. A bare `--` is allowed in it. The longest known word wins,
// and the first `:` outside quotes ends it. Unknown words are faults that name
// the nearest known one; what could be read is returned beside them.
func Header(file, src string, vocabulary []DirectiveWord) ([]Directive, Errors) {
	var directives []Directive
	var faults Errors
	ends := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	for i, line := range strings.Split(ends.Replace(strings.TrimPrefix(src, "\ufeff")), "\n") {
		text, isComment := strings.CutPrefix(line, "--")
		if !isComment {
			break
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		d, err := parseDirective(file, i+1, text, vocabulary)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		directives = append(directives, d)
	}
	return directives, faults
}

func parseDirective(file string, line int, text string, vocabulary []DirectiveWord) (Directive, *Error) {
	lead := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	pos := Pos{File: file, Line: line, Col: 3 + lead}
	colon := indexOutsideQuotes(text, ':')
	if colon < 0 {
		return Directive{}, &Error{Pos: pos, Msg: "a line of the header is `-- word: value`, and this one has no `:`",
			Remedy: "put prose below the header, behind an empty line"}
	}
	value := text[colon+1:]
	valueLead := len(value) - len(strings.TrimLeftFunc(value, unicode.IsSpace))
	d := Directive{Value: strings.TrimSpace(value), Pos: pos,
		At: Pos{File: file, Line: line, Col: 3 + len([]rune(text[:colon+1+valueLead]))}}
	head := strings.TrimSpace(text[:colon])
	word, rest, ok := longestWord(head, vocabulary)
	if !ok {
		return d, &Error{Pos: pos, Msg: "unknown directive `" + head + "`" + DidYouMean(head, wordNames(vocabulary)),
			Remedy: "put prose below the header, behind an empty line"}
	}
	d.Word = word.Name
	if rest == "" {
		return d, nil
	}
	if !word.Column {
		return d, Errorf(pos, "directive `%s` takes no name, but has %q", word.Name, rest)
	}
	name, ok := oneName(rest)
	if !ok {
		return d, Errorf(pos, "directive `%s` takes one name, but has %q", word.Name, rest)
	}
	d.Column = name
	return d, nil
}

func wordNames(vocabulary []DirectiveWord) []string {
	var names []string
	for _, w := range vocabulary {
		names = append(names, w.Name)
	}
	return names
}

func longestWord(head string, vocabulary []DirectiveWord) (word DirectiveWord, rest string, ok bool) {
	for _, w := range vocabulary {
		if len(w.Name) < len(word.Name) || ok && len(w.Name) == len(word.Name) {
			continue
		}
		after, found := strings.CutPrefix(head, w.Name)
		if found && (after == "" || after[0] == ' ' || after[0] == '\t') {
			word, rest, ok = w, strings.TrimSpace(after), true
		}
	}
	return word, rest, ok
}

func oneName(text string) (string, bool) {
	tokens, err := Lex("", text)
	if err != nil || len(tokens) != 1 {
		return "", false
	}
	if t := tokens[0]; t.Kind == Word || t.Kind == QuotedName {
		return t.Name(), true
	}
	return "", false
}

func indexOutsideQuotes(text string, sep byte) int {
	var quote byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case opensQuote(text, i):
			quote = c
		case c == sep:
			return i
		}
	}
	return -1
}

// opensQuote reports whether a quoted text begins at i. Behind a letter or a digit
// a quote is an apostrophe: Client's name, 1'234.56.
func opensQuote(text string, i int) bool {
	if text[i] != '\'' && text[i] != '"' {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	return i == 0 || !unicode.IsLetter(before) && !unicode.IsDigit(before)
}

// Split parts text at sep where it stands outside quotes and brackets, and trims
// the pieces. An empty text has no pieces.
func Split(text, sep string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var pieces []string
	var quote byte
	depth, from := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case opensQuote(text, i):
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth = max(0, depth-1)
		case depth == 0 && strings.HasPrefix(text[i:], sep):
			pieces = append(pieces, strings.TrimSpace(text[from:i]))
			i += len(sep) - 1
			from = i + 1
		}
	}
	return append(pieces, strings.TrimSpace(text[from:]))
}

// Unquote takes the quotes of SQL off an item that has them: 'it”s' is it's.
func Unquote(item string) string {
	if len(item) >= 2 && item[0] == '\'' && item[len(item)-1] == '\'' {
		return strings.ReplaceAll(item[1:len(item)-1], "''", "'")
	}
	return item
}

// Select returns the directives of one word, in order.
func Select(directives []Directive, word string) []Directive {
	return slices.DeleteFunc(slices.Clone(directives), func(d Directive) bool { return d.Word != word })
}
