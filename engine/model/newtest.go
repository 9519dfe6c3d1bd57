package model

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/sqltext"
)

// GivenRows are rows of an input as a unit test gives them: values are literals of SQL.
type GivenRows struct {
	Name    string
	Columns []Column
	Rows    [][]string
}

// Literal is an expression that writes the value of a column as a literal of SQL.
func Literal(c Column) string {
	name := sqltext.QuoteName(c.Name)
	text := "cast(" + name + " as varchar)"
	quoted := "'''' || replace(" + text + ", '''', '''''') || ''''"
	base, _, _ := strings.Cut(c.Type, "(")
	switch strings.ToUpper(base) {
	case "VARCHAR":
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "BOOLEAN":
		quoted = text
	case "DATE", "TIMESTAMP":
		quoted = "'" + strings.ToLower(base) + " ' || " + quoted
	default:
		quoted = "'cast(' || " + quoted + " || ' as " + strings.ReplaceAll(c.Type, "'", "''") + ")'"
	}
	return "coalesce(" + quoted + ", 'null')"
}

// Pseudonyms replace private values: equal values by equal ones, in the order in which
// they come, so that what is written tells nothing of them.
type Pseudonyms struct{ numbers map[string]int }

// NewPseudonyms starts with none.
func NewPseudonyms() *Pseudonyms { return &Pseudonyms{numbers: map[string]int{}} }

// masked is what Mask's expression makes of a value.
var masked = regexp.MustCompile(`^\?[0-9a-f]{32}\?$`)

// Mask is an expression that writes a value so that Replace knows it again, and nobody
// else does: the salt is chosen by chance and kept nowhere. A truth value stays.
func (p *Pseudonyms) Mask(c Column, salt string) string {
	if c.Type == "BOOLEAN" {
		return Literal(c)
	}
	return fmt.Sprintf("coalesce('?' || md5('%s' || cast(%s as varchar)) || '?', 'null')", salt, sqltext.QuoteName(c.Name))
}

// Replace puts literals of the columns' types in the place of masked values.
func (p *Pseudonyms) Replace(columns []Column, row []string) []string {
	row = slices.Clone(row)
	for i, v := range row {
		if !masked.MatchString(v) {
			continue
		}
		n, known := p.numbers[v]
		if !known {
			n = len(p.numbers) + 1
			p.numbers[v] = n
		}
		base, _, _ := strings.Cut(columns[i].Type, "(")
		switch strings.ToUpper(base) {
		case "VARCHAR":
			row[i] = fmt.Sprintf("'private_%d'", n)
		case "DATE", "TIMESTAMP":
			row[i] = strings.ToLower(base) + time.Date(2000, 1, n, 0, 0, 0, 0, time.UTC).Format(" '2006-01-02'")
		default:
			row[i] = fmt.Sprintf("cast(%d as %s)", n, columns[i].Type)
		}
	}
	return row
}

// NewUnitTest makes a unit test of the rows given to a model, which expects what the
// model makes of them now. On is the date; "" for a whole model.
func (p *Project) NewUnitTest(ctx context.Context, r Runner, m *Model, on string, given []GivenRows) (text string, rows int, err error) {
	t := &UnitTest{Name: m.Name, File: m.File, Model: m.Name, On: on}
	var b strings.Builder
	fmt.Fprintf(&b, "-- about: rows of %s as they were when this test was written, private values replaced; what is expected is what the model made of them\n", orAll(on))
	fmt.Fprintf(&b, "-- test of: %s", m.Name)
	if on != "" {
		b.WriteString(", on " + on)
	}
	b.WriteString("\n")
	for _, g := range given {
		query := g.sql("given")
		fmt.Fprintf(&b, "\ncreate or replace table %s as\n%s;\n", sqltext.QuoteName(g.Name), query)
		t.Given = append(t.Given, Given{Name: g.Name, SQL: query, Columns: names(g.Columns)})
	}
	expected := GivenRows{Columns: m.Columns}
	var list []string
	for _, c := range m.Columns {
		list = append(list, Literal(c))
	}
	if expected.Rows, err = p.MadeOf(ctx, r, t, strings.Join(list, ", ")); err != nil {
		return "", 0, err
	}
	b.WriteString("\n" + expected.sql("expected") + ";\n")
	return b.String(), len(expected.Rows), nil
}

func orAll(on string) string {
	if on == "" {
		return "the whole dataset"
	}
	return on
}

// sql is the SELECT of the rows, one a line.
func (g GivenRows) sql(alias string) string {
	var b strings.Builder
	if len(g.Rows) == 0 {
		for i, c := range g.Columns {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("cast(null as " + c.Type + ") as " + sqltext.QuoteName(c.Name))
		}
		return "select " + b.String() + "\nwhere false"
	}
	b.WriteString("select *\nfrom (values\n")
	for i, row := range g.Rows {
		b.WriteString("  (" + strings.Join(row, ", ") + ")")
		if i < len(g.Rows)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(") as " + alias + " (" + quoted(names(g.Columns)) + ")")
	return b.String()
}

// TestFile is the name of a unit test's file that is free: of the model, which is taken
// itself, and of the date.
func (p *Project) TestFile(m *Model, on string, taken func(file string) bool) string {
	name := m.Name + "_as_a_whole"
	if on != "" {
		name = m.Name + "_on_" + strings.ReplaceAll(on, "-", "_")
	}
	file := testsDir + "/" + name + ".sql"
	for n := 2; taken(file); n++ {
		file = fmt.Sprintf("%s/%s_%d.sql", testsDir, name, n)
	}
	return file
}
