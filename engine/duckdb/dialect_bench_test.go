package duckdb_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
)

const benchContract = `-- objects: x.csv
create table raw_x (
  transaction_id varchar not null, transaction_date date not null, transaction_timestamp timestamp, customer_id varchar not null,
  transaction_type varchar, amount decimal(18, 2), currency varchar default 'EUR', status varchar, merchant_id varchar default 'UNKNOWN',
  merchant_name varchar, merchant_category varchar, country varchar, channel varchar, card_type varchar default 'UNKNOWN',
  is_fraudulent boolean default false, processing_time_ms integer,
  constraint amount_range check (amount > 0 and amount <= 1000000)
);`

const benchRows = `copy (select md5(i::varchar) as transaction_id, date '2025-01-31' transaction_date, timestamp '2025-01-31' + interval (i % 86400) second transaction_timestamp,
  'C' || lpad((hash(i) % 50000)::varchar, 6, '0') customer_id, ['PAYMENT', 'TRANSFER', 'DEPOSIT', 'MOBILE_PAYMENT'][1 + i % 4] transaction_type,
  ((1 + hash(i) % 100000) / 100)::decimal(18, 2) amount, ['EUR', 'USD', 'GBP'][1 + i % 3] currency, 'COMPLETED' status, 'M' || lpad((hash(i + 1) % 5000)::varchar, 5, '0') merchant_id,
  'Merchant ' || (i % 5000) merchant_name, 'Groceries' merchant_category, 'DE' country, 'ONLINE' channel, case when i % 3 > 0 then 'VISA' end card_type,
  (i % 100 = 0) is_fraudulent, (hash(i) % 3000) processing_time_ms from range(1000000) t(i)) to '`

// BenchmarkTyped reads a million records of the shipping project's shape: as text;
// typed by the strict grammars, filled and judged; and the same without short cuts.
func BenchmarkTyped(b *testing.B) {
	judge, err := duckdb.NewJudge(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	defer judge.Close()
	c, err := contract.Parse(context.Background(), "raw_x.sql", benchContract, judge)
	if err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("duckdb", "?threads=2&preserve_insertion_order=false")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(b.TempDir(), "x.csv")
	if _, err := db.Exec(benchRows + path + "'"); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	m, err := c.Match(c.Sections[0], c.Names())
	if err != nil {
		b.Fatal(err)
	}
	csv := "read_csv('" + path + "', auto_detect = false, header = true, columns = {'" + strings.Join(c.Names(), "': 'varchar', '") + "': 'varchar'})"
	for name, query := range map[string]string{"text": textCounts(c, csv), "fast": typedCounts(c, m, csv, duckdb.Dialect{}), "plain": typedCounts(c, m, csv, plain{})} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(info.Size())
			for b.Loop() {
				if _, err := db.Exec(query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func textCounts(c *contract.Contract, from string) string {
	return "select count(" + strings.Join(c.Names(), "), count(") + ") from " + from
}

// typedCounts reads as an engine does: typed, filled, told whether readable, judged.
func typedCounts(c *contract.Contract, m contract.Mapping, from string, d contract.Dialect) string {
	var typed, filled, counts []string
	for i, cell := range c.Cells(c.Sections[0], m, nil, d) {
		slot := fmt.Sprintf("typed_%d", i)
		typed = append(typed, cell.Typed+" as "+slot)
		filled = append(filled, cell.Filled(slot)+" as "+cell.Column.Name)
		counts = append(counts, "count("+cell.Column.Name+")")
		if cell.Column.Type.Base != contract.Varchar {
			filled = append(filled, fmt.Sprintf("%s as bad_%d", cell.Unreadable(slot), i))
			counts = append(counts, fmt.Sprintf("count(*) filter (bad_%d)", i))
		}
	}
	for _, check := range c.Checks {
		counts = append(counts, "count(*) filter ("+check.Fails(d)+")")
	}
	return fmt.Sprintf("select %s from (select %s from (select *, %s from %s))",
		strings.Join(counts, ", "), strings.Join(filled, ", "), strings.Join(typed, ", "), from)
}
