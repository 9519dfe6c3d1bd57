package warehouse_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"ledgermill/warehouse"
)

func TestZZBench(t *testing.T) {
	if os.Getenv("WHBENCH") == "" {
		t.Skip()
	}
	s, err := warehouse.StartPrivate(t.Context(), warehouse.PrivateOptions{Name: "bench"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Migrate(t.Context(), os.DirFS("../sql/warehouse")); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, s.URL().Reveal())
	ex := func(sql string) time.Duration {
		b := time.Now()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
		return time.Since(b)
	}
	cols := "transaction_id,transaction_date,transaction_timestamp,customer_id,transaction_type,amount,currency,status,merchant_id,merchant_name,merchant_category,country,channel,card_type,is_fraudulent,processing_time_ms,day_of_week,hour,amount_category,time_of_day,daily_transaction_count,daily_cumulative_amount,risk_score,risk_reasons,is_high_risk,is_outlier"
	p := warehouse.Part{Table: "transactions_fact", Dataset: "transactions", Unit: "2025-01-31", From: date("2025-01-31"), To: date("2025-02-01"), BusinessDate: "transaction_date", Rows: 1000000, ContentHash: "x", Fingerprint: "x"}
	ex("drop table if exists leaf")
	first := true
	for rep := range 4 {
		_ = rep
		b := time.Now()
		ex("begin")
		ex("create table leaf (like transactions_fact including defaults including constraints, check (transaction_date >= '2025-01-31' and transaction_date < '2025-02-01'))")
		cp := ex("copy leaf (" + cols + ",year,month,day) from '/tmp/wh/fact.csv' with (format csv, freeze)")
		ix := ex("alter table leaf add primary key (transaction_id, transaction_date); create index on leaf (merchant_id, transaction_date); create index on leaf (customer_id, transaction_timestamp); create index on leaf (transaction_date, risk_score) where is_high_risk; create index on leaf (status, transaction_date) where status <> 'COMPLETED'; create index on leaf using brin (transaction_timestamp);")
		an := ex("analyze leaf")
		cm := ex("commit")
		serial := time.Since(b)
		if first {
			first = false
			for _, c := range strings.Split(cols, ",") {
				total := warehouse.Total{Column: c}
				p.Columns = append(p.Columns, warehouse.Column{Name: c, Type: "VARCHAR"})
				if err := conn.QueryRow(t.Context(), "select count("+c+") from leaf").Scan(&total.NonNull); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(" amount processing_time_ms day_of_week hour daily_transaction_count daily_cumulative_amount risk_score ", " "+c+" ") {
					if err := conn.QueryRow(t.Context(), "select sum("+c+")::text from leaf").Scan(&total.Sum); err != nil {
						t.Fatal(err)
					}
				}
				p.Totals = append(p.Totals, total)
			}
			c := warehouse.Control{Sum: []string{"amount"}, By: []string{"currency"}}
			rows, err := conn.Query(t.Context(), "select currency, count(*), sum(amount)::text from leaf group by 1")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var cur, sum string
				var n int64
				if err := rows.Scan(&cur, &n, &sum); err != nil {
					t.Fatal(err)
				}
				c.Rows = append(c.Rows, warehouse.ControlRow{By: []*string{&cur}, Count: n, Sums: []string{sum}})
			}
			p.Controls = []warehouse.Control{c}
		}
		ex("drop table leaf")
		p.CSV = func(context.Context, []string) (io.ReadCloser, error) {
			return os.Open("/tmp/wh/fact.csv")
		}
		report, err := w.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{p}})
		if err != nil {
			t.Fatal(err)
		}
		r := report.Parts[0]
		r2 := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
		fmt.Println("serial", r2(serial), "copy", r2(cp), "idx", r2(ix), "an", r2(an), "commit", r2(cm), "| load", r2(report.Elapsed), "copy", r2(r.Copy), "rec", r2(r.Reconcile), "an", r2(r.Analyze), "idx", r2(r.Index), "swap", report.Swap, "ratio", fmt.Sprintf("%.2f", report.Elapsed.Seconds()/serial.Seconds()))
	}
}
