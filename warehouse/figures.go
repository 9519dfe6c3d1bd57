package warehouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Kind is what values of a column are in the lake, as far as comparing them goes.
type Kind string

// The kinds. The sum of booleans is how many are true, that of texts their bytes
// in UTF-8; dates, times and floating-point numbers have none.
const (
	Number    Kind = "number" // exact: whole or decimal
	Double    Kind = "double"
	Single    Kind = "single"
	Boolean   Kind = "boolean"
	Date      Kind = "date"
	Time      Kind = "time"
	Timestamp Kind = "timestamp" // without zone, or at UTC
	Text      Kind = "text"
)

func (k Kind) sums() bool { return k == Number || k == Boolean || k == Text }
func (k Kind) ends() bool { return k != "" && k != Boolean && k != Text }

// Figures are what one side holds in a part.
type Figures struct {
	Rows     int64
	Totals   []Total
	Controls []Control
}

// side is PostgreSQL's half of a comparison: some rows of one relation.
type side struct {
	table     *table
	unit      string
	relation  string // quoted
	condition string // "": all rows
	utf8      bool   // the database's encoding is UTF-8
}

func (s side) fault(err error) error {
	return fmt.Errorf("reconcile %s unit %s: %w", s.table.name, s.unit, err)
}

// from is the clause that names the rows.
func (s side) from() string {
	if s.condition == "" {
		return " from " + s.relation
	}
	return " from " + s.relation + " where " + s.condition
}

// group is what PostgreSQL found in one group of a control.
type group struct {
	ControlRow
	totals []Total
}

// scan reads counts and sums grouped by the control's columns.
func (s side) scan(ctx context.Context, conn *pgx.Conn, totals []Total, c Control) ([]group, error) {
	list, fill := s.targets(totals, c)
	query := "select " + strings.Join(list, ", ") + s.from()
	if len(c.By) > 0 {
		query += " group by " + quoteAll(c.By)
	}
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, s.fault(err)
	}
	groups, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (group, error) {
		values := make([]*string, len(list))
		into := make([]any, len(list))
		for i := range values {
			into[i] = &values[i]
		}
		var g group
		err := row.Scan(into...)
		if err == nil {
			err = fill(values, &g)
		}
		return g, err
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return groups, nil
}

// targets is the select list, and how its values, all of them texts, become a
// group.
func (s side) targets(totals []Total, c Control) (list []string, fill func([]*string, *group) error) {
	var reads []func(value *string, g *group) error
	add := func(expression string, read func(value *string, g *group) error) {
		list, reads = append(list, expression), append(reads, read)
	}
	number := func(expression string, into func(*group) *int64) {
		add(expression+"::text", func(value *string, g *group) error {
			_, err := fmt.Sscan(*value, into(g))
			return err
		})
	}
	for _, name := range c.By {
		add(quote(name)+"::text", func(v *string, g *group) error { g.By = append(g.By, v); return nil })
	}
	number("count(*)", func(g *group) *int64 { return &g.Count })
	for i, t := range totals {
		number("count("+quote(t.Column)+")", func(g *group) *int64 {
			if g.totals == nil {
				g.totals = make([]Total, len(totals))
			}
			g.totals[i].Column, g.totals[i].Kind = t.Column, t.Kind
			return &g.totals[i].NonNull
		})
		if t.Sum != "" || t.Kind.sums() {
			add(s.sum(t), func(v *string, g *group) error { g.totals[i].Sum = orZero(v); return nil })
		}
		if t.Kind.ends() {
			add(s.canonical(t.Kind, t.Column, "min("+quote(t.Column)+")"), func(v *string, g *group) error { g.totals[i].Min = v; return nil })
			add(s.canonical(t.Kind, t.Column, "max("+quote(t.Column)+")"), func(v *string, g *group) error { g.totals[i].Max = v; return nil })
		}
	}
	for _, name := range c.Sum {
		add(s.table.sum(name), func(v *string, g *group) error { g.Sums = append(g.Sums, orEmpty(v)); return nil })
	}
	for i, name := range c.Count {
		number("count("+quote(name)+")", func(g *group) *int64 {
			if g.Counts == nil {
				g.Counts = make([]int64, len(c.Count))
			}
			return &g.Counts[i]
		})
	}
	return list, func(values []*string, g *group) error {
		for i, read := range reads {
			if err := read(values[i], g); err != nil {
				return fmt.Errorf("column %d: %w", i+1, err)
			}
		}
		return nil
	}
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func orZero(text *string) string {
	if text == nil {
		return "0"
	}
	return *text
}

// sum is that of the total's kind.
func (s side) sum(t Total) string {
	switch t.Kind {
	case Boolean:
		return "(count(*) filter (where " + s.boolean(t.Column, quote(t.Column)) + "))::text"
	case Text:
		return "sum(octet_length(" + s.bytes(quote(t.Column)+"::text") + "))::text"
	}
	return s.table.sum(t.Column)
}

// sum is exact: a sum of floats is not, a sum of their decimal values is.
func (t *table) sum(column string) string {
	name := quote(column)
	switch t.family(column) {
	case "smallint", "integer", "bigint", "numeric":
		return "sum(" + name + ")::text"
	}
	return "sum(" + name + "::text::numeric)::text"
}

// family is a column's type without its length or scale.
func (t *table) family(column string) string {
	for _, c := range t.columns {
		if c.Name == column {
			// timestamp(3) without time zone has its scale in the middle.
			before, rest, _ := strings.Cut(c.Type, "(")
			_, after, _ := strings.Cut(rest, ")")
			return before + after
		}
	}
	return ""
}

// bytes is a text as the lake has it, UTF-8 whatever the database's encoding.
func (s side) bytes(text string) string {
	if s.utf8 {
		return text
	}
	return "convert_to(" + text + ", 'UTF8')"
}

func (s side) boolean(column, value string) string {
	if s.table.family(column) == "boolean" {
		return value
	}
	return value + "::text::boolean"
}

// canonical writes a value of the column as the one text that says the same in
// every database: numbers without the zeros that their scale adds, timestamps at
// UTC with the digits that they need, booleans as t and f. Null stays null. A
// column of a type that can hold more than the kind shows it if it does.
func (s side) canonical(kind Kind, column, value string) string {
	family := s.table.family(column)
	text := value + "::text"
	switch kind {
	case Number:
		switch family {
		case "smallint", "integer", "bigint":
			return text
		case "numeric":
			return "trim_scale(" + value + ")::text"
		}
	case Boolean:
		one := s.boolean(column, value)
		return "case when " + one + " then 't' when not " + one + " then 'f' end"
	case Date:
		if strings.HasPrefix(family, "timestamp") {
			return "case when " + value + " = date_trunc('day', " + value + ") then " + value + "::date::text else " + text + " end"
		}
	case Timestamp:
		switch family {
		case "timestamp with time zone":
			return "(" + value + " at time zone 'UTC')::text"
		case "date":
			return value + "::timestamp::text"
		}
	}
	return text
}
