package model

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ledgermill/engine/sqltext"
)

// parseTest reads a `test` directive. Its options stand at the end: `, warn` and
// `, at most N [%]`, in any order; the rest is the test.
func parseTest(d sqltext.Directive) (Test, *sqltext.Error) {
	t := Test{Pos: d.At}
	pieces := sqltext.Split(d.Value, ",")
	if len(pieces) > 1 && pieces[len(pieces)-1] == "" {
		return t, sqltext.Errorf(d.At, "`test` ends in a comma")
	}
	for len(pieces) > 1 {
		known, err := t.option(pieces[len(pieces)-1])
		if err != "" {
			return t, sqltext.Errorf(d.At, "%s", err)
		}
		if !known {
			break
		}
		pieces = pieces[:len(pieces)-1]
	}
	t.Text = withoutTail(d.Value, pieces)
	if t.Text == "" {
		return t, sqltext.Errorf(d.Pos, "`test` has no value")
	}
	for _, form := range []func(string) (bool, string){t.unique, t.notNull, t.accepted, t.rowsBetween, t.volume, t.fresh, t.relationship, t.expression} {
		known, err := form(t.Text)
		if err != "" {
			return t, sqltext.Errorf(d.At, "%s", err)
		}
		if known {
			return t, nil
		}
	}
	return t, sqltext.Errorf(d.At, "%q is no test", t.Text)
}

// withoutTail is value up to the end of the last of its first pieces.
func withoutTail(value string, pieces []string) string {
	end := 0
	for _, p := range pieces {
		end += strings.Index(value[end:], p) + len(p)
	}
	return value[:end]
}

var atMost = regexp.MustCompile(`^(?i:at\s+most)\s+([0-9]{1,18})(\.[0-9]+)?\s*(%)?$`)

// option takes `warn` or `at most N [%]`; fault says why what looks like one is none.
func (t *Test) option(text string) (known bool, fault string) {
	if strings.EqualFold(text, "warn") {
		t.Warn = true
		return true, ""
	}
	m := atMost.FindStringSubmatch(text)
	if m == nil {
		return false, ""
	}
	if m[3] == "%" {
		t.AtMost = Limit{Percent: m[1] + m[2], IsPercent: true}
		return true, ""
	}
	if m[2] != "" {
		return false, "`at most " + m[1] + m[2] + "` is no number of rows: write a whole number, or `%` behind it"
	}
	count, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return false, err.Error()
	}
	t.AtMost = Limit{Count: count}
	return true, ""
}

// after cuts the words off the beginning of text, in any case and with any spaces
// between them.
func after(text string, words ...string) (rest string, ok bool) {
	for _, w := range words {
		if len(text) <= len(w) || !strings.EqualFold(text[:len(w)], w) || text[len(w)] != ' ' && text[len(w)] != '\t' {
			return "", false
		}
		text = strings.TrimLeft(text[len(w):], " \t")
	}
	return text, true
}

func (t *Test) unique(text string) (bool, string) {
	rest, ok := after(text, "unique")
	if !ok {
		return false, ""
	}
	t.Kind = Unique
	return true, t.columns(rest)
}

func (t *Test) notNull(text string) (bool, string) {
	rest, ok := after(text, "not", "null")
	if !ok {
		return false, ""
	}
	t.Kind = NotNull
	return true, t.columns(rest)
}

func (t *Test) columns(text string) (fault string) {
	for _, piece := range sqltext.Split(text, ",") {
		name, err := item{text: piece}.name()
		if err != nil {
			return err.Msg
		}
		t.Columns = append(t.Columns, name)
	}
	return ""
}

func (t *Test) accepted(text string) (bool, string) {
	rest, ok := after(text, "accepted")
	if !ok {
		return false, ""
	}
	head, values, ok := strings.Cut(rest, ":")
	if !ok {
		return false, "`accepted` is `accepted column: value, value`"
	}
	t.Kind = Accepted
	if fault := t.columns(head); fault != "" || len(t.Columns) != 1 {
		return true, "`accepted` is `accepted column: value, value`"
	}
	for _, v := range sqltext.Split(values, ",") {
		if v == "" {
			return true, "`accepted` has an empty value: write '' for the empty text"
		}
		t.Values = append(t.Values, sqltext.Unquote(v))
	}
	if len(t.Values) == 0 {
		return true, "`accepted` lists no value"
	}
	return true, ""
}

var rowsBetween = regexp.MustCompile(`^(?i:rows\s+between)\s+([0-9]{1,18})\s+(?i:and)\s+([0-9]{1,18})$`)

func (t *Test) rowsBetween(text string) (bool, string) {
	m := rowsBetween.FindStringSubmatch(text)
	if m == nil {
		if _, ok := after(text, "rows", "between"); ok {
			return false, "`rows between` takes two whole numbers: `rows between 1 and 1000`"
		}
		return false, ""
	}
	t.Kind = RowsBetween
	t.Min, _ = strconv.ParseInt(m[1], 10, 64)
	t.Max, _ = strconv.ParseInt(m[2], 10, 64)
	if t.Min > t.Max {
		return true, "`rows between` has its larger number first"
	}
	if t.AtMost != (Limit{}) {
		return true, "`rows between` takes no `at most`: its limits are its own"
	}
	return true, ""
}

// relationship is `col in name.col`, five tokens.
func (t *Test) relationship(text string) (bool, string) {
	tokens, err := sqltext.Lex("", text)
	if err != nil || len(tokens) != 5 || !tokens[1].Is("in") || !tokens[3].Is(".") {
		return false, ""
	}
	if tokens[0].Name() == "" || tokens[2].Name() == "" || tokens[4].Name() == "" {
		return false, ""
	}
	t.Kind = Relationship
	t.Columns = []string{tokens[0].Name()}
	t.Target, t.TargetColumn = tokens[2].Name(), tokens[4].Name()
	return true, ""
}

// expression takes the rest; a comment at its end is left out.
func (t *Test) expression(text string) (bool, string) {
	tokens, err := sqltext.Lex("", text)
	var lexed *sqltext.Error
	if errors.As(err, &lexed) {
		return false, lexed.Msg
	}
	code := sqltext.Code(tokens)
	if len(code) == 0 {
		return false, "`test` has no value"
	}
	if !balanced(code) {
		return false, "brackets that do not close"
	}
	for i, c := range code {
		if c.Is("select") || c.Is(";") || c.Is("from") && i > 0 && code[i-1].Is("(") {
			return false, "a `test` sees one row: write a query as a data test in sql/tests"
		}
	}
	t.Kind, t.SQL, t.lead = Expression, sqltext.Source(text, code), code[0].Off
	return true, ""
}

// balanced reports whether each bracket closes, so that the expression can stand in
// brackets of its own.
func balanced(code []sqltext.Token) bool {
	depth := 0
	for _, c := range code {
		switch {
		case c.Is("("):
			depth++
		case c.Is(")"):
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

// named is the place of a column that the test names last.
func (t Test) named(column string) sqltext.Pos {
	tokens, err := sqltext.Lex("", t.Text)
	if err != nil {
		return t.Pos
	}
	for _, token := range slices.Backward(tokens) {
		if p := t.Pos; strings.EqualFold(token.Name(), column) {
			p.Col += utf8.RuneCountInString(t.Text[:token.Off])
			return p
		}
	}
	return t.Pos
}

// pos is the place of byte off of SQL.
func (t Test) pos(off int) sqltext.Pos {
	p := t.Pos
	p.Col += utf8.RuneCountInString(t.Text[:t.lead] + t.SQL[:min(max(off, 0), len(t.SQL))])
	return p
}
