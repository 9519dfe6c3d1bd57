package layout_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"ledgermill/bench/layout"
	"ledgermill/engine/config"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

func TestMain(m *testing.M) { os.Exit(warehousetest.Main(m)) }

// rows make three days of 4,000 transactions each, enough for an index to pay.
const rows = `
create table transactions_fact_p202502 partition of transactions_fact for values from ('2025-02-01') to ('2025-03-01') partition by range (transaction_date);
create table transactions_fact_p20250201 partition of transactions_fact_p202502 for values from ('2025-02-01') to ('2025-02-02');
create table transactions_fact_p20250202 partition of transactions_fact_p202502 for values from ('2025-02-02') to ('2025-02-03');
create table transactions_fact_p20250203 partition of transactions_fact_p202502 for values from ('2025-02-03') to ('2025-02-04');
insert into transactions_fact (transaction_id, transaction_date, transaction_timestamp, customer_id, amount, currency, status, merchant_id)
select 'T' || d || '-' || i, date '2025-02-01' + d, date '2025-02-01' + d + make_interval(secs => i * 20), 'C' || i % 800, i / 100.0, 'EUR',
  case when i % 50 = 0 then 'PENDING' else 'COMPLETED' end, 'M' || i % 90
from generate_series(0, 2) d, generate_series(1, 4000) i order by d, i;
create table daily_transaction_summary_p202502 partition of daily_transaction_summary for values from ('2025-02-01') to ('2025-03-01');
insert into daily_transaction_summary (customer_id, transaction_date, transaction_count) select customer_id, transaction_date, count(*) from transactions_fact group by 1, 2;
create table merchant_daily_summary_p202502 partition of merchant_daily_summary for values from ('2025-02-01') to ('2025-03-01');
insert into merchant_daily_summary (merchant_id, transaction_date, transaction_count) select merchant_id, transaction_date, count(*) from transactions_fact group by 1, 2;
insert into merchants_dim (merchant_id, merchant_name) select 'M' || i, 'market ' || i from generate_series(1, 89) i;
analyze`

func loaded(t *testing.T) (url config.Secret, conn *pgx.Conn) {
	t.Helper()
	url = config.Secret(warehousetest.Database(t))
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: url})
	if err == nil {
		_, err = w.Migrate(t.Context(), os.DirFS("../../sql/warehouse"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if conn, err = pgx.Connect(t.Context(), url.Reveal()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	return url, conn
}

func open(t *testing.T, url config.Secret) (tables *layout.Tables, said []string) {
	t.Helper()
	tables, err := layout.Open(t.Context(), url, func(line string) { said = append(said, line) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tables.Close(context.Background()) })
	return tables, said
}

func count(t *testing.T, conn *pgx.Conn, sql string) (n int64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The layouts have what their names say, and taking indexes away leaves none away.
func TestLayouts(t *testing.T) {
	t.Parallel()
	url, conn := loaded(t)
	tables, _ := open(t, url)
	indexes := count(t, conn, "select count(*) from pg_index")
	const sql = "select * from transactions_fact where customer_id = 'C77' and transaction_date = date '2025-02-02' order by transaction_id"
	for _, c := range []struct {
		layout  layout.Layout
		indexes []string
		line    string // a part of it
	}{
		{layout.Bare, nil, "Seq Scan of transactions_fact →"},
		{layout.Partitions, nil, "Seq Scan of transactions_fact →"},
		{layout.Indexes, []string{"transactions_fact_customer"}, "by transactions_fact_customer"},
		{layout.Both, []string{"transactions_fact_customer"}, "by transactions_fact_customer"},
	} {
		plan, err := tables.Explain(t.Context(), c.layout, sql)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(plan.Indexes, c.indexes) || !strings.Contains(plan.Line, c.line) || plan.Leaves != 1 {
			t.Errorf("%s: %q with indexes %v and %d leaves, want %q with %v", c.layout, plan.Line, plan.Indexes, plan.Leaves, c.line, c.indexes)
		}
		if plan.Bytes != (plan.Hit+plan.Read)*8192 || plan.Bytes == 0 {
			t.Errorf("%s: %d bytes of %d and %d blocks", c.layout, plan.Bytes, plan.Hit, plan.Read)
		}
	}
	if got := count(t, conn, "select count(*) from pg_index"); got != indexes {
		t.Errorf("%d indexes afterwards, %d before", got, indexes)
	}
}

// Every case has the same rows everywhere; its plans are kept and its figures can be
// read again.
func TestCompare(t *testing.T) {
	t.Parallel()
	url, _ := loaded(t)
	tables, _ := open(t, url)
	cases, err := tables.Lookups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, c := range cases {
		got, err := tables.Compare(t.Context(), c, layout.Options{Least: 2, Most: 2, Plans: dir})
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows == 0 {
			t.Errorf("%s finds nothing:\n%s", c.Name, c.SQL)
		}
		for _, l := range layout.All() {
			if n := len(got.Figures[l].Samples); n != 2 {
				t.Errorf("%s has %d samples on %s", c.Name, n, l)
			}
			for _, ending := range []string{".json", ".txt"} {
				if info, err := os.Stat(filepath.Join(dir, c.Name+"."+string(l)+ending)); err != nil || info.Size() == 0 {
					t.Errorf("no plan is kept: %v", err)
				}
			}
		}
		if r := got.Faster(layout.Bare); r.Median != 1 || r.Verdict() != "no difference" {
			t.Errorf("%s compared with itself: %+v", c.Name, r)
		}
	}
}

// A heap with the warehouse's rows is kept, another is made anew; and no time counts
// where the rows are not the same.
func TestRowsDiffer(t *testing.T) {
	t.Parallel()
	url, conn := loaded(t)
	tables, said := open(t, url)
	const copied = "copy transactions_fact into one heap"
	if !slices.Contains(said, copied) {
		t.Errorf("%q", said)
	}
	if _, said := open(t, url); slices.Contains(said, copied) {
		t.Errorf("copied again: %q", said)
	}
	if _, err := conn.Exec(t.Context(), "update ledgermill_heaps.transactions_fact set amount = amount + 0.01 where transaction_id = 'T1-77'"); err != nil {
		t.Fatal(err)
	}
	_, err := tables.Compare(t.Context(), layout.Case{Name: "sum", SQL: "select sum(amount) from transactions_fact"}, layout.Options{})
	var different *layout.DifferentError
	if !errors.As(err, &different) || different.Right != layout.Bare || different.Wrong != layout.Partitions {
		t.Errorf("compared: %v", err)
	}
	if _, said := open(t, url); !slices.Contains(said, copied) {
		t.Errorf("the changed copy was kept: %q", said)
	}
	if err := tables.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, conn, "select count(*) from pg_class where relnamespace = to_regnamespace('ledgermill_heaps')"); n != 0 {
		t.Errorf("%d relations are left", n)
	}
}
