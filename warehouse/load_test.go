package warehouse_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/warehouse"
)

func diff(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestLoadDays(t *testing.T) {
	t.Parallel()
	f := open(t)
	day1 := payments("2025-01-30", "2025-01-30", "2025-01-31",
		payment{"a", "10.00", text("EUR"), nil, nil},
		payment{"b", "0.01", text("USD"), text(""), text("3")},
		payment{"c", "99999999.99", nil, text("comma, \"quote\"\nand line"), text("0")})
	day2 := payments("2025-01-31", "2025-01-31", "2025-02-01", payment{"a", "5.50", text("EUR"), text(`back\slash \. \N`), nil})
	totals1 := totals("2025-01-30", "2025-01-30", "2025-01-31", record("EUR", "2025-01-30", "10.00", "1"))
	parts := []warehouse.Part{day1, day2, totals1}
	diff(t, "missing at first", []string{"payments 2025-01-30", "payments 2025-01-31", "payment_totals 2025-01-30"}, f.missing(parts...))

	var steps []string
	report, err := f.Load(t.Context(), warehouse.Request{Run: "run'1", Parts: parts, Progress: func(e warehouse.Event) {
		if e.Done && e.Table == "payments" && e.Unit == "2025-01-30" {
			steps = append(steps, string(e.Step))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, "steps", []string{"copy", "reconcile", "index", "swap"}, steps)
	diff(t, "report", []int64{2, 3, 5}, []int64{int64(report.Units), int64(report.Leaves), report.Rows})
	diff(t, "rows", []string{
		"a|2025-01-30|10.00|EUR|~|~|2025|1|30|run'1|t",
		"b|2025-01-30|0.01|USD||3|2025|1|30|run'1|t",
		"c|2025-01-30|99999999.99|~|comma, \"quote\"\nand line|0|2025|1|30|run'1|t",
		`a|2025-01-31|5.50|EUR|back\slash \. \N|~|2025|1|31|run'1|t`,
	}, f.all(`select id, booked_on, amount, currency, note, fee, year, month, day, etl_job_id,
		abs(extract(epoch from etl_processed_timestamp - now() at time zone 'utc')) < 60 from payments order by booked_on, id`))
	diff(t, "missing after", []string{}, f.missing(parts...))
	diff(t, "loads", []string{
		"payment_totals|2025-01-30|payment_totals_p20250130|1|{}|run'1",
		`payments|2025-01-30|payments_p20250130|3|{"fee": "3", "amount": "100000010.00"}|run'1`,
		`payments|2025-01-31|payments_p20250131|1|{"fee": "0", "amount": "5.50"}|run'1`,
	}, f.all("select table_name, unit, leaf, rows, sums, run_id from ledgermill.loads order by 1, 2"))
	latest, found, err := f.LatestDate(t.Context())
	if err != nil || !found {
		t.Fatalf("latest date: %v, %v", found, err)
	}
	diff(t, "latest date", "2025-01-31", latest.Format("2006-01-02"))
	f.noStaged()
}

func TestLoadMakesLeavesAsDeclared(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(payments("2025-01-31", "2025-01-31", "2025-02-01", payment{"a", "1.00", nil, nil, nil}),
		totals("2025-01-31", "2025-01-31", "2025-02-01", record("EUR", "2025-01-31", "1.00", "1")))
	diff(t, "tree", []string{
		"payments_p20250131|payments_p202501|FOR VALUES FROM ('2025-01-31') TO ('2025-02-01')",
		"payments_p202501|payments|FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')",
	}, f.all(`select c.relname, i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid)
		from pg_partition_tree('payments') t join pg_class c on c.oid = t.relid join pg_inherits i on i.inhrelid = c.oid order by t.level desc`))
	diff(t, "indexes adopted", []string{
		"payments_p20250131_currency|payments_currency|CREATE INDEX payments_p20250131_currency ON public.payments_p20250131 USING btree (currency, amount DESC)",
		"payments_p20250131_noted|payments_noted|CREATE INDEX payments_p20250131_noted ON public.payments_p20250131 USING btree (booked_on) WHERE (note IS NOT NULL)",
		"payments_p20250131_pkey|payments_pkey|CREATE UNIQUE INDEX payments_p20250131_pkey ON public.payments_p20250131 USING btree (id, booked_on)",
		"payments_p20250131_time|payments_time|CREATE INDEX payments_p20250131_time ON public.payments_p20250131 USING brin (booked_on)",
	}, f.all(`select leaf.relname, root.inhparent::regclass, pg_get_indexdef(x.indexrelid)
		from pg_index x join pg_class leaf on leaf.oid = x.indexrelid
		join pg_inherits month on month.inhrelid = x.indexrelid join pg_inherits root on root.inhrelid = month.inhparent
		where x.indrelid = 'payments_p20250131'::regclass order by 1`))
	diff(t, "constraints", []string{"payments_fee", "payments_p20250131_bounds", "payments_p20250131_pkey"},
		f.all("select conname from pg_constraint where conrelid = 'payments_p20250131'::regclass and contype in ('c', 'p') order by 1"))
	diff(t, "frozen, analysed", "t|1", f.one("select relallvisible = relpages, reltuples from pg_class where relname = 'payments_p20250131'"))
	if !strings.Contains(f.one("select attname from pg_stats where tablename = 'payment_totals_p20250131_lower_idx' or tablename like 'payment_totals_p20250131%' and attname = 'lower'"), "lower") &&
		f.one("select count(*) from pg_stats where tablename = 'payment_totals_p20250131'") == "0" {
		t.Error("leaf with an index on an expression was not analysed")
	}
}

func TestReplaceOneDay(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := payments("2025-01-30", "2025-01-30", "2025-01-31", payment{"a", "1.00", text("EUR"), nil, nil})
	second := payments("2025-01-31", "2025-01-31", "2025-02-01", payment{"b", "2.00", text("EUR"), nil, nil})
	f.load(first, second)
	kept := f.one("select 'payments_p20250130'::regclass::oid")
	corrected := payments("2025-01-31", "2025-01-31", "2025-02-01", payment{"b", "2.50", text("EUR"), nil, nil}, payment{"c", "1.00", text("EUR"), nil, nil})
	diff(t, "missing", []string{"payments 2025-01-31"}, f.missing(first, corrected))
	f.load(corrected)
	diff(t, "rows", []string{"a|1.00", "b|2.50", "c|1.00"}, f.all("select id, amount from payments order by 1"))
	diff(t, "untouched leaf", kept, f.one("select 'payments_p20250130'::regclass::oid"))
	diff(t, "leaves", "2", f.one("select count(*) from pg_partition_tree('payments') where isleaf"))
	diff(t, "missing after", []string{}, f.missing(first, corrected))
	f.exec("drop table payments_p20250130")
	diff(t, "missing after a drop by hand", []string{"payments 2025-01-30"}, f.missing(first, corrected))
	f.exec("alter table payments add column extra text")
	diff(t, "missing after a migration", []string{"payments 2025-01-30", "payments 2025-01-31"}, f.missing(first, corrected))
	f.exec("insert into ledgermill.floors (table_name, floor) values ('payments', '2025-01-31')")
	diff(t, "missing above the floor", []string{"payments 2025-01-31"}, f.missing(first, corrected))
}

func TestMonthAndYearUnits(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(payments("2024-02", "2024-02-01", "2024-03-01", payment{"m", "1.00", nil, nil, nil}),
		payments("2023", "2023-01-01", "2024-01-01", payment{"y", "2.00", nil, nil, nil}),
		payments("2022-12-31", "2022-12-31", "2023-01-01", payment{"d", "3.00", nil, nil, nil}))
	diff(t, "leaves", []string{"payments_p2023|payments", "payments_p202402|payments", "payments_p20221231|payments_p202212"},
		f.all("select relid, parentrelid from pg_partition_tree('payments') where isleaf order by length(relid::text), 1"))
	again := payments("2023", "2023-01-01", "2024-01-01", payment{"y", "4.00", nil, nil, nil})
	f.load(again)
	diff(t, "rows", []string{"d|3.00", "m|1.00", "y|4.00"}, f.all("select id, amount from payments order by 1"))

	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments("2023-05", "2023-05-01", "2023-06-01")}})
	layout := asLayout(t, err)
	if !strings.Contains(layout.Reason, "payments_p2023") {
		t.Errorf("reason %q does not name the partition in the way", layout.Reason)
	}
	_, err = f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments("2024", "2024-01-01", "2025-01-01")}})
	if layout = asLayout(t, err); !strings.Contains(layout.Reason, "overlaps") {
		t.Errorf("reason %q", layout.Reason)
	}
	diff(t, "rows after", "3", f.one("select count(*) from payments"))
}

func TestEmptyUnitIsLoaded(t *testing.T) {
	t.Parallel()
	f := open(t)
	empty := payments("2025-01-31", "2025-01-31", "2025-02-01")
	f.load(empty)
	diff(t, "missing", []string{}, f.missing(empty))
	diff(t, "rows", "0", f.one("select count(*) from payments_p20250131"))
}

func TestLongNames(t *testing.T) {
	t.Parallel()
	f := open(t)
	name := strings.Repeat("long_", 11) + "name"
	f.exec("create table " + name + " (like payments including all) partition by range (booked_on)")
	p := payments("2025-01-31", "2025-01-31", "2025-02-01", payment{"a", "1.00", nil, nil, nil})
	p.Table = name
	f.load(p)
	p.ContentHash = "other"
	f.load(p)
	diff(t, "rows", "1", f.one("select count(*) from "+name))
	f.noStaged()
}

// The star schema's tables, names quoted by nobody, load as they stand.
func TestStarSchemaIsPartitionedAndIndexed(t *testing.T) {
	t.Parallel()
	f := open(t)
	diff(t, "partitioned", []string{"daily_transaction_summary", "merchant_daily_summary", "transactions_fact"},
		f.all("select relname from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace and relname not like 'payment%' order by 1"))
	diff(t, "search by letters", "1", f.one("select count(*) from pg_class where relname = 'merchants_dim_letters'"))
	diff(t, "seeded types", "8", f.one("select count(*) from transaction_types_dim"))
	diff(t, "without a comment", []string{}, f.all(`select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
		where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null
		and (c.relname like '%transaction%' or c.relname like 'merchant%' or c.relname like 'customers%' or c.relnamespace = 'ledgermill'::regnamespace and c.relname <> 'goose_db_version') order by 1`))
}
