package warehouse_test

import (
	"testing"

	"ledgermill/warehouse"
)

// What the lake does not have is removed within the dates and tables that are asked
// about; a dataset without dates is within any.
func TestRemovesWithinScope(t *testing.T) {
	t.Parallel()
	f := open(t)
	jan3 := day(date("2025-01-03"))
	f.load(append(days("2025-01-01", 2), jan3, dayTotals(date("2025-01-01"), "1"), people(record("a", "Ann", "Rome", "1.00")))...)
	for _, c := range []struct {
		within warehouse.Scope
		left   []string
	}{
		{warehouse.Scope{From: date("2025-01-04"), Tables: []string{"payments"}}, []string{"payment_totals 2025-01-01", "payments 2025-01-01", "payments 2025-01-02", "payments 2025-01-03", "people whole"}},
		{warehouse.Scope{From: date("2025-01-01"), To: date("2025-01-02"), Tables: []string{"payments"}}, []string{"payment_totals 2025-01-01", "payments 2025-01-02", "payments 2025-01-03", "people whole"}},
		{warehouse.Scope{From: date("2025-01-02"), To: date("2025-01-04")}, []string{"payment_totals 2025-01-01", "payments 2025-01-03"}},
		{warehouse.Scope{}, []string{"payments 2025-01-03"}},
	} {
		before := len(f.all("select from ledgermill.loads"))
		report, err := f.Load(t.Context(), warehouse.Request{Run: "r", Published: []warehouse.Part{jan3}, Within: c.within})
		if err != nil {
			t.Fatal(err)
		}
		diff(t, "left", c.left, f.all("select table_name || ' ' || unit from ledgermill.loads order by 1"))
		diff(t, "removed", before-len(c.left), report.Removed)
	}
}
