package warehouse_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"ledgermill/warehouse"
)

// strays asks for what is beyond the parts, without comparing these.
func (f *fixture) strays(r warehouse.ReconcileRequest) []string {
	f.t.Helper()
	report, err := f.Reconcile(f.t.Context(), r)
	if err != nil {
		f.t.Fatal(err)
	}
	list := []string{}
	for _, u := range report.Units {
		list = append(list, fmt.Sprintf("%s %s: %s, %d rows", u.Table, u.Unit, u.State, u.WarehouseRows))
	}
	if report.Agree() != (len(list) == 0) {
		f.t.Errorf("agree is %t with %v", report.Agree(), list)
	}
	return list
}

// Rows that somebody wrote on a date without a unit, in a month that is one leaf and in
// a partition of their own, are found in all tables, and nothing else is.
func TestReconcileFindsRowsThatNoLoadBrought(t *testing.T) {
	t.Parallel()
	f := open(t)
	weekdays := slices.DeleteFunc(days("2025-01-01", 31), func(p warehouse.Part) bool { return p.From.Weekday() == time.Sunday })
	parts := append(weekdays, day(date("2025-03-03")), dayTotals(date("2025-03-03"), "1"), people(record("a", "Ann", "Rome", "1.00")))
	f.load(parts...)
	if _, err := f.Compact(t.Context(), date("2025-01-01")); err != nil {
		t.Fatal(err)
	}
	diff(t, "as it was loaded", []string{}, f.strays(warehouse.ReconcileRequest{Published: parts}))

	f.exec(`insert into payments (id, booked_on, amount) values ('x', '2025-01-05', 1), ('y', '2025-01-05', 1), ('z', '2025-01-12', 1), ('w', '2025-01-13', 1)`)
	f.exec(`create table by_hand partition of payments for values from ('2024-01-01') to ('2025-01-01')`)
	f.exec(`insert into payments (id, booked_on, amount) values ('v', '2024-12-31', 1)`)
	f.exec(`create table totals_by_hand partition of payment_totals for values from ('2025-04-01') to ('2025-05-01')`)
	f.exec(`insert into payment_totals (currency, booked_on) values ('EUR', '2025-04-01')`)
	found := []string{
		"payment_totals 2025-04-01: brought by no load, 1 rows",
		"payments 2024-12-31: brought by no load, 1 rows",
		"payments 2025-01-05: brought by no load, 2 rows",
		"payments 2025-01-12: brought by no load, 1 rows",
	}
	diff(t, "all", found, f.strays(warehouse.ReconcileRequest{Published: parts}))
	diff(t, "one table", found[:1], f.strays(warehouse.ReconcileRequest{Published: parts, Within: warehouse.Scope{Tables: []string{"payment_totals", "people"}}}))
	diff(t, "some dates", found[2:3], f.strays(warehouse.ReconcileRequest{Published: parts, Within: warehouse.Scope{From: date("2025-01-01"), To: date("2025-01-12")}}))

	// A unit whose leaf somebody replaced is not loaded: its rows are no load's either.
	f.exec(`delete from payment_totals where booked_on = '2025-04-01'`)
	f.exec(`alter table payment_totals_p202503 detach partition payment_totals_p20250303`)
	f.exec(`create table replaced partition of payment_totals_p202503 for values from ('2025-03-03') to ('2025-03-04')`)
	f.exec(`insert into payment_totals (currency, booked_on) values ('EUR', '2025-03-03')`)
	diff(t, "a leaf of somebody's", []string{"payment_totals 2025-03-03: brought by no load, 1 rows"},
		f.strays(warehouse.ReconcileRequest{Published: parts, Within: warehouse.Scope{Tables: []string{"payment_totals"}}}))
}

// A load that shows and removes units meanwhile leaves no rows that look like nobody's.
func TestReconcileTakesNoLoadUnderWayForStrays(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(days("2025-01-01", 3)...)
	var loads errgroup.Group
	done := make(chan struct{})
	loads.Go(func() error {
		defer close(done)
		for i := range 12 {
			month := date("2025-02-01").AddDate(0, i, 0)
			one := days(month.Format(time.DateOnly), 3)
			if _, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: one, Published: one}); err != nil {
				return err
			}
		}
		return nil
	})
	for {
		report, err := f.Reconcile(t.Context(), warehouse.ReconcileRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range report.Units {
			if u.State == warehouse.ByNoLoad {
				t.Errorf("%s %s: %d rows that no load brought", u.Table, u.Unit, u.WarehouseRows)
			}
		}
		select {
		case <-done:
			if err := loads.Wait(); err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}
