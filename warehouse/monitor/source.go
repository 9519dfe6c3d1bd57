package monitor

import "context"

// Source gives the rows of a panel that no statement can give. An error says why
// there are none, and is shown in their place.
type Source interface {
	Rows(ctx context.Context) (Table, error)
}

// SourceFunc is a function that is a [Source].
type SourceFunc func(ctx context.Context) (Table, error)

// Rows implements Source.
func (f SourceFunc) Rows(ctx context.Context) (Table, error) { return f(ctx) }

// NewTable makes a table of columns; the names of those that are numbers begin with #.
func NewTable(columns ...string) Table {
	t := Table{}
	for _, name := range columns {
		if name[0] == '#' {
			t.Columns = append(t.Columns, Column{Name: name[1:], Numeric: true})
			continue
		}
		t.Columns = append(t.Columns, Column{Name: name})
	}
	return t
}

// Add adds a row, of as many values as there are columns.
func (t *Table) Add(values ...Value) { t.Rows = append(t.Rows, values) }
