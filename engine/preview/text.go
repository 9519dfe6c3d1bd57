package preview

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
)

// Text prints the dearest steps first, and then the plan as it ran, from its result
// down to what it read.
func (p *Plan) Text(w io.Writer, width int) error {
	out := bufio.NewWriter(w)
	var all float64
	for _, o := range p.Operators {
		all += o.Seconds
	}
	fmt.Fprintf(out, "%s: %.3f s, %.3f s of all threads together\n\n", titled(p.Dataset, p.Unit), p.Seconds, all)
	fmt.Fprintln(out, "the costly steps")
	fmt.Fprintln(out, "   seconds  share         rows  step")
	for i, o := range p.Costly() {
		if i == costly || i > 0 && o.Seconds < all/1000 {
			break
		}
		line(out, width, fmt.Sprintf("%10.4f  %3.0f %%  %11s  ", o.Seconds, 100*o.Seconds/max(all, 1e-9), engine.Count(o.Rows)), o)
	}
	fmt.Fprintln(out, "\nthe plan, from its result down to what it read")
	fmt.Fprintln(out, "   seconds         rows  step")
	for _, o := range p.Operators {
		line(out, width, fmt.Sprintf("%10.4f  %11s  %s", o.Seconds, engine.Count(o.Rows), strings.Repeat("  ", min(o.Depth, 12))), o)
	}
	return out.Flush()
}

// costly is how many steps stand in the first list.
const costly = 8

func line(w io.Writer, width int, lead string, o duckdb.Operator) {
	text := lead + strings.ToLower(o.Name)
	if o.Detail != "" {
		text += ": " + o.Detail
	}
	fmt.Fprintln(w, runewidth.Truncate(text, max(width, len(lead)+12), "…"))
}

func titled(dataset string, u job.Unit) string {
	if u == job.Whole {
		return dataset
	}
	return dataset + " of " + string(u)
}

// Text prints what differs: rows, columns with examples, and sums.
func (d *Diff) Text(w io.Writer, width int) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s, %.2f s\nthe files against %s\n", titled(d.Dataset, d.Unit), d.Took.Seconds(), d.Against)
	fmt.Fprintf(out, "rows      %14s before\n          %14s after\n", engine.Count(d.Before), engine.Count(d.After))
	if !d.Differs() {
		fmt.Fprintln(out, "no difference: every row is the same")
		return out.Flush()
	}
	if len(d.Key) > 0 {
		fmt.Fprintf(out, "          %14s added\n          %14s removed\n          %14s changed, by %s\n", engine.Count(d.Added), engine.Count(d.Removed), engine.Count(d.Changed), strings.Join(d.Key, ", "))
	} else {
		fmt.Fprintf(out, "          %14s added\n          %14s removed\n", engine.Count(d.Added), engine.Count(d.Removed))
		note(out, width, "rows are compared whole: "+d.NoKey)
	}
	d.shape(out, width)
	d.columns(out)
	d.sums(out)
	d.values(out, width)
	d.examples(out, width)
	return out.Flush()
}

func note(w io.Writer, width int, text string) {
	fmt.Fprintln(w, runewidth.Truncate(text, width, "…"))
}

// shape tells columns that came, went or have another type.
func (d *Diff) shape(w io.Writer, width int) {
	if len(d.New) > 0 {
		note(w, width, "new columns: "+strings.Join(d.New, ", "))
	}
	if len(d.Dropped) > 0 {
		note(w, width, "dropped columns: "+strings.Join(d.Dropped, ", "))
	}
	for _, r := range d.Retyped {
		note(w, width, fmt.Sprintf("type of %s: %s before, %s after", r.Column, r.Before, r.After))
	}
}

// columns tells in which columns the changed rows differ.
func (d *Diff) columns(w io.Writer) {
	if len(d.Columns) > 0 {
		fmt.Fprintln(w, "\nchanged columns")
	}
	for _, c := range d.Columns {
		masked := ""
		if c.Masked {
			masked = " (private: masked)"
		}
		fmt.Fprintf(w, "  %-30s %12s rows%s\n", c.Column, engine.Count(c.Rows), masked)
	}
}

// values are examples of the changed columns.
func (d *Diff) values(w io.Writer, width int) {
	for _, c := range d.Columns {
		fmt.Fprintf(w, "\n%s: %s rows\n", c.Column, ofAll(len(c.Examples), c.Rows))
		table := [][]string{append(slices.Clone(d.Key), "before", "after")}
		for _, e := range c.Examples {
			table = append(table, append(texts(e.Key), text(e.Before), text(e.After)))
		}
		grid(w, "  ", width, table)
	}
}

// sums tells the sums of DECIMAL columns.
func (d *Diff) sums(w io.Writer) {
	if len(d.Sums) == 0 {
		return
	}
	fmt.Fprintln(w, "\nsums")
	head := append(append([]string{"column"}, d.By...), "before", "after", "difference")
	table := [][]string{head}
	same := 0
	for _, s := range d.Sums {
		if s.Delta != nil && strings.Trim(*s.Delta, "0.") == "" {
			same++
		}
		table = append(table, append(append([]string{s.Column}, texts(s.By)...), figure(s.Before), figure(s.After), signed(s.Delta)))
	}
	right(w, "  ", table, 1+len(d.By))
	if same == len(d.Sums) {
		fmt.Fprintln(w, "  no sum differs")
	}
}

// examples tells rows that one version alone has.
func (d *Diff) examples(w io.Writer, width int) {
	for _, kind := range []struct {
		name string
		all  int64
		rows [][]*string
	}{{"added", d.Added, d.Rows.Added}, {"removed", d.Removed, d.Rows.Removed}} {
		if len(kind.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s rows: %s\n", kind.name, ofAll(len(kind.rows), kind.all))
		table := [][]string{d.Rows.Columns}
		for _, r := range kind.rows {
			table = append(table, texts(r))
		}
		grid(w, "  ", width, table)
	}
}

func ofAll(shown int, all int64) string {
	if int64(shown) == all {
		return engine.Count(all)
	}
	return fmt.Sprintf("%d of %s", shown, engine.Count(all))
}

func text(v *string) string {
	if v == nil {
		return "null"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '·'
		}
		return r
	}, *v)
}

func texts(values []*string) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = text(v)
	}
	return all
}

func figure(v *string) string {
	if v == nil {
		return "null"
	}
	return engine.Figure(*v)
}

func signed(v *string) string {
	if v == nil || strings.HasPrefix(*v, "-") {
		return figure(v)
	}
	return "+" + engine.Figure(*v)
}

// widths are those of the columns of a table.
func widths(table [][]string) []int {
	var all []int
	for _, row := range table {
		for i, cell := range row {
			if i == len(all) {
				all = append(all, 0)
			}
			all[i] = max(all[i], runewidth.StringWidth(cell))
		}
	}
	return all
}

// grid prints a table cut at the width; columns that do not fit are told.
func grid(w io.Writer, indent string, width int, table [][]string) {
	const most = 36 // of a cell: a long text would push all others out
	if len(table) < 2 {
		return
	}
	sizes := widths(table)
	fits, total := 0, len(indent)
	for _, size := range sizes {
		if total += min(size, most) + 2; total-2 > width {
			break
		}
		fits++
	}
	fits = max(fits, 1)
	for _, row := range table {
		var b strings.Builder
		for i, cell := range row[:min(fits, len(row))] {
			size := min(sizes[i], most)
			if i < fits-1 {
				b.WriteString(runewidth.FillRight(runewidth.Truncate(cell, size, "…"), size+2))
			} else {
				b.WriteString(runewidth.Truncate(cell, size, "…"))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(indent+b.String(), " "))
	}
	if fits < len(sizes) {
		fmt.Fprintln(w, runewidth.Truncate(fmt.Sprintf("%s(and %s: --format json has all)", indent, strings.Join(table[0][fits:], ", ")), max(width, 20), "…"))
	}
}

// right prints a table whose columns from one on are numbers.
func right(w io.Writer, indent string, table [][]string, from int) {
	sizes := widths(table)
	for _, row := range table {
		line := indent
		for i, cell := range row {
			if i < from {
				line += runewidth.FillRight(cell, sizes[i]+2)
			} else {
				line += strings.Repeat(" ", sizes[i]-runewidth.StringWidth(cell)) + cell + "  "
			}
		}
		fmt.Fprintln(w, strings.TrimRight(cmp.Or(line, indent), " "))
	}
}
