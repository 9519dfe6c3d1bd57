package monitor

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Line is a line of a text, and what it is, for who paints it.
type Line struct {
	Text string
	Kind LineKind
}

// LineKind says what a line is.
type LineKind int

// The kinds of lines.
const (
	Plain   LineKind = iota
	Heading          // of a panel, or its columns
	Note             // why something is not there
	Alarm            // something that somebody should look at
)

// Text prints the sample for people, no wider than width.
func (s Sample) Text(w io.Writer, width int) error {
	b := &strings.Builder{}
	for i, v := range s.Views {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%s\n", clip(fmt.Sprintf("%d %s: %s", v.Number, v.Name, v.About), width))
		for _, l := range v.Lines(width) {
			fmt.Fprintln(b, strings.TrimRight(l.Text, " "))
		}
	}
	if s.Fault != "" {
		fmt.Fprintln(b, "\n"+clip(s.Fault, max(width, 200)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Lines are the panels of a view, no wider than width, and below them why figures are
// not there.
func (v ViewSample) Lines(width int) []Line {
	var lines []Line
	var notes []string
	for _, r := range v.Panels {
		name := strings.ReplaceAll(r.Panel.Name, "_", " ")
		switch {
		case r.Missing != "":
			notes = append(notes, fmt.Sprintf("%s %s: %s", name, notAvailable, r.Missing))
			continue
		case len(r.Rows) == 0:
			lines = append(lines, Line{clip(r.heading()+": none", width), Note})
		case r.Panel.Figures != "":
			lines = append(lines, r.figures(width)...)
		default:
			lines = append(lines, r.table(width)...)
		}
		if len(r.Unknown) > 0 {
			notes = append(notes, fmt.Sprintf("%s: its header names what it has no column of: %s", name, strings.Join(r.Unknown, ", ")))
		}
		reasons := r.reasons()
		for _, column := range sortedKeys(reasons) {
			if i := r.index(column); i >= 0 && !r.Columns[i].Hidden {
				notes = append(notes, fmt.Sprintf("%s: %s %s: %s", name, title(column), notAvailable, reasons[column]))
			}
		}
	}
	for _, text := range notes {
		for _, part := range wrap(text, width) {
			lines = append(lines, Line{part, Note})
		}
	}
	return lines
}

// heading is what a panel is called.
func (r Result) heading() string {
	if r.Panel.Figures != "" {
		return r.Panel.Figures
	}
	return strings.ReplaceAll(r.Panel.Name, "_", " ")
}

// figures are names and values of a single row, in as many columns as there is room for.
func (r Result) figures(width int) []Line {
	lines := []Line{{clip(r.heading(), width), Heading}}
	const gap, narrow = 3, 40
	label, most := r.curves()
	if width < narrow {
		label = 0
	}
	var cells []string
	widest := 0
	for i, c := range r.Columns {
		if c.Hidden {
			continue
		}
		text := r.shown(i, r.Rows[0][i], most)
		if slices.Contains(r.Panel.Sparks, c.Name) {
			lines = append(lines, Line{clip("  "+runewidth.FillRight(title(c.Name), label)+" "+text, width), Plain})
			continue
		}
		cell := title(c.Name) + " " + text
		cells = append(cells, cell)
		widest = max(widest, runewidth.StringWidth(cell))
	}
	each := min(max(widest, 12), 34)
	perLine := max(1, (width-2+gap)/(each+gap))
	line, used := "  ", 0
	var grid []Line
	for _, cell := range cells {
		slots := (runewidth.StringWidth(cell) + gap + each + gap - 1) / (each + gap)
		if used > 0 && used+slots > perLine {
			grid = append(grid, Line{clip(strings.TrimRight(line, " "), width), Plain})
			line, used = "  ", 0
		}
		line += cell
		line += strings.Repeat(" ", max(1, slots*(each+gap)-runewidth.StringWidth(cell)))
		used += slots
	}
	if used > 0 {
		grid = append(grid, Line{clip(strings.TrimRight(line, " "), width), Plain})
	}
	return slices.Insert(lines, 1, grid...)
}

// curves are how wide the names of the curves of a single row are, and the largest number
// of all: they stand one below the other, on one scale.
func (r Result) curves() (label int, most float64) {
	for i, c := range r.Columns {
		if !slices.Contains(r.Panel.Sparks, c.Name) {
			continue
		}
		label = max(label, runewidth.StringWidth(title(c.Name)))
		if _, own, ok := curveOf(r.Rows[0][i].Text); ok {
			most = max(most, own)
		}
	}
	return label, most
}

// shown is a value for people; a curve is drawn beside others of which the largest
// number is most.
func (r Result) shown(i int, v Value, most float64) string {
	if v.Known && slices.Contains(r.Panel.Sparks, r.Columns[i].Name) {
		return spark(v.Text, most)
	}
	return show(r.Columns[i], v)
}

// textColumn is a column of a table as it is printed: its heading, then its values.
type textColumn struct {
	width int
	right bool
	cells []string
}

// columnGap is the space between two columns.
const columnGap = 2

// table prints rows below a heading. Columns that have no room are left out, the last
// first.
func (r Result) table(width int) []Line {
	rows := r.Rows
	if r.Panel.Limit > 0 && len(rows) > r.Panel.Limit {
		rows = rows[:r.Panel.Limit]
	}
	columns := fitting(r.textColumns(rows), width-2)
	lines := []Line{{clip(r.heading(), width), Heading}}
	for n := range len(rows) + 1 {
		var b strings.Builder
		b.WriteString("  ")
		for i, c := range columns {
			if i > 0 {
				b.WriteString(strings.Repeat(" ", columnGap))
			}
			if c.right {
				b.WriteString(runewidth.FillLeft(clip(c.cells[n], c.width), c.width))
			} else {
				b.WriteString(runewidth.FillRight(clip(c.cells[n], c.width), c.width))
			}
		}
		kind := Plain
		if r.Panel.Alarm {
			kind = Alarm
		}
		if n == 0 {
			kind = Heading
		}
		lines = append(lines, Line{clip(strings.TrimRight(b.String(), " "), width), kind})
	}
	return lines
}

func (r Result) textColumns(rows [][]Value) []textColumn {
	var columns []textColumn
	for i, c := range r.Columns {
		if c.Hidden {
			continue
		}
		one := textColumn{right: c.Numeric, width: runewidth.StringWidth(title(c.Name)), cells: []string{title(c.Name)}}
		for _, row := range rows {
			text := r.shown(i, row[i], 0)
			one.cells = append(one.cells, text)
			one.width = max(one.width, runewidth.StringWidth(text))
		}
		columns = append(columns, one)
	}
	return columns
}

// fitting are the columns that have room, the last one of them cut if that still says
// anything.
func fitting(columns []textColumn, room int) []textColumn {
	const tells = 10
	var kept []textColumn
	for _, c := range columns {
		if c.width > room {
			if c.right || room < tells {
				break
			}
			c.width = room
		}
		kept = append(kept, c)
		room -= c.width + columnGap
	}
	if len(kept) == 0 && len(columns) > 0 {
		columns[0].width = max(1, room)
		return columns[:1]
	}
	return kept
}

// Clip cuts a text to a width on a screen.
func Clip(text string, width int) string { return clip(text, width) }

// Pad cuts or fills a text to a width on a screen.
func Pad(text string, width int) string { return runewidth.FillRight(clip(text, width), width) }

// clip cuts a text to a width. What would move the cursor is replaced.
func clip(text string, width int) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 {
			return ' '
		}
		return c
	}, text)
	if width < 1 {
		return ""
	}
	return runewidth.Truncate(text, width, "…")
}

// wrap breaks a text between words; what follows the first line is indented.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && runewidth.StringWidth(line)+1+runewidth.StringWidth(word) > width {
			lines = append(lines, clip(line, width))
			line = "  " + word
			continue
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, clip(line, width))
}
