package contract

import (
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// Value is the typed value of the text that raw, an SQL expression, stands for:
// null where it is empty or unreadable.
func (c *Contract) Value(s Section, col Column, raw string, d Dialect) string {
	return reading(col.Type, s.Formats[col.Name], s.nullTexts(col.Name), raw, d)
}

// Empty is true where the text counts as null: empty but for spaces and tabs, or
// a null text. It is never null.
func (c *Contract) Empty(s Section, col Column, raw string, d Dialect) string {
	return empty(s.nullTexts(col.Name), raw, d)
}

// Rounded is true where reading the text drops digits that are not zero; "" where
// the column is not rounded.
func (c *Contract) Rounded(s Section, col Column, raw string, d Dialect) string {
	f := s.Formats[col.Name]
	if !f.Round {
		return ""
	}
	x := d.Trim(raw)
	var matches []string
	for _, e := range f.Numbers {
		if e.Mark != "" {
			matches = append(matches, e.rounded(x, col.Type, d))
		}
	}
	if matches == nil {
		return ""
	}
	return "(case when " + strings.Join(matches, " or ") + " then true else false end)"
}

func (s Section) nullTexts(column string) []string {
	return slices.Concat(s.Nulls[""], s.Nulls[column])
}

func empty(nulls []string, raw string, d Dialect) string {
	return "(" + raw + " is null or " + d.Trim(raw) + " in (" + quoteAll(slices.Concat([]string{""}, nulls)) + "))"
}

func reading(t Type, f Format, nulls []string, raw string, d Dialect) string {
	x := d.Trim(raw)
	value := f.value(t, raw, x, d)
	if len(nulls) > 0 {
		return "(case when " + x + " in (" + quoteAll(nulls) + ") then null else " + value + " end)"
	}
	return value
}

func (f Format) value(t Type, raw, x string, d Dialect) string {
	if len(f.Patterns) == 0 && len(f.Numbers) == 0 {
		return d.Fast(raw, t, strict(x, t, d))
	}
	var b strings.Builder
	b.WriteString("(case")
	canonical := false
	for _, p := range f.Patterns {
		if m, err := compileMoment(p); err == nil {
			b.WriteString(" when " + d.FullMatch(x, m.regex) + " then " + m.value(x, t, d))
		}
	}
	for _, e := range f.Numbers {
		canonical = canonical || e.canonical(t)
		b.WriteString(" when " + d.FullMatch(x, e.reads(t, f.Round)) + " then " + e.value(x, t, f.Round, d))
	}
	b.WriteString(" end)")
	if canonical {
		return d.Fast(raw, t, b.String())
	}
	return b.String()
}

// Cell is how one column of an object is read: a first step makes Typed over the
// raw columns, a second speaks of its result.
type Cell struct {
	Column  Column
	From    From
	Typed   string // over raw columns: the value, null where empty or unreadable; "" for _object and _record
	Empty   string // boolean over raw columns, never null: there is no text; "true" for an absent column
	Rounded string // boolean over raw columns, never null: digits were dropped; "" unless `round`
}

// Filled is the value after DEFAULT, where typed names the column that holds Typed.
func (c Cell) Filled(typed string) string {
	if c.Column.Default == "" || c.Empty == "false" {
		return typed
	}
	return "coalesce(" + typed + ", case when " + c.Empty + " then cast((" + c.Column.Default + ") as " + c.Column.Type.String() + ") end)"
}

// Unreadable is true where there is text that is no value: the reason <column>_type.
// It is a CASE because an AND looks at the text of every record.
func (c Cell) Unreadable(typed string) string {
	return "(case when " + typed + " is null then not " + c.Empty + " else false end)"
}

// Cells are the columns of an object's records, in the contract's order. fills are
// the texts that the object's key and its first record hold, by column.
func (c *Contract) Cells(s Section, m Mapping, fills map[string]string, d Dialect) []Cell {
	cells := make([]Cell, len(c.Columns))
	for i, col := range c.Columns {
		cells[i] = c.cell(s, m, fills, col, d)
		cells[i].Column, cells[i].From = col, m.From[col.Name]
	}
	return cells
}

func (c *Contract) cell(s Section, m Mapping, fills map[string]string, col Column, d Dialect) Cell {
	switch m.From[col.Name] {
	case FromRaw:
		raw := sqltext.QuoteName(m.rawName(col.Name))
		return Cell{Typed: c.Value(s, col, raw, d), Empty: c.Empty(s, col, raw, d), Rounded: c.Rounded(s, col, raw, d)}
	case FromRead:
		return c.readCell(s, col, d)
	case FromConstant:
		return Cell{Typed: reading(col.Type, Format{}, nil, sqltext.QuoteString(s.Constants[col.Name]), d), Empty: "false"}
	case FromKey:
		text := sqltext.QuoteString(fills[col.Name])
		return Cell{Typed: reading(col.Type, s.Pattern.formats[col.Name], nil, text, d), Empty: empty(nil, text, d)}
	case FromFrame:
		text := sqltext.QuoteString(fills[col.Name])
		return Cell{Typed: c.Value(s, col, text, d), Empty: c.Empty(s, col, text, d), Rounded: c.Rounded(s, col, text, d)}
	case FromAbsent:
		return Cell{Typed: "cast(null as " + col.Type.String() + ")", Empty: "true"}
	}
	return Cell{}
}

// readCell: a read that gives text is read on like a field. It is empty where a
// column that it uses is: then null is its answer, else null is a fault.
func (c *Contract) readCell(s Section, col Column, d Dialect) Cell {
	r := s.Reads[col.Name]
	var blanks []string
	for _, name := range r.Uses {
		blanks = append(blanks, empty(nil, sqltext.QuoteName(name), d))
	}
	made := d.Try("(" + r.SQL + "\n)")
	if nulls := s.nullTexts(col.Name); r.Text && len(nulls) > 0 {
		blanks = append(blanks, "coalesce("+d.Trim(made)+" in ("+quoteAll(nulls)+"), false)")
	}
	cell := Cell{Empty: "false"}
	if blanks != nil {
		cell.Empty = "(" + strings.Join(blanks, " or ") + ")"
	}
	if r.Text {
		cell.Typed, cell.Rounded = c.Value(s, col, made, d), c.Rounded(s, col, made, d)
		return cell
	}
	cell.Typed = col.Type.inCalendar(d.Try("cast((" + r.SQL + "\n) as " + col.Type.String() + ")"))
	return cell
}

// Fails is true where a record, by its typed columns, fails the check: where it is
// false or raises. Null passes, as in SQL.
func (k Check) Fails(d Dialect) string {
	return "(" + d.Try("coalesce(("+k.Text+"\n), true)") + " is not true)"
}
