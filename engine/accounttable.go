package engine

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"ledgermill/engine/ledger"
)

// accountTable lines the accounts of a feed up: records, then a column for each
// control sum of each group that is large enough to have one.
type accountTable struct {
	account FeedAccount
	heads   []string
	groups  [][]string // of the columns, beside records
	sums    []int      // which aggregate a column shows
	rows    [][]string
	marks   map[int]string
	notes   []string
	whole   bool // no column is left out for want of room
	other   bool // groups without a column of their own are added up by number of records
}

// Money is shown for the largest groups that a terminal of 80 columns has room for.
const (
	maxAccountColumns = 4
	maxAccountWidth   = 80
)

func (t *accountTable) columns() {
	t.heads, t.marks = []string{t.account.Feed, "records"}, map[int]string{}
	groups := slices.Clone(t.account.Cell.Read.Groups)
	groups = slices.DeleteFunc(groups, func(g ledger.Group) bool { return slices.Contains(g.By, ledger.Unreadable) })
	slices.SortStableFunc(groups, func(a, b ledger.Group) int { return int(b.Records - a.Records) })
	for _, g := range groups {
		for i, name := range t.account.Aggregates {
			if len(t.sums) == maxAccountColumns {
				t.other = true
				continue
			}
			head := strings.Join(g.By, " ")
			if head == "" || len(t.account.Aggregates) > 1 {
				head = strings.TrimSpace(name + " " + head)
			}
			t.heads = append(t.heads, head)
			t.groups, t.sums = append(t.groups, g.By), append(t.sums, i)
		}
	}
}

func (t *accountTable) row(name string, tally ledger.Tally) {
	cells := []string{"  " + name, count(tally.Records)}
	for c, by := range t.groups {
		i := slices.IndexFunc(tally.Groups, func(g ledger.Group) bool { return slices.Equal(g.By, by) })
		text := "0.00"
		if i < 0 && unreadableOnly(tally) {
			text = "no amount"
		}
		if i >= 0 && t.sums[c] < len(tally.Groups[i].Sums) {
			g := tally.Groups[i]
			text = money(g.Sums[t.sums[c]])
			if g.Unreadable[t.sums[c]] == g.Records && g.Records > 0 {
				text = "no amount"
			}
		}
		cells = append(cells, text)
	}
	t.rows = append(t.rows, cells)
}

// unreadableOnly reports whether no record of the tally belongs to a group.
func unreadableOnly(t ledger.Tally) bool {
	return len(t.Groups) > 0 && !slices.ContainsFunc(t.Groups, func(g ledger.Group) bool { return !slices.Contains(g.By, ledger.Unreadable) })
}

func (t *accountTable) mark(text string) { t.marks[len(t.rows)-1] = text }
func (t *accountTable) note(text string) { t.notes = append(t.notes, text) }

func (t *accountTable) print(b *strings.Builder) {
	widths := make([]int, len(t.heads))
	for i := range widths[1:] {
		widths[i+1] = 9
	}
	for _, row := range append([][]string{t.heads}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for !t.whole && t.width(widths) > maxAccountWidth && len(widths) > 2 {
		widths, t.other = widths[:len(widths)-1], true
	}
	line := func(cells []string, mark string) {
		cells = cells[:len(widths)]
		fmt.Fprintf(b, "%-*s", widths[0], cells[0])
		for i, cell := range cells[1:] {
			fmt.Fprintf(b, "  %*s", widths[i+1], cell)
		}
		b.WriteString(mark + "\n")
	}
	line(t.heads, "")
	for i, row := range t.rows {
		line(row, t.marks[i])
	}
	if t.other {
		t.notes = append(t.notes, "further groups: --format json")
	}
	for _, note := range t.notes {
		b.WriteString("  " + note + "\n")
	}
}

func (t *accountTable) width(widths []int) int {
	total := 2 // for the mark
	for _, w := range widths {
		total += w + 2
	}
	return total - 2
}
