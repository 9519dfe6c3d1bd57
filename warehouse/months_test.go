package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"ledgermill/warehouse"
)

// day is a part of one payment; its id is its date unless others are given.
func day(at time.Time, ids ...string) warehouse.Part {
	if len(ids) == 0 {
		ids = []string{at.Format("0102")}
	}
	var rows []payment
	for _, id := range ids {
		rows = append(rows, payment{id, "1.00", text("EUR"), nil, nil})
	}
	unit := at.Format(time.DateOnly)
	return payments(unit, unit, at.AddDate(0, 0, 1).Format(time.DateOnly), rows...)
}

func dayTotals(at time.Time, n string) warehouse.Part {
	unit := at.Format(time.DateOnly)
	return totals(unit, unit, at.AddDate(0, 0, 1).Format(time.DateOnly), record("EUR", unit, n+".00", n))
}

func days(from string, n int) (parts []warehouse.Part) {
	for i := range n {
		parts = append(parts, day(date(from).AddDate(0, 0, i)))
	}
	return parts
}

// leaves of table payments with the number of units that loads says they hold.
func (f *fixture) leaves() []string {
	f.t.Helper()
	return f.all(`select relid || ' ' || (select count(*) from ledgermill.loads l where l.leaf = relid::text)
		from pg_partition_tree('payments') where isleaf and level > 0 order by relid::text`)
}

// truth fails unless ledgermill.loads and the table agree, day by day.
func (f *fixture) truth(table string) {
	f.t.Helper()
	diff(f.t, "loads against "+table, []string{}, f.all(`
		select coalesce(l.from_date::text, t.d::text), l.rows, t.n from (select booked_on as d, count(*) as n from `+table+` group by 1) t
		full join (select * from ledgermill.loads where table_name = $1) l on l.from_date = t.d where l.rows is distinct from t.n`, table))
}

// Three years of days in one load, a day more each night, and one query over
// all of it, on a server with the default max_locks_per_transaction.
func TestThreeYearsOfDays(t *testing.T) {
	t.Parallel()
	f := open(t)
	diff(t, "locks", "64", f.one("show max_locks_per_transaction"))
	var parts []warehouse.Part
	from := date("2022-01-01")
	for i := range 3 * 365 {
		parts = append(parts, day(from.AddDate(0, 0, i)), dayTotals(from.AddDate(0, 0, i), "1"))
	}
	report := f.load(parts...)
	// The last days are those of November and December 2024.
	diff(t, "report", []int64{3 * 365, 2 * (34 + 60), 2 * 3 * 365}, []int64{int64(report.Units), int64(report.Leaves), report.Rows})
	diff(t, "leaves", "60 of a day, 34 of a month", f.one(`select count(*) filter (where n = 1) || ' of a day, ' || count(*) filter (where n > 1) || ' of a month'
		from (select leaf, count(*) as n from ledgermill.loads where table_name = 'payments' group by 1) x`))
	diff(t, "all rows", "1095|1095.00", f.one("select count(*), sum(amount) from payments join payment_totals using (booked_on)"))
	diff(t, "missing", []string{}, f.missing(parts...))
	for i := range 4 {
		at := from.AddDate(0, 0, 3*365+i)
		f.load(day(at), dayTotals(at, "1"))
		f.truth("payments")
	}
	diff(t, "leaves at last", "34 of a day, 35 of a month", f.one(`select count(*) filter (where n = 1) || ' of a day, ' || count(*) filter (where n > 27) || ' of a month'
		from (select leaf, count(*) as n from ledgermill.loads where table_name = 'payments' group by 1) x`))
	f.truth("payment_totals")
	f.noStaged()
}

func TestDaysBeyondTheOpenOnesAreCompacted(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(days("2025-01-01", 62)...)
	diff(t, "leaves", "62", f.one("select count(*) from pg_partition_tree('payments') where isleaf"))
	f.exec("create view mine as select count(*) as n from payments where booked_on < '2025-02-01'")
	report := f.load(day(date("2025-03-04")))
	if len(report.Rebuilt) != 1 || report.Rebuilt[0].Leaves != 31 || report.Rebuilt[0].Rows != 31 {
		t.Errorf("rebuilt %+v", report.Rebuilt)
	}
	diff(t, "leaves after", "33", f.one("select count(*) from pg_partition_tree('payments') where isleaf"))
	diff(t, "the month", "31", f.one("select count(*) from ledgermill.loads where leaf = 'payments_p202501_days'"))
	diff(t, "a user's view", "31", f.one("select n from mine"))
	diff(t, "frozen, analysed", "t|31", f.one("select relallvisible = relpages, reltuples from pg_class where relname = 'payments_p202501_days'"))
	diff(t, "indexes adopted", "4", f.one("select count(*) from pg_index i join pg_inherits h on h.inhrelid = i.indexrelid where indrelid = 'payments_p202501_days'::regclass"))
	diff(t, "missing", []string{}, f.missing(days("2025-01-01", 63)...))
	f.truth("payments")
	f.noStaged()
}

func TestLateDayOfCompactedMonth(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(append(days("2025-01-01", 31), dayTotals(date("2025-01-07"), "1"))...)
	if _, err := f.Compact(t.Context(), date("2025-01-01")); err != nil {
		t.Fatal(err)
	}
	kept := f.one("select 'payments_p202501_days'::regclass::oid")
	diff(t, "leaves", []string{"payments_p202501_days 31"}, f.leaves())
	late := day(date("2025-01-07"), "a", "b")
	diff(t, "missing", []string{"payments 2025-01-07"}, f.missing(append(days("2025-01-01", 6), late)...))
	if _, err := f.Load(t.Context(), warehouse.Request{Run: "late", Parts: []warehouse.Part{late, dayTotals(date("2025-01-07"), "2")}}); err != nil {
		t.Fatal(err)
	}
	diff(t, "leaf", kept, f.one("select 'payments_p202501_days'::regclass::oid"))
	diff(t, "the day", []string{"a|late", "b|late"}, f.all("select id, etl_job_id from payments where booked_on = '2025-01-07' order by 1"))
	diff(t, "the day's total", "2.00", f.one("select total from payment_totals"))
	diff(t, "the others", "30", f.one("select count(*) from payments where etl_job_id = 'run1'"))
	diff(t, "loads", "2|late|payments_p202501_days", f.one("select rows, run_id, leaf from ledgermill.loads where unit = '2025-01-07' and table_name = 'payments'"))
	f.truth("payments")
	f.noStaged()

	// Most of the month: one new leaf instead.
	f.load(days("2025-01-05", 20)...)
	if f.one("select 'payments_p202501_days'::regclass::oid") == kept {
		t.Error("twenty days were replaced one by one")
	}
	diff(t, "leaves at last", []string{"payments_p202501_days 31"}, f.leaves())
	f.truth("payments")
}

// A unit's tables show at once, also where one replaces rows and another swaps.
func TestLateDayShowsAllTablesOrNone(t *testing.T) {
	t.Parallel()
	f := open(t, func(o *warehouse.Options) { o.SwapDeadline = 300 * time.Millisecond })
	f.load(append(days("2025-01-01", 31), dayTotals(date("2025-01-07"), "1"))...)
	if _, err := f.Compact(t.Context(), date("2025-01-01")); err != nil {
		t.Fatal(err)
	}
	f.load(append(days("2025-02-01", 1), dayTotals(date("2025-01-08"), "1"))...)
	f.exec("begin")
	f.exec("select count(*) from payment_totals")
	late := []warehouse.Part{day(date("2025-01-08"), "a", "b"), dayTotals(date("2025-01-08"), "2")}
	_, err := f.Load(t.Context(), warehouse.Request{Run: "late", Parts: late})
	if !errors.Is(err, warehouse.ErrSwapDeadline) {
		t.Fatalf("error %v, want a passed deadline", err)
	}
	f.exec("commit")
	diff(t, "rows", "0108|1.00", f.one("select id, total from payments join payment_totals using (booked_on) where booked_on = '2025-01-08'"))
	f.noStaged()
	f.load(late...)
	diff(t, "rows after", []string{"a|2.00", "b|2.00"}, f.all("select id, total from payments join payment_totals using (booked_on) where booked_on = '2025-01-08' order by 1"))
}

// In a month that goes into one leaf, a day that cannot be loaded keeps itself
// out, in every table, and no other.
func TestBadDayOfAMonthLeaf(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*warehouse.Part){
		"refused value": func(p *warehouse.Part) {
			p.CSV = func(context.Context, []string) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader("x,2024-03-05,none,,,,2024,3,5\n")), nil
			}
		},
		"row of another day": func(p *warehouse.Part) { p.CSV = day(date("2024-03-25")).CSV },
		"row less":           func(p *warehouse.Part) { p.Rows++ },
		"a cent off":         func(p *warehouse.Part) { p.Controls[0].Rows[0].Sums[0] = "1.01" },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.load(days("2025-03-01", 62)...)
			var parts []warehouse.Part
			for i := range 20 {
				at := date("2024-03-01").AddDate(0, 0, i)
				one := day(at)
				if i == 4 {
					spoil(&one)
				}
				parts = append(parts, one, dayTotals(at, "1"))
			}
			report, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: parts})
			var copying *warehouse.CopyError
			if !errors.Is(err, warehouse.ErrReconcile) && !errors.As(err, &copying) {
				t.Fatalf("error %v", err)
			}
			diff(t, "units", 19, report.Units)
			diff(t, "days", "19|19", f.one("select count(distinct p.booked_on), count(*) from payments p where booked_on < '2025-01-01'"))
			diff(t, "bad day", "0", f.one("select count(*) from payment_totals where booked_on = '2024-03-05'"))
			diff(t, "missing", []string{"payments 2024-03-05", "payment_totals 2024-03-05"}, f.missing(parts...))
			f.truth("payments")
			f.noStaged()

			parts[8] = day(date("2024-03-05"))
			f.load(parts[8], parts[9])
			diff(t, "missing at last", []string{}, f.missing(parts...))
			diff(t, "leaf", "payments_p202403_days 20", f.leaves()[0])
			f.truth("payments")
		})
	}
}

func TestCompactNeverLosesRows(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"a row gone":     "delete from payments where booked_on = '2025-01-02'",
		"a row more":     "insert into payments (id, booked_on, amount) values ('mine', '2025-01-02', 1)",
		"a sum off":      "update payments set amount = 2 where booked_on = '2025-01-02'",
		"a day unknown":  "delete from ledgermill.loads where unit = '2025-01-02'",
		"a leaf unknown": "create table extra partition of payments_p202501 for values from ('2025-01-20') to ('2025-02-01'); insert into extra (id, booked_on, amount) values ('mine', '2025-01-20', 1)",
	}
	for name, harm := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.load(days("2025-01-01", 5)...)
			f.exec(harm)
			before := f.leaves()
			_, err := f.Compact(t.Context(), date("2025-01-01"))
			if !errors.Is(err, warehouse.ErrReconcile) {
				t.Fatalf("error %v, want a ReconcileError", err)
			}
			diff(t, "leaves", before, f.leaves())
			f.noStaged()
		})
	}
}

func TestUsersOwnObjectsOnLeaves(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(days("2025-01-01", 3)...)
	f.exec("create index my_notes on payments_p20250102 (note) where fee > 3")
	f.exec("create unique index my_ids on payments_p20250102 (lower(id))")
	f.exec("create index my_month on payments_p202501 (fee)")
	f.exec("create index my_table on payments (amount)")
	f.load(day(date("2025-01-02"), "x", "y"))
	diff(t, "own indexes", []string{
		"my_ids|CREATE UNIQUE INDEX my_ids ON public.payments_p20250102 USING btree (lower(id))",
		"my_notes|CREATE INDEX my_notes ON public.payments_p20250102 USING btree (note) WHERE (fee > 3)",
	}, f.all("select indexname, indexdef from pg_indexes where tablename = 'payments_p20250102' and indexname like 'my%' order by 1"))
	diff(t, "of month and table", "2", f.one(`select count(*) from pg_inherits where inhparent in ('my_month'::regclass, 'my_table'::regclass)
		and inhrelid in (select indexrelid from pg_index where indrelid = 'payments_p20250102'::regclass)
		or inhparent in (select inhrelid from pg_inherits where inhparent = 'my_table'::regclass) and inhrelid in (select indexrelid from pg_index where indrelid = 'payments_p20250102'::regclass)`))
	if _, err := f.Compact(t.Context(), date("2025-01-01")); err != nil {
		t.Fatal(err)
	}
	diff(t, "own indexes of the month", []string{"my_ids", "my_notes"},
		f.all("select indexname from pg_indexes where tablename = 'payments_p202501_days' and indexname like 'my%' order by 1"))

	f.exec("create function nothing() returns trigger language plpgsql as 'begin return null; end'")
	f.exec("create trigger mine after insert on payments_p202501_days for each row execute function nothing()")
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: days("2025-01-01", 3)})
	if layout := asLayout(t, err); !strings.Contains(layout.Reason, "trigger mine") {
		t.Errorf("reason %q does not name the trigger", layout.Reason)
	}
	f.exec("create table payments_p20250301 (a int)")
	report, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: days("2025-03-01", 2)})
	if layout := asLayout(t, err); !strings.Contains(layout.Reason, "payments_p20250301") || report.Units != 1 {
		t.Errorf("reason %q, units %d", layout.Reason, report.Units)
	}
	f.noStaged()
}

func TestLeavesOfAnotherShape(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ statement, reason string }{
		"default":      {"create table odd partition of payments default", "DEFAULT"},
		"quarter":      {"create table odd partition of payments for values from ('2025-01-01') to ('2025-04-01')", "odd"},
		"by hash":      {"create table odd partition of payments for values from ('2025-01-01') to ('2025-02-01') partition by hash (id)", "not by ranges"},
		"other key":    {"create table odd partition of payments for values from ('2025-01-01') to ('2025-02-01') partition by range (id)", "not by ranges"},
		"half a month": {"create table odd partition of payments for values from ('2025-01-01') to ('2025-02-01') partition by range (booked_on); create table odder partition of odd for values from ('2025-01-01') to ('2025-01-15')", "odder"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.exec(c.statement)
			_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: days("2025-01-07", 1)})
			if layout := asLayout(t, err); !strings.Contains(layout.Reason, c.reason) || layout.Try() == "" {
				t.Errorf("reason %q, try %q", layout.Reason, layout.Try())
			}
		})
	}
}

func TestPartitionsAndRetain(t *testing.T) {
	t.Parallel()
	f := open(t)
	var parts []warehouse.Part
	for i := range 120 {
		parts = append(parts, day(date("2025-01-01").AddDate(0, 0, i)))
	}
	parts = append(parts, dayTotals(date("2025-01-05"), "1"), people(record("1", "Ann", "Ulm", "~")))
	f.load(parts...)
	states, err := f.Partitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range states {
		lines = append(lines, fmt.Sprintf("%s %d rows %d units %s", s.Table, s.Rows, s.Units, s.Latest))
		for _, m := range s.Months {
			lines = append(lines, fmt.Sprintf("  %s %s %d", m.Name, m.From, len(m.Leaves)))
			if m.Leaves[0].Bytes == 0 || m.Leaves[0].Run != "run1" || m.Leaves[0].Loaded == nil {
				t.Errorf("leaf %+v", m.Leaves[0])
			}
		}
	}
	diff(t, "partitions", []string{"payment_totals 1 rows 1 units 2025-01-05", "  payment_totals_p202501 2025-01-01 1", "payments 120 rows 120 units 2025-04-30",
		"  payments_p202501 2025-01-01 1", "  payments_p202502 2025-02-01 1", "  payments_p202503 2025-03-01 31", "  payments_p202504 2025-04-01 30",
		"people 1 rows 1 units "}, lines)

	dry, err := f.Retain(t.Context(), warehouse.Retention{Months: 2})
	if err != nil || dry.Done || dry.Floor != "2025-03-01" || len(dry.Months) != 3 {
		t.Fatalf("dry: %+v, %v", dry, err)
	}
	diff(t, "missing after nothing", []string{}, f.missing(parts...))
	f.exec("create view mine as select * from payments_p202501_days")
	_, err = f.Retain(t.Context(), warehouse.Retention{Months: 2, Drop: true, Sure: true})
	if layout := asLayout(t, err); !strings.Contains(layout.Reason, "mine") {
		t.Errorf("reason %q does not name the view", layout.Reason)
	}
	f.exec("drop view mine")
	done, err := f.Retain(t.Context(), warehouse.Retention{Months: 2, Sure: true})
	if err != nil || !done.Done {
		t.Fatalf("%+v, %v", done, err)
	}
	diff(t, "rows", "61|2025-03-01", f.one("select count(*), min(booked_on) from payments"))
	diff(t, "detached", "31", f.one("select count(*) from ledgermill_detached.payments_p202501"))
	diff(t, "nothing missing", []string{}, f.missing(parts...))
	report := f.load(parts...)
	diff(t, "nothing below the floor is loaded", "61", f.one("select count(*) from payments"))
	diff(t, "units", 62, report.Units)
	f.truth("payments")

	if _, err := f.Retain(t.Context(), warehouse.Retention{Months: 1, Drop: true, Sure: true}); err != nil {
		t.Fatal(err)
	}
	diff(t, "rows after a drop", "30", f.one("select count(*) from payments"))
	diff(t, "floor", "2025-04-01", f.one("select floor from ledgermill.floors where table_name = 'payments'"))
	if _, err := f.Retain(t.Context(), warehouse.Retention{Months: 3, Sure: true}); err != nil {
		t.Fatal(err)
	}
	diff(t, "a floor never falls", "2025-04-01", f.one("select floor from ledgermill.floors where table_name = 'payments'"))
}

func TestMaintain(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.exec("insert into ledgermill.leaf_options values ('payments', 'cluster', 'payments_currency', 'test'), ('payments', 'fillfactor', '70', 'test'), ('payments', 'parallel_workers', '3', 'test')")
	rows := []payment{{"a", "1.00", text("USD"), nil, nil}, {"b", "3.00", text("EUR"), nil, nil}, {"c", "4.00", text("EUR"), nil, nil}}
	f.load(payments(day1, day1, day2, rows...), day(date("2025-02-01")))
	diff(t, "options", "{fillfactor=70,parallel_workers=3}", f.one("select reloptions from pg_class where relname = 'payments_p20250131'"))
	report, err := f.Maintain(t.Context(), warehouse.Maintenance{Month: date("2025-01-01"), Cluster: true})
	if err != nil || len(report.Rebuilt) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	diff(t, "order on disk", []string{"b", "c", "a"}, f.all("select id from payments_p20250131 order by ctid"))
	f.truth("payments")
	if report, err = f.Maintain(t.Context(), warehouse.Maintenance{Vacuum: true}); err != nil {
		t.Fatal(err)
	}
	diff(t, "vacuumed", []string{"payments_p20250131", "payments_p20250201"}, report.Vacuumed)
	tables, err := f.Analyze(t.Context())
	diff(t, "analysed", []string{"payments"}, tables)
	if err != nil {
		t.Fatal(err)
	}
	f.noStaged()
}
