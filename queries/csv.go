package queries

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strings"
)

// formula are the characters with which a cell begins that a spreadsheet runs.
const formula = "=+-@\t\r"

// CSV writes the rows that are left as RFC 4180 has it, but with lines that end in
// a line feed alone, as psql writes them: the names, then a line a row. Null is
// nothing and an empty text is "". A text that begins with = + - @, a tab or a
// carriage return gets a ' before it, so that no spreadsheet runs what a merchant
// called himself (CWE-1236); numbers, dates and booleans are left as they are.
func (r *Result) CSV(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i, c := range r.Columns {
		cell(out, i, guard(c.Name), c.Name == "")
	}
	out.WriteByte('\n')
	for r.Next() {
		for i, v := range r.Values() {
			switch {
			case v == nil:
				cell(out, i, "", false)
			case r.Columns[i].Kind == Text:
				cell(out, i, guard(*v), *v == "")
			default:
				cell(out, i, *v, false)
			}
		}
		out.WriteByte('\n')
	}
	return errors.Join(r.Err(), out.Flush())
}

// signed is a plain number that was kept as a text: nothing runs it, and a ' would
// change it.
var signed = regexp.MustCompile(`\A[+-][0-9][0-9.,]*\z`)

func guard(text string) string {
	if text != "" && strings.IndexByte(formula, text[0]) >= 0 && !signed.MatchString(text) {
		return "'" + text
	}
	return text
}

// cell writes a cell; what a write fails with, Flush returns.
func cell(out *bufio.Writer, i int, text string, quoted bool) {
	if i > 0 {
		out.WriteByte(',')
	}
	if !quoted && !strings.ContainsAny(text, ",\"\r\n") {
		out.WriteString(text)
		return
	}
	out.WriteByte('"')
	out.WriteString(strings.ReplaceAll(text, `"`, `""`))
	out.WriteByte('"')
}
