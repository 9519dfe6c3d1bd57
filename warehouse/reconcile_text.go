package warehouse

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// shownUnits is how many units of one table and state the text names.
const shownUnits = 20

// Text prints a line a table, then what differs, then the verdict.
func (r Reconciled) Text(w io.Writer) error {
	b := &strings.Builder{}
	p := message.NewPrinter(language.English)
	for _, t := range r.tables() {
		p.Fprintf(b, "%-30s %6d units %15d rows  %s\n", t.name, t.units, t.rows, t.summary())
	}
	for _, t := range r.tables() {
		for _, state := range []State{Differs, OtherLoad, NotLoaded, NotInLake, ByNoLoad, Gone} {
			r.listUnits(b, p, t.name, state)
		}
	}
	if r.Agree() {
		p.Fprintf(b, "lake and warehouse agree: %d rows, in %.1f s\n", r.Rows, r.Seconds)
	} else {
		p.Fprintf(b, "lake and warehouse differ: %d rows compared, in %.1f s\n", r.Rows, r.Seconds)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tableSummary adds up the units of a table.
type tableSummary struct {
	name   string
	units  int
	rows   int64
	states map[State]int
}

func (r Reconciled) tables() []*tableSummary {
	var list []*tableSummary
	for _, u := range r.Units {
		i := slices.IndexFunc(list, func(t *tableSummary) bool { return t.name == u.Table })
		if i < 0 {
			i = len(list)
			list = append(list, &tableSummary{name: u.Table, states: map[State]int{}})
		}
		list[i].units++
		list[i].rows += u.Rows
		list[i].states[u.State]++
	}
	return list
}

func (t *tableSummary) summary() string {
	var parts []string
	for _, s := range []State{Agrees, Differs, OtherLoad, NotLoaded, NotInLake, ByNoLoad, Gone, BelowFloor} {
		word := strings.NewReplacer("agrees", "agree", "differs", "differing").Replace(string(s))
		switch n := t.states[s]; {
		case n == t.units && s == Agrees:
			return word
		case n > 0:
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	return strings.Join(parts, ", ")
}

// listUnits prints the units of a table that are in a state, and how to end it.
func (r Reconciled) listUnits(b *strings.Builder, p *message.Printer, table string, state State) {
	listed := 0
	var first ReconciledUnit
	for _, u := range r.Units {
		if u.Table != table || u.State != state {
			continue
		}
		if listed == 0 {
			first = u
		}
		if listed++; listed <= shownUnits {
			u.print(b, p)
		}
	}
	if listed > shownUnits {
		p.Fprintf(b, "%s: %d more units: --format json\n", table, listed-shownUnits)
	}
	if remedy := r.remedy(state, first); listed > 0 && remedy != "" {
		b.WriteString("try: " + remedy + "\n")
	}
}

func (u ReconciledUnit) print(b *strings.Builder, p *message.Printer) {
	name := u.Table + " " + u.Unit
	if u.State != Differs {
		p.Fprintf(b, "%s: %s: %d rows in the lake, %d in PostgreSQL\n", name, u.State, u.Rows, u.WarehouseRows)
	}
	rows := slices.IndexFunc(u.Differences, func(d Difference) bool { return d.Column == "" && d.What == "rows" })
	for _, d := range u.Differences {
		// A row that is missing lacks a value in each column: no news, and a line for each.
		if rows >= 0 && d.What == nonNull && d.By == u.Differences[rows].By {
			continue
		}
		b.WriteString(name + prefixed(" column ", d.Column) + ": " + d.String() + "\n")
	}
	for _, e := range u.Examples {
		b.WriteString("  " + e.String() + "\n")
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// String is "sum: 1.00 in the lake, 1.01 in PostgreSQL, difference 0.01".
func (d Difference) String() string {
	return fmt.Sprintf("%s: %s in the lake, %s in PostgreSQL%s", d.What, d.Lake, d.Warehouse, prefixed(", difference ", d.By))
}

// String names the row and says where it is, or in what it differs.
func (d RowDifference) String() string {
	var key []string
	for _, c := range d.Key {
		key = append(key, c.Column+" "+shownValue(c.Value))
	}
	name := strings.Join(key, ", ") + ": "
	switch {
	case len(d.Columns) == 0 && d.Lake == 0:
		return name + "only in PostgreSQL" + times(d.Warehouse)
	case len(d.Columns) == 0 && d.Warehouse == 0:
		return name + "only in the lake" + times(d.Lake)
	case len(d.Columns) == 0:
		return name + fmt.Sprintf("%d in the lake, %d in PostgreSQL", d.Lake, d.Warehouse)
	}
	var parts []string
	for _, c := range d.Columns {
		parts = append(parts, fmt.Sprintf("%s %s in the lake, %s in PostgreSQL", c.Column, shownValue(c.Lake), shownValue(c.Warehouse)))
	}
	return name + strings.Join(parts, "; ")
}

func times(n int64) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", %d times", n)
}

func shownValue(v *string) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprintf("%q", *v)
}
