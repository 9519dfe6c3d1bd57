package queries

import (
	"bufio"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

const (
	gap       = 2 // spaces between columns
	leastText = 8 // a text is not cut below this
)

// layout is a table of cells and how wide its columns are.
type layout struct {
	columns []column
	rows    [][]string
	cut     bool // texts are
}

type column struct {
	name  string
	kind  Kind
	cells int // the widest cell
	width int // as it is shown
}

func width(text string) int { return runewidth.StringWidth(text) }

func (t *layout) add(name string, kind Kind) {
	t.columns = append(t.columns, column{name: name, kind: kind})
}

// fit chooses the widths: as wide as names and cells are, or at most most columns
// in all. First the names that stand out furthest are broken; then the widest texts
// are cut, if the table fits by that.
func (t *layout) fit(most int) {
	for i := range t.columns {
		c := &t.columns[i]
		c.width = max(width(c.name), c.cells)
	}
	if most <= 0 {
		return
	}
	for t.total() > most {
		c := t.widest(func(c *column) int { return c.width - max(c.cells, c.broken()) })
		if c == nil {
			break
		}
		c.width = max(c.cells, c.broken())
	}
	uncut := make([]int, len(t.columns))
	for i, c := range t.columns {
		uncut[i] = c.width
	}
	for t.total() > most {
		c := t.widest(func(c *column) int {
			if c.kind != Text || c.width <= max(leastText, c.broken()) {
				return 0
			}
			return c.width
		})
		if c == nil {
			break
		}
		c.width--
		t.cut = true
	}
	if t.total() > most {
		t.cut = false
		for i := range t.columns {
			t.columns[i].width = uncut[i]
		}
	}
}

func (t *layout) total() int {
	total := gap * (len(t.columns) - 1)
	for _, c := range t.columns {
		total += c.width
	}
	return total
}

// clip takes away the last columns until the table fits, and returns their names.
func (t *layout) clip(most int) (left []string) {
	for n := len(t.columns) - 1; n > 0 && most > 0 && t.total() > most; n-- {
		left = append([]string{t.columns[n].name}, left...)
		t.columns = t.columns[:n]
	}
	for i, row := range t.rows {
		t.rows[i] = row[:len(t.columns)]
	}
	return left
}

// widest is the column with the greatest measure; nil where none is above 0.
func (t *layout) widest(measure func(*column) int) *column {
	var best *column
	most := 0
	for i := range t.columns {
		if m := measure(&t.columns[i]); m > most {
			best, most = &t.columns[i], m
		}
	}
	return best
}

// broken is the width of the name where it is broken at every _.
func (c *column) broken() int {
	least := 0
	for _, piece := range strings.SplitAfter(c.name, "_") {
		least = max(least, width(piece))
	}
	return least
}

// lines are the name, broken where it must be.
func (c *column) lines() []string {
	lines := []string{""}
	for _, piece := range strings.SplitAfter(c.name, "_") {
		last := &lines[len(lines)-1]
		if *last != "" && width(*last+piece) > c.width {
			lines = append(lines, piece)
			continue
		}
		*last += piece
	}
	return lines
}

// render draws the table without lines but those below the names.
func (t *layout) render(w io.Writer) error {
	out := bufio.NewWriter(w)
	names := make([][]string, len(t.columns))
	height := 0
	for i := range t.columns {
		names[i] = t.columns[i].lines()
		height = max(height, len(names[i]))
	}
	line, rule := make([]string, len(t.columns)), make([]string, len(t.columns))
	for n := range height {
		for i, pieces := range names {
			line[i] = ""
			if at := n - (height - len(pieces)); at >= 0 {
				line[i] = pieces[at]
			}
		}
		t.line(out, line)
	}
	for i, c := range t.columns {
		rule[i] = strings.Repeat("-", c.width)
	}
	t.line(out, rule)
	for _, row := range t.rows {
		t.line(out, row)
	}
	return out.Flush()
}

// line writes one line; what a write fails with, Flush returns.
func (t *layout) line(out *bufio.Writer, cells []string) {
	last := len(cells) - 1
	for last > 0 && cells[last] == "" {
		last--
	}
	for i, cell := range cells[:last+1] {
		c := t.columns[i]
		if width(cell) > c.width {
			cell = runewidth.Truncate(cell, c.width, "…")
		}
		space := strings.Repeat(" ", max(c.width-width(cell), 0))
		if i > 0 {
			out.WriteString(strings.Repeat(" ", gap))
		}
		switch {
		case c.kind.Number():
			out.WriteString(space + cell)
		case i < last:
			out.WriteString(cell + space)
		default:
			out.WriteString(cell)
		}
	}
	out.WriteByte('\n')
}
