package queries

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// TextOptions say how much of a result is shown.
type TextOptions struct {
	Limit int  // rows; 0: all
	Width int  // columns of the terminal; 0: as wide as it gets
	Clip  bool // columns that do not fit are left out, and named below the table
}

// Text writes a table for people: numbers to the right, null as null, control
// characters escaped. Where the table is wider than it may be, names are broken at _
// and texts cut at …, if that makes it fit; numbers and dates never are.
func (r *Result) Text(w io.Writer, o TextOptions) error {
	table, more, err := r.table(o.Limit)
	if err != nil {
		return err
	}
	table.fit(o.Width)
	var left []string
	if o.Clip {
		left = table.clip(o.Width)
	}
	if err := table.render(w); err != nil {
		return err
	}
	if left != nil {
		if _, err := io.WriteString(w, wrapped(fmt.Sprintf("(%d more columns: %s)", len(left), strings.Join(left, ", ")), o.Width)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w, table.foot(more))
	return err
}

// wrapped breaks a text between words.
func wrapped(text string, most int) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		switch {
		case used > 0 && used+1+width(word) > most:
			b.WriteString("\n ")
			used = 1
		case used > 0:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += width(word)
	}
	return b.String() + "\n"
}

// table reads up to limit rows; more tells that there are others.
func (r *Result) table(limit int) (t *layout, more bool, err error) {
	t = &layout{}
	for _, c := range r.Columns {
		t.add(visible(c.Name), c.Kind)
	}
	for r.Next() {
		if limit > 0 && len(t.rows) == limit {
			return t, true, nil
		}
		cells := make([]string, len(t.columns))
		for i, v := range r.Values() {
			cells[i] = "null"
			if v != nil {
				cells[i] = visible(*v)
			}
			t.columns[i].cells = max(t.columns[i].cells, width(cells[i]))
		}
		t.rows = append(t.rows, cells)
	}
	return t, false, r.Err()
}

// visible escapes what would move the cursor or speak to the terminal.
func visible(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if hidden(c) {
			b.WriteString(strings.Trim(strconv.QuoteRune(c), "'"))
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// hidden are control characters, and those that turn the direction of writing.
func hidden(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) }

func (t *layout) foot(more bool) string {
	var b strings.Builder
	switch {
	case more && len(t.rows) == 1:
		b.WriteString("(the first row of more: --format csv prints all)")
	case more:
		fmt.Fprintf(&b, "(the first %d rows of more: --format csv prints all)", len(t.rows))
	case len(t.rows) == 1:
		b.WriteString("(1 row)")
	default:
		fmt.Fprintf(&b, "(%d rows)", len(t.rows))
	}
	if t.cut {
		b.WriteString("\n(texts are cut at …: --format csv has them whole)")
	}
	return b.String()
}
