package engine_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
	"ledgermill/sql/reference"
)

// TestAgainstReference compares every accepted row, every derived column and both
// summaries with what a slow, separately written program computes from the same
// raw bytes, and the accounts of every object too.
func TestAgainstReference(t *testing.T) {
	t.Parallel()
	files := edited(t, bank())
	replace(t, files, "sql/contracts/raw_transactions.sql", "reject limit: 5 %", "reject limit: 100 %")
	b := newBench(t, files)
	generate(t, b, 10_000, 2, "2025-01-31")
	b.write("transactions/by_hand.csv", byHand)
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone {
		t.Fatalf("exit %d: %v", report.Exit, report.Verdicts)
	}
	objects := map[string][]byte{}
	paths, err := filepath.Glob(filepath.Join(b.input, "transactions", "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		objects["transactions/"+filepath.Base(p)] = data
	}
	want := reference.Compute(objects)
	for dataset, table := range map[string]reference.Table{
		"transactions": want.Transactions, "daily_transaction_summary": want.DailyTransactionSummary, "merchant_daily_summary": want.MerchantDailySummary,
	} {
		if len(table.Rows) == 0 {
			t.Errorf("the reference has no rows of %s", dataset)
		}
		compareRows(t, dataset, table, b.lakeRows(dataset, table.Columns))
	}
	compareObjects(t, want.Objects, b.open(false).State())
}

// byHand are the shapes that a generator does not think of: spellings of equal
// values, ties, conflicts and duplicates across objects.
const byHand = `transaction_id,transaction_date,transaction_timestamp,customer_id,transaction_type,amount,currency,status,merchant_id,merchant_name,merchant_category,country,channel,card_type,is_fraudulent,processing_time_ms
H1,2025-01-31,2025-01-31 10:00:00,C1,PAYMENT,10.00,EUR,COMPLETED,M1,Shop,FOOD,FR,POS,VISA,false,5
H1,2025-01-31,2025-01-31T10:00:00.000, C1 ,PAYMENT,+10.0,,COMPLETED,M1,Shop,FOOD,FR,POS,VISA,0,5
H2,2025-01-31,2025-01-31 10:00:00,C1,PAYMENT,99.99,EUR,COMPLETED,M1,Shop,FOOD,FR,POS,VISA,false,5
H2,2025-01-31,2025-01-31 10:00:00,C1,PAYMENT,100.00,EUR,COMPLETED,M1,Shop,FOOD,FR,POS,VISA,false,
H3,2025-01-31,2025-01-31 23:59:59.999999,C1,PAYMENT,999999.990,EUR,FAILED,,,,FR,POS,,YES,
H4,2025-01-31,2025-01-31 06:00:00,C1,TRANSFER,1000000,EUR,COMPLETED,M1,"Shop, ""the""
second",FOOD,FR,ATM,VISA,n,+7
H5,2024-02-29,2024-02-29 00:00:00,C2,CHECK,.5,EUR,PENDING,M2,Shöp,FOOD,,BRANCH,,,2147483647
H6,2024-02-29,2024-02-29 00:00:00,C2,CHECK,0.145,EUR,PENDING,M2,Shöp,FOOD,,BRANCH,,,2147483648
H7,2024-02-29,2024-02-29 18:00:00,C2,CHECK,0.14,EUR,PENDING,M2,Shöp,FOOD,,BRANCH,,,
H8,2024-02-29,2024-02-29 21:59:59,C2,CHECK,0.15,EUR,PENDING,M2,Shöp,FOOD,,BRANCH,,,
`

// lakeRows are the rows of a dataset as text, sorted.
func (b *bench) lakeRows(dataset string, columns []string) [][]string {
	b.t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			b.t.Error(err)
		}
	}()
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = `coalesce(cast("` + c + `" as varchar), '` + reference.Null + `')`
	}
	rows, err := db.QueryContext(b.t.Context(), "select "+strings.Join(list, ", ")+" from read_parquet('"+b.lake+"/"+dataset+"/**/*.parquet', hive_partitioning = false)")
	if err != nil {
		b.t.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		values, dest := make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, values)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		b.t.Fatal(err)
	}
	slices.SortFunc(all, slices.Compare[[]string])
	return all
}

// compareRows shows the first rows that differ; a diff of twenty thousand is no help.
func compareRows(t *testing.T, dataset string, want reference.Table, got [][]string) {
	t.Helper()
	if len(want.Rows) != len(got) {
		t.Errorf("%s: %d rows, the reference has %d", dataset, len(got), len(want.Rows))
	}
	shown := 0
	for i := 0; i < min(len(got), len(want.Rows)) && shown < 3; i++ {
		if !slices.Equal(got[i], want.Rows[i]) {
			shown++
			t.Errorf("%s row %d of %v (-reference +lake):\n%s", dataset, i, want.Columns, cmp.Diff(want.Rows[i], got[i]))
		}
	}
}

func compareObjects(t *testing.T, want map[string]reference.Object, state *ledger.State) {
	t.Helper()
	cells := map[string]ledger.Cell{}
	add := func(c ledger.Cell) {
		sum := cells[c.Object].Plus(c)
		sum.Object = c.Object
		cells[c.Object] = sum
	}
	for _, unit := range state.UnitNames("raw_transactions") {
		record, _ := state.Unit("raw_transactions", unit)
		for _, c := range record.Cells {
			add(c)
		}
	}
	for _, o := range state.Objects["raw_transactions"] {
		for _, c := range o.Cells {
			if c.Unit == ledger.NoDate {
				add(c)
			}
		}
	}
	got := map[string]reference.Object{}
	for key, c := range cells {
		o := reference.Object{Read: int(c.Read.Records), Accepted: int(c.Accepted.Records), Duplicates: int(c.Duplicate.Records), Rejected: map[string]int{}}
		for reason, tally := range c.Rejected {
			o.Rejected[reason] = int(tally.Records)
		}
		got[key] = o
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("accounts of objects (-reference +ledger):\n%s", d)
	}
}
