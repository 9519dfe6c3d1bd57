package queries_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
	"ledgermill/engine/model"
	"ledgermill/queries"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// plansFlag makes ten days of so many rows, at which PostgreSQL must choose the
// index that was meant; without it only pruning is looked at, in small.
var plansFlag = flag.Int("queries.plans", 0, "check with ten days of `N` rows that plans use the intended indexes; 1000000 takes minutes")

// facts fills a leaf with transactions as spread out as a bank's: one in a
// hundred is of high risk, one in ten is not completed.
const facts = `
insert into %[1]s (transaction_id, transaction_date, transaction_timestamp, customer_id, transaction_type, amount, currency, status, merchant_id, merchant_name,
  merchant_category, country, channel, is_fraudulent, processing_time_ms, year, month, day, day_of_week, hour, risk_score, risk_reasons, is_high_risk, is_outlier)
select 'T' || d || '-' || i, date '%[2]s' + d, date '%[2]s' + d + make_interval(secs => i * 86400.0 / %[4]d), 'C' || h %% (%[4]d / 5), (array['PAYMENT', 'TRANSFER', 'WITHDRAWAL'])[1 + h %% 3],
  (h %% 900000 + 1) / 100.0, case when h %% 5 = 0 then 'USD' else 'EUR' end, case when h %% 100 < 90 then 'COMPLETED' when h %% 2 = 0 then 'FAILED' else 'PENDING' end,
  'M' || h %% 5000, 'merchant ' || h %% 5000, 'Food', 'FR', (array['ONLINE', 'POS', 'ATM'])[1 + h %% 3], false, h %% 2000, extract(year from date '%[2]s' + d), extract(month from date '%[2]s' + d), extract(day from date '%[2]s' + d), 1, 1,
  h %% 100, '', h %% 100 = 7, false
from generate_series(0, %[3]d - 1) d, generate_series(1, %[4]d) i, lateral (select abs(hashint4(i * 31 + d)::bigint) as h) x
order by d, i`

// planned is a warehouse whose January is one leaf and whose February is days.
func planned(t *testing.T) (w *warehouse.Warehouse, conn *pgx.Conn) {
	t.Helper()
	url := warehousetest.Database(t)
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(url)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Migrate(t.Context(), os.DirFS("../sql/warehouse")); err != nil {
		t.Fatal(err)
	}
	if conn, err = pgx.Connect(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	rows := 1000
	if *plansFlag > 0 {
		rows = *plansFlag
	}
	statements := []string{
		"insert into merchants_dim (merchant_id, merchant_name) select 'M' || i, 'merchant ' || i || case when i % 500 = 7 then ' market' else '' end from generate_series(0, 4999) i",
		"create table transactions_fact_p202501 partition of transactions_fact for values from ('2025-01-01') to ('2025-02-01') partition by range (transaction_date)",
		"create table transactions_fact_p202501_days (like transactions_fact including constraints)",
		fmt.Sprintf(facts, "transactions_fact_p202501_days", "2025-01-20", 3, rows),
		"alter table transactions_fact_p202501 attach partition transactions_fact_p202501_days for values from ('2025-01-01') to ('2025-02-01')",
		"create table transactions_fact_p202502 partition of transactions_fact for values from ('2025-02-01') to ('2025-03-01') partition by range (transaction_date)",
	}
	for day := range 7 {
		at := date("2025-02-01").AddDate(0, 0, day)
		leaf := "transactions_fact_p" + at.Format("20060102")
		statements = append(statements,
			"create table "+leaf+" (like transactions_fact including constraints)",
			fmt.Sprintf(facts, leaf, at.Format(time.DateOnly), 1, rows),
			fmt.Sprintf("alter table transactions_fact_p202502 attach partition %s for values from ('%s') to ('%s')", leaf, at.Format(time.DateOnly), at.AddDate(0, 0, 1).Format(time.DateOnly)))
	}
	statements = append(statements, `
		create table daily_transaction_summary_p202502 partition of daily_transaction_summary for values from ('2025-02-01') to ('2025-03-01');
		insert into daily_transaction_summary (customer_id, transaction_date, year, month, day, transaction_count)
		select customer_id, transaction_date, 2025, 2, 1, count(*) from transactions_fact where transaction_date >= '2025-02-01' group by 1, 2`,
		"analyze")
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%.80s: %v", sql, err)
		}
	}
	return w, conn
}

var (
	factLeaf = regexp.MustCompile(`on (transactions_fact_p\w+)`)
	anyIndex = regexp.MustCompile(`(?:Index (?:Only )?Scan(?: Backward)? using|Bitmap Index Scan on) (\w+)`)
)

func explain(t *testing.T, w *warehouse.Warehouse, p *model.Project, o queries.Options) string {
	t.Helper()
	if o.Name != "" {
		q, err := queries.Find(p, o.Name)
		if err != nil {
			t.Fatal(err)
		}
		o.SQL, o.Name = q.SQL, ""
	}
	o.SQL = "explain (costs off) " + o.SQL
	o.Project, o.Warehouse, o.On = p, w, model.Warehouse
	r, err := queries.Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%s: %v", o.SQL, err)
	}
	var plan strings.Builder
	for r.Next() {
		plan.WriteString(*r.Values()[0] + "\n")
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// leavesIn are the fact's leaves that a plan reads.
func leavesIn(plan string) (names []string) {
	for _, m := range factLeaf.FindAllStringSubmatch(plan, -1) {
		if name := m[1][:min(len(m[1]), len("transactions_fact_p20250101"))]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// A plan of a named query reads no leaf that the query's dates exclude, and at
// ten million rows it takes the index that was meant for it.
func TestPlans(t *testing.T) {
	t.Parallel()
	p, err := project(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, conn := planned(t)
	february := func(from, to int) (names []string) {
		for day := from; day <= to; day++ {
			names = append(names, fmt.Sprintf("transactions_fact_p202502%02d", day))
		}
		return names
	}
	all := append([]string{"transactions_fact_p202501_d"}, february(1, 7)...)
	last3 := queries.Options{Parameters: map[string]string{"days": "3"}}
	want := map[string]struct {
		options queries.Options
		leaves  []string
	}{
		"high_risk_last_7_days": {leaves: february(1, 7)},
		"daily_volume":          {last3, february(5, 7)},
		"hourly_pattern":        {last3, february(5, 7)},
		"monthly_cohorts":       {}, "merchant_search": {},
	}
	for _, q := range p.Queries {
		if !q.OnWarehouse() {
			continue
		}
		c, limited := want[q.Name]
		if !limited {
			c.leaves = all
		}
		delete(want, q.Name)
		c.options.Name, c.options.AsOf = q.Name, date("2025-02-07")
		plan := explain(t, w, p, c.options)
		if got := leavesIn(plan); !slices.Equal(got, c.leaves) {
			t.Errorf("%s reads %v, want %v:\n%s", q.Name, got, c.leaves, plan)
		}
	}
	for name := range want {
		t.Errorf("no query %s", name)
	}
	for _, c := range []struct {
		options queries.Options
		leaves  []string
		index   string // of the table, which must be used where there are rows enough
	}{
		{queries.Options{Name: "high_risk_last_7_days", AsOf: date("2025-02-07")}, february(1, 7), "transactions_fact_high_risk"},
		{queries.Options{Name: "merchant_search"}, nil, "merchants_dim_words"},
		{queries.Options{SQL: "select * from transactions_fact where transaction_id = 'T0-77' and transaction_date = date '2025-02-03'"}, february(3, 3), "transactions_fact_pkey"},
		{queries.Options{SQL: "select * from transactions_fact where customer_id = 'C7' order by transaction_timestamp desc limit 20"}, all, "transactions_fact_customer"},
		{queries.Options{SQL: "select sum(amount) from transactions_fact where merchant_id = 'M7' and transaction_date between '2025-02-02' and '2025-02-03'"}, february(2, 3), "transactions_fact_merchant"},
		{queries.Options{SQL: "select * from transactions_fact where status = 'PENDING' and transaction_date = '2025-02-03' and customer_id like 'C77%'"}, february(3, 3), "transactions_fact_not_completed"},
		{queries.Options{SQL: "select count(*) from transactions_fact where transaction_date between '2025-01-01' and '2025-01-31' and transaction_timestamp between '2025-01-21 10:00' and '2025-01-21 11:00'"}, all[:1], "transactions_fact_time"},
		{queries.Options{SQL: "select count(*) from search_transactions('market', '2025-02-03', '2025-02-03')"}, february(3, 3), "transactions_fact_merchant"},
	} {
		plan := explain(t, w, p, c.options)
		what := c.options.Name + c.options.SQL
		if got := leavesIn(plan); !slices.Equal(got, c.leaves) {
			t.Errorf("%s reads %v, want %v:\n%s", what, got, c.leaves, plan)
		}
		if *plansFlag == 0 {
			continue
		}
		if used := indexesOf(t, conn, plan); !slices.Contains(used, c.index) || strings.Contains(plan, "Seq Scan on transactions_fact") {
			t.Errorf("%s uses %v, want %s:\n%s", what, used, c.index, plan)
		}
	}
}

// indexesOf are the indexes that a plan uses, by the names that tables have for them.
func indexesOf(t *testing.T, conn *pgx.Conn, plan string) (names []string) {
	t.Helper()
	for _, m := range anyIndex.FindAllStringSubmatch(plan, -1) {
		var name string
		if err := conn.QueryRow(t.Context(), "select coalesce(pg_partition_root($1::text::regclass), $1::text::regclass)::text", m[1]).Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}
