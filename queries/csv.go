package queries

import (
	"bufio"
	"cmp"
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
	// Delimiter parts fields and Quote quotes them, doubled inside; "" are , and ".
	Delimiter, Quote string
}

// CSV writes the rows that are left as RFC 4180 has it, but with lines that end in
// a line feed alone, as psql writes them: the names, then a line a row. Null is
// nothing and an empty text is "". A text that begins with = + - @, a tab or a
// carriage return gets a ' before it, so that no spreadsheet runs what a merchant
// called himself (CWE-1236); numbers, dates and booleans are left as they are. It
// returns how many cells got one.
func (r *Result) CSV(w io.Writer, o CSVOptions) (guarded int64, err error) {
	out := cells{Writer: bufio.NewWriter(w), delimiter: cmp.Or(o.Delimiter, ","), quote: cmp.Or(o.Quote, `"`)}
	guard := func(text string) string {
		if o.Raw || !runs(text) {
			return text
		}
		guarded++
		return "'" + text
	}
	for i, c := range r.Columns {
		out.cell(i, guard(c.Name), c.Name == "")
	}
	out.WriteByte('\n')
	for r.Next() {
		for i, v := range r.Values() {
			switch {
			case v == nil:
				out.cell(i, "", false)
			case r.Columns[i].Kind == Text:
				out.cell(i, guard(*v), *v == "")
			default:
				out.cell(i, *v, false)
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

// cells writes cells; what a write fails with, Flush returns.
type cells struct {
	*bufio.Writer
	delimiter, quote string
}

func (out cells) cell(i int, text string, quoted bool) {
	if i > 0 {
		out.WriteString(out.delimiter)
	}
	if !quoted && !strings.ContainsAny(text, out.delimiter+out.quote+"\r\n") {
		out.WriteString(text)
		return
	}
	out.WriteString(out.quote)
	out.WriteString(strings.ReplaceAll(text, out.quote, out.quote+out.quote))
	out.WriteString(out.quote)
}
