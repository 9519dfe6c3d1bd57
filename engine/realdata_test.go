package engine_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// figures are what the real input of one folder must come to.
type figures struct {
	project, contract string
	read              int64
	sums              string            // of all control groups together
	rounded           int64             // accepted records that lost digits beyond the scale
	units             int               // made
	rejected          map[string]int64  // by reason
	warned            map[string]int64  // rows of the tests that warn, over all units
	lake              map[string]string // statements over the models in the lake, and what they return
}

func realData() []figures {
	return []figures{
		{project: "fraud_handbook", contract: "raw_card_payments", read: 1_754_155, sums: "94079370.08", units: 183, rounded: 1_214,
			rejected: map[string]int64{"amount_positive": 42},
			lake: map[string]string{
				// The 42 payments of 0.0 are refused; none of them is a fraud, or the only one of its customer.
				"select count(*), sum(tx_amount), count(*) filter (tx_fraud), count(distinct customer_id) from card_payments": "1754113 94079370.08 14681 4990",
				"select min(transaction_id), max(transaction_id), count(distinct transaction_id) from card_payments":          "0 1754154 1754113",
			}},
		{project: "anz", contract: "raw_account_movements", read: 12_043, sums: "2263284.2", units: 91,
			lake: map[string]string{
				"select count(*), sum(amount), count(*) filter (merchant_id is null) from account_movements": "12043 2263284.20 4326",
			}},
		{project: "tabformer", contract: "raw_card_events", read: 19_963, sums: "1622991.69", units: 19,
			lake: map[string]string{
				"select count(*), sum(amount), count(*) filter (is_refund) from card_events":                                "19963 1622991.69 650",
				"select min(merchant_id), max(merchant_id), count(distinct merchant_id), sum(merchant_id) from card_events": "-9179793182211330025 9137769173591184401 552 15622352043526164412436",
				"select count(*) from card_events where zip is not null and length(zip) <> 5":                               "0",
			}},
		{project: "gla_spending", contract: "raw_payments", read: 28_145, sums: "1000083306", units: 61,
			lake: map[string]string{
				"select count(*), sum(amount), count(*) filter (is_refund), sum(amount) filter (is_refund), count(*) filter (vendor_id is null) from payments": "28145 1000083306.00 1209 -15813924.54 8927",
				"select sum(payments), sum(total_amount), sum(refunded_amount) from vendor_daily_spending":                                                     "28145 1000083306.00 -15813924.54",
			}},
		{project: "financecore", contract: "raw_statement_lines", read: 2_060, sums: "-430381.98", units: 3,
			warned: map[string]int64{"unique transaction_id": 60, "not is_off_rate": 30},
			lake: map[string]string{
				"select count(*), count(distinct transaction_id), count(*) filter (occurrence = 2), count(*) filter (is_off_rate) from statement_lines":                                         "2060 2000 60 30",
				"select count(*) filter (is_french_date), count(*) filter (is_decimal_comma), count(*) filter (is_balance_with_currency), count(*) filter (is_lower_case) from statement_lines": "80 48 40 20",
				"select string_agg(distinct currency, ' ' order by currency) from statement_lines":                                                                                              "CHF EUR GBP MAD USD",
			}},
		{project: "bank_2512", contract: "raw_account_transactions", read: 2_512, sums: "747555.57", units: 13,
			lake: map[string]string{
				"select booked_at from account_transactions where transaction_id = 'TX000001'": "2023-04-11 16:29:00",
				"select count(*), sum(amount) from account_transactions":                       "2512 747555.57",
			}},
		{project: "amlsim", contract: "raw_transfers", read: 120_558, sums: "33287919.2", units: 5,
			lake: map[string]string{
				"select count(*), sum(amount), count(*) filter (occurrence > 1) from transfers":   "120558 33287919.20 1684",
				"select count(*), count(*) filter (is_fraud), sum(initial_balance) from accounts": "20000 1804 5600953.52",
			}},
	}
}

// TestRealData runs every example over the input that it is for: each figure that
// is known of the input comes out, and read = accepted + duplicate + rejected.
func TestRealData(t *testing.T) {
	t.Parallel()
	for _, want := range realData() {
		t.Run(want.project, func(t *testing.T) {
			t.Parallel()
			b := example(t, want.project, want.project, site{})
			want.check(t, b, b.run(engine.Selection{}))
		})
	}
}

// check holds what one run has made of the folder against its figures.
func (want figures) check(t *testing.T, b *bench, report *engine.Report) {
	t.Helper()
	if report.Exit != engine.ExitDone {
		t.Fatalf("exit %d: %v", report.Exit, report.Verdicts)
	}
	if n := len(madeUnits(report, want.contract)); n != want.units {
		t.Errorf("%d units, want %d", n, want.units)
	}
	if d := cmp.Diff(nonNil(want.warned), warnedRows(report)); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	want.balance(t, accountOf(t, report, want.contract))
	want.answers(t, b)
}

// inLake holds what the lake and its ledger say of the folder against its figures,
// however many runs it took.
func (want figures) inLake(t *testing.T, b *bench) {
	t.Helper()
	state := b.open(false).State()
	units := state.UnitNames(want.contract)
	if len(units) != want.units {
		t.Errorf("%d units, want %d", len(units), want.units)
	}
	var cells []ledger.Cell
	for _, unit := range units {
		record, _ := state.Unit(want.contract, unit)
		cells = append(cells, record.Cells...)
	}
	for key, o := range state.Objects[want.contract] {
		if o.Refused != nil {
			t.Errorf("%s is refused: %v", key, o.Refused)
		}
	}
	want.balance(t, ledger.Sum(cells))
	want.answers(t, b)
}

func (want figures) balance(t *testing.T, account ledger.Cell) {
	t.Helper()
	if account.Read.Records != want.read || sumOfGroups(account.Read) != want.sums {
		t.Errorf("read %d records, %s; want %d, %s", account.Read.Records, sumOfGroups(account.Read), want.read, want.sums)
	}
	if account.Rounded != want.rounded {
		t.Errorf("%d rounded records, want %d", account.Rounded, want.rounded)
	}
	if d := cmp.Diff(nonNil(want.rejected), rejectedRecords(account)); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
	if out := account.Accepted.Records + account.Duplicate.Records + sumOfValues(rejectedRecords(account)); out != want.read {
		t.Errorf("%d records came out of %d", out, want.read)
	}
}

func (want figures) answers(t *testing.T, b *bench) {
	t.Helper()
	for statement, answer := range want.lake {
		if got := inLake(t, b, statement); got != answer {
			t.Errorf("%s:\n got %s\nwant %s", statement, got, answer)
		}
	}
}

// TestRealSpellings takes one spelling at a time out of financecore's contract:
// exactly the records that are written so are rejected for it.
func TestRealSpellings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, reason string
		rejected     int64
		change       []string // old text, new text, ...
	}{
		{"dates dd/mm/yyyy", "booked_at_type", 80, []string{"format booked_at: %Y-%m-%d %H:%M:%S | %d/%m/%Y %H:%M", "format booked_at: %Y-%m-%d %H:%M:%S"}},
		{"decimal commas", "amount_type", 48, []string{"format amount: 1234.56 | 1234,56", "format amount: 1234.56"}},
		{"balances with a currency", "balance_type", 40, []string{"format balance: 1234.56 | 1234.56 EUR", "format balance: 1234.56"}},
		{"lower-case currencies", "currency_known", 20, []string{"read currency: upper(devise)", "read currency: devise"}},
		{"wrong conversions", "conversion", 30, []string{"rate_positive   check (taux_change_eur > 0)",
			"conversion check (abs(montant_eur * taux_change_eur - amount) <= 0.01 * taux_change_eur)"}},
		{"ids twice", "key_conflict", 60, []string{"check (taux_change_eur > 0)\n", "check (taux_change_eur > 0),\n  primary key (transaction_id)\n",
			"-- control:", "-- key conflict: latest by booked_at\n-- control:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := example(t, "financecore", "financecore", site{})
			b.files = changed(t, b.files, "sql/contracts/raw_statement_lines.sql", append(c.change, "reject limit: 0.1 %", "reject limit: 10 %"))
			account := accountOf(t, b.run(engine.Selection{}), "raw_statement_lines")
			if d := cmp.Diff(map[string]int64{c.reason: c.rejected}, rejectedRecords(account)); d != "" {
				t.Errorf("rejected (-want +got):\n%s", d)
			}
		})
	}
}

// changed is a project with other texts in one file, each of which stands in it once.
func changed(t *testing.T, files fs.FS, name string, change []string) fs.FS {
	t.Helper()
	copied := fstest.MapFS{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		copied[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(copied[name].Data)
	for i := 0; i < len(change); i += 2 {
		if n := strings.Count(text, change[i]); n != 1 {
			t.Fatalf("%s has %q %d times", name, change[i], n)
		}
	}
	copied[name].Data = []byte(strings.NewReplacer(change...).Replace(text))
	return copied
}

func accountOf(t *testing.T, r *engine.Report, feed string) ledger.Cell {
	t.Helper()
	for _, a := range r.Accounts {
		if a.Feed == feed {
			return a.Cell
		}
	}
	t.Fatalf("no account of %s: exit %d, %v", feed, r.Exit, r.Verdicts)
	return ledger.Cell{}
}

func rejectedRecords(c ledger.Cell) map[string]int64 {
	counts := map[string]int64{}
	for reason, tally := range c.Rejected {
		if tally.Records > 0 {
			counts[reason] = tally.Records
		}
	}
	return counts
}

// warnedRows adds up the rows of tests that warned, by their text.
func warnedRows(r *engine.Report) map[string]int64 {
	rows := map[string]int64{}
	for _, result := range r.Tests {
		if result.Warn && !result.Passed {
			rows[result.Test] += result.Failures
		}
	}
	return rows
}

func sumOfValues(counts map[string]int64) (sum int64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// sumOfGroups is the first control sum of a tally over all its groups.
func sumOfGroups(t ledger.Tally) string {
	if len(t.Groups) == 0 {
		return ""
	}
	sum := t.Groups[0].Sums[0]
	for _, g := range t.Groups[1:] {
		sum = sum.Add(g.Sums[0])
	}
	return sum.String()
}

func nonNil(counts map[string]int64) map[string]int64 {
	if counts == nil {
		return map[string]int64{}
	}
	return counts
}

// inLake runs a statement over the published files of all models, as any reader
// of Parquet would, and returns the cells of its rows.
func inLake(t *testing.T, b *bench, statement string) string {
	t.Helper()
	var lines []string
	for _, row := range lakeRows(t, b, statement) {
		lines = append(lines, strings.Join(row, " "))
	}
	return strings.Join(lines, "\n")
}

func lakeRows(t *testing.T, b *bench, statement string) [][]string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	entries, err := os.ReadDir(b.lake)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "_") {
			continue
		}
		glob := filepath.Join(b.lake, e.Name(), "**", "*.parquet")
		if _, err := db.ExecContext(t.Context(), "create view "+e.Name()+" as from read_parquet('"+glob+"')"); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.QueryContext(t.Context(), "select cast(columns(*) as varchar) from ("+statement+")")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(columns))
		for i, c := range cells {
			row[i] = c.String
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
