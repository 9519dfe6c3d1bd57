package warehouse_test

import (
	"strings"
	"testing"

	"ledgermill/warehouse"
)

// A row less is told once, and not again for every column; a column that lacks
// another number of values is told.
func TestReconciledTextTellsAMissingRowOnce(t *testing.T) {
	t.Parallel()
	unit := warehouse.ReconciledUnit{Table: "loans", Unit: "2025-03-03", State: warehouse.Differs, Differences: []warehouse.Difference{
		{What: "rows", Lake: "3", Warehouse: "2", By: "-1"},
		{Column: "id", What: "non-null values", Lake: "3", Warehouse: "2", By: "-1"},
		{Column: "note", What: "non-null values", Lake: "3", Warehouse: "1", By: "-2"},
		{Column: "fee", What: "sum", Lake: "3.00", Warehouse: "2.00", By: "-1.00"},
	}}
	var out strings.Builder
	if err := (warehouse.Reconciled{Units: []warehouse.ReconciledUnit{unit}}).Text(&out); err != nil {
		t.Fatal(err)
	}
	var told []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "loans 2025") {
			told = append(told, strings.TrimSpace(line))
		}
	}
	diff(t, "lines", []string{
		"loans 2025-03-03: rows: 3 in the lake, 2 in PostgreSQL, difference -1",
		"loans 2025-03-03 column note: non-null values: 3 in the lake, 1 in PostgreSQL, difference -2",
		"loans 2025-03-03 column fee: sum: 3.00 in the lake, 2.00 in PostgreSQL, difference -1.00",
	}, told)
}
