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

// CSVOptions say what a CSV is for.
type CSVOptions struct {
	// Raw leaves every text as it is: for programs, which run nothing.
	Raw bool
}

// CSV writes the rows that are left as RFC 4180 has it, but with lines that end in
// a line feed alone, as psql writes them: the names, then a line a row. Null is
// nothing and an empty text is "". A text that begins with = + - @, a tab or a
// carriage return gets a ' before it, so that no spreadsheet runs what a merchant
// called himself (CWE-1236); numbers, dates and booleans are left as they are. It
// returns how many cells got one.
func (r *Result) CSV(w io.Writer, o CSVOptions) (guarded int64, err error) {
	out := bufio.NewWriter(w)
	guard := func(text string) string {
		if o.Raw || !runs(text) {
			return text
		}
		guarded++
		return "'" + text
	}
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
	return guarded, errors.Join(r.Err(), out.Flush())
}

// signed is a plain number that was kept as a text: nothing runs it, and a ' would
// change it.
var signed = regexp.MustCompile(`\A[+-][0-9][0-9.,]*\z`)

// runs reports whether a spreadsheet would take a text for a formula.
func runs(text string) bool {
	return text != "" && strings.IndexByte(formula, text[0]) >= 0 && !signed.MatchString(text)
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
