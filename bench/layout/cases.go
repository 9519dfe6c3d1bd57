package layout

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/model"
	"ledgermill/queries"
)

// Case is a statement to compare on the layouts. Its rows must have a total order.
type Case struct {
	Name   string `json:"name"`
	SQL    string `json:"sql"`
	Lookup bool   `json:"lookup"` // of few rows, rather than a named query
}

// Named are the project's queries that run on a warehouse, their parameters at
// their defaults; o says for which project, warehouse and date. A query of the last
// days comes a second time for one day: where few days are loaded, its default may
// exclude none.
func Named(ctx context.Context, o queries.Options) (cases []Case, err error) {
	o.On = model.Warehouse
	for _, q := range o.Project.Queries {
		if !q.OnWarehouse() {
			continue
		}
		o.Name, o.Parameters = q.Name, nil
		if cases, err = appendNamed(ctx, cases, q.Name, o); err != nil {
			return nil, err
		}
		for _, p := range q.Parameters {
			if p.Name != "days" {
				continue
			}
			o.Parameters = map[string]string{p.Name: "1"}
			if cases, err = appendNamed(ctx, cases, q.Name+"_1_day", o); err != nil {
				return nil, err
			}
		}
	}
	return cases, nil
}

func appendNamed(ctx context.Context, cases []Case, name string, o queries.Options) ([]Case, error) {
	sql, err := queries.Bound(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("bind %s: %w", name, err)
	}
	return append(cases, Case{Name: name, SQL: sql}), nil
}

// keys are of single rows to look up, neither the most nor the least frequent.
type keys struct {
	customer, merchant, name, transaction string
}

// Lookups are statements as a person at a counter asks them, about the last
// business date and about a customer, a merchant and a transaction of it.
func (t *Tables) Lookups(ctx context.Context) ([]Case, error) {
	var last *time.Time
	if err := t.conn.QueryRow(ctx, "select max(transaction_date) from public.daily_transaction_summary").Scan(&last); err != nil {
		return nil, fmt.Errorf("choose lookups: %w", err)
	}
	if last == nil {
		return nil, fmt.Errorf("choose lookups: %w", pgx.ErrNoRows)
	}
	var k keys
	for _, one := range []struct {
		value *string
		sql   string
	}{
		{&k.customer, `select customer_id from public.daily_transaction_summary where transaction_date = $1
			order by transaction_count, customer_id collate "C" offset (select count(*) / 2 from public.daily_transaction_summary where transaction_date = $1) limit 1`},
		{&k.merchant, `select merchant_id from public.merchant_daily_summary where transaction_date = $1
			order by transaction_count, merchant_id collate "C" offset (select count(*) / 2 from public.merchant_daily_summary where transaction_date = $1) limit 1`},
		{&k.name, `select merchant_name from public.merchant_daily_summary where transaction_date = $1
			order by transaction_count, merchant_id collate "C" offset (select count(*) / 2 from public.merchant_daily_summary where transaction_date = $1) limit 1`},
		{&k.transaction, "select min(transaction_id) from public.transactions_fact where transaction_date = $1"},
	} {
		if err := t.conn.QueryRow(ctx, one.sql, *last).Scan(one.value); err != nil {
			return nil, fmt.Errorf("choose lookups of %s: %w", last.Format(time.DateOnly), err)
		}
	}
	return lookups(*last, k), nil
}

// LookupNames are the names of Lookups, which need no database to be known.
func LookupNames() (names []string) {
	for _, c := range lookups(time.Time{}, keys{}) {
		names = append(names, c.Name)
	}
	return names
}

func lookups(last time.Time, k keys) []Case {
	day := last.Format(time.DateOnly)
	before := last.AddDate(0, 0, -2).Format(time.DateOnly)
	const facts = "select * from transactions_fact where "
	cases := []Case{
		{Name: "transaction_by_id", SQL: fmt.Sprintf("%stransaction_id = %s order by transaction_date", facts, quote(k.transaction))},
		{Name: "transaction_by_id_and_date", SQL: fmt.Sprintf("%stransaction_id = %s and transaction_date = date '%s'", facts, quote(k.transaction), day)},
		{Name: "customer_newest_20", SQL: fmt.Sprintf(`%scustomer_id = %s order by transaction_timestamp desc, transaction_id collate "C" limit 20`, facts, quote(k.customer))},
		{Name: "customer_in_3_days", SQL: fmt.Sprintf(`%scustomer_id = %s and transaction_date between date '%[3]s' and date '%[4]s'
  and transaction_timestamp >= timestamp '%[3]s 06:00:00' and transaction_timestamp < timestamp '%[4]s 18:00:00'
order by transaction_timestamp, transaction_id collate "C"`, facts, quote(k.customer), before, day)},
		{Name: "merchant_on_date", SQL: fmt.Sprintf(`%smerchant_id = %s and transaction_date = date '%s' order by transaction_id collate "C"`, facts, quote(k.merchant), day)},
		{Name: "pending_on_date", SQL: fmt.Sprintf(`%sstatus = 'PENDING' and transaction_date = date '%s' order by amount desc, transaction_id collate "C" limit 50`, facts, day)},
		{Name: "five_minutes", SQL: fmt.Sprintf(`%stransaction_timestamp >= timestamp '%[2]s 12:00:00' and transaction_timestamp < timestamp '%[2]s 12:05:00'
order by transaction_timestamp, transaction_id collate "C"`, facts, day)},
		{Name: "five_minutes_of_date", SQL: fmt.Sprintf(`%stransaction_date = date '%[2]s' and transaction_timestamp >= timestamp '%[2]s 12:00:00' and transaction_timestamp < timestamp '%[2]s 12:05:00'
order by transaction_timestamp, transaction_id collate "C"`, facts, day)},
		{Name: "merchant_name_on_date", SQL: search(`"`+k.name+`"`, day)},
		{Name: "merchant_word_on_date", SQL: search("market", day)},
		{Name: "customer_days", SQL: fmt.Sprintf("select * from daily_transaction_summary where customer_id = %s order by transaction_date", quote(k.customer))},
		{Name: "totals_of_date", SQL: fmt.Sprintf(`select currency, count(*), sum(amount) from transactions_fact where transaction_date = date '%s' group by currency order by currency collate "C"`, day)},
	}
	for i := range cases {
		cases[i].Lookup = true
	}
	return cases
}

// search is what search_transactions does, which names the warehouse's own tables.
func search(words, day string) string {
	return fmt.Sprintf(`select f.transaction_id, f.merchant_id, m.merchant_name, f.amount
from merchants_dim m join transactions_fact f on f.merchant_id = m.merchant_id
where to_tsvector('simple', m.merchant_name) @@ websearch_to_tsquery('simple', %s) and f.transaction_date = date '%s'
order by f.amount desc, f.transaction_id collate "C" limit 50`, quote(words), day)
}

// quote writes a literal; keys are the generator's and hold no backslash.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
