package reference

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Null stands for null in the rows of a Table.
const Null = `\N`

// Table is rows as text, as DuckDB casts them to varchar: 12.30, 2025-01-31,
// 2025-01-31 12:00:00.5, true. Rows are sorted by their texts, column by column.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Result is what a set of objects must come to, all business dates together.
type Result struct {
	Objects map[string]Object // by key

	Raw                     Table // raw_transactions: the accepted records
	Transactions            Table
	DailyTransactionSummary Table
	MerchantDailySummary    Table
}

// Compute reads objects, uncompressed CSV by key, and computes all that is made of them.
func Compute(objects map[string][]byte) Result {
	accounts := map[string]Object{}
	var good []transaction
	for key, content := range objects {
		records, account := readObject(key, content)
		accounts[key] = account
		good = append(good, records...)
	}
	accepted := settle(good, accounts)
	var raw, transactions [][]string
	for _, t := range accepted {
		raw = append(raw, t.row())
	}
	for _, d := range derive(accepted) {
		transactions = append(transactions, d.row())
	}
	return Result{
		Objects:                 accounts,
		Raw:                     table(rawColumns(), raw),
		Transactions:            table(derivedColumns(), transactions),
		DailyTransactionSummary: table(customerColumns(), summarizeCustomers(accepted)),
		MerchantDailySummary:    table(merchantColumns(), summarizeMerchants(accepted)),
	}
}

func table(columns []string, rows [][]string) Table {
	slices.SortFunc(rows, slices.Compare[[]string])
	return Table{Columns: columns, Rows: rows}
}

func (t transaction) row() []string {
	country, processing := Null, Null
	if t.country != nil {
		country = *t.country
	}
	if t.processing != nil {
		processing = strconv.Itoa(int(*t.processing))
	}
	return []string{t.id, t.date.Format(time.DateOnly), t.stamp.Format("2006-01-02 15:04:05.999999"), t.customer, t.kind,
		money(t.cents), t.currency, t.status, t.merchant, t.name, t.category, country, t.channel, t.card,
		strconv.FormatBool(t.fraudulent), processing}
}

func money(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}
