package queries

import (
	"context"
	"slices"

	"ledgermill/engine/sqltext"
	"ledgermill/warehouse"
)

func (o Options) onWarehouse(ctx context.Context, st *statement) (*Result, error) {
	if o.Warehouse == nil {
		return nil, errNoWarehouse
	}
	if !reads(st.tokens[0]) {
		return nil, &ReadOnlyError{Statements: 1}
	}
	rows, err := o.Warehouse.Query(ctx, st.text)
	if err != nil {
		return nil, err
	}
	w := &warehouseRows{Rows: rows}
	columns := make([]Column, len(rows.Columns()))
	for i, c := range rows.Columns() {
		columns[i] = Column{Name: c.Name, Type: c.Type, Kind: postgresKind(c.Type)}
		if columns[i].Kind == Boolean {
			w.booleans = append(w.booleans, i)
		}
	}
	return &Result{Columns: columns, rows: w}, nil
}

// reads tells by its first word a statement that may run. The transaction that only
// reads does not stop a COPY into a file of the server, nor a DO that does it.
func reads(first sqltext.Token) bool {
	return slices.ContainsFunc([]string{"select", "with", "values", "table", "explain", "show", "("}, first.Is)
}

// warehouseRows write a boolean as true or false.
type warehouseRows struct {
	*warehouse.Rows
	booleans []int
}

func (w *warehouseRows) Values() []*string {
	values := w.Rows.Values()
	for _, i := range w.booleans {
		if v := values[i]; v != nil {
			text := "false"
			if *v == "t" {
				text = "true"
			}
			values[i] = &text
		}
	}
	return values
}
