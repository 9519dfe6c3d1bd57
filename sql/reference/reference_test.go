package reference

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type texts = map[string]string

// pick returns some columns of a table.
func pick(t *testing.T, table Table, columns ...string) [][]string {
	t.Helper()
	var out [][]string
	for _, row := range table.Rows {
		picked := make([]string, len(columns))
		for i, column := range columns {
			at := slices.Index(table.Columns, column)
			if at < 0 {
				t.Fatalf("no column %s in %v", column, table.Columns)
			}
			picked[i] = row[at]
		}
		out = append(out, picked)
	}
	return out
}

func TestComputeAccepts(t *testing.T) {
	t.Parallel()
	got := Compute(map[string][]byte{
		"in/part-2.csv": object(
			sent(texts{}),
			sent(texts{"amount": "12.3"}), // equal once read
			sent(texts{"transaction_id": "t2", "amount": "1.00"}),
			sent(texts{"transaction_id": "t3", "transaction_timestamp": "2025-01-31 13:00:00"}),
			sent(texts{"transaction_id": "t4", "transaction_date": "2025-01-30", "transaction_timestamp": "2025-01-30 12:00:00.500"}),
			sent(texts{"amount": "0"}),
			sent(texts{"transaction_id": "t6", "amount": "7"})),
		"in/part-3.csv": object(
			sent(texts{"transaction_id": "t6", "amount": "8"}),
			sent(texts{"transaction_id": "t6", "amount": "8"})),
		"in/part-10.csv": object(
			sent(texts{"transaction_id": "t6", "amount": "7"}),
			sent(texts{"transaction_id": "t2", "amount": "2.00"}),
			sent(texts{"transaction_id": "t3", "amount": "9.00"}),
			sent(texts{"transaction_id": "t4", "country": "", "processing_time_ms": ""}),
			sent(texts{"transaction_id": "t5", "amount": "5.00"}),
			sent(texts{"transaction_id": "t5", "amount": "10.00"})),
		"in/other.csv": []byte("id,amount\n1,2\n"),
		"in/empty.csv": nil,
		"in/head.csv":  object(),
	})
	// Key t6: 7.00 was sent first and last and wins; its first copy is the one accepted.
	accounts := map[string]Object{
		"in/part-2.csv":  {Read: 7, Accepted: 4, Duplicates: 1, Rejected: map[string]int{"amount_positive": 1, "key_conflict": 1}},
		"in/part-3.csv":  {Read: 2, Duplicates: 1, Rejected: map[string]int{"key_conflict": 1}},
		"in/part-10.csv": {Read: 6, Accepted: 3, Duplicates: 1, Rejected: map[string]int{"key_conflict": 2}},
		"in/other.csv":   {Refused: "header"},
		"in/empty.csv":   {Refused: "header"},
		"in/head.csv":    {Rejected: map[string]int{}},
	}
	if diff := cmp.Diff(accounts, got.Objects); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	want := [][]string{
		{"t1", "2025-01-31", "2025-01-31 12:00:00", "12.30", "FR", "120"},
		{"t2", "2025-01-31", "2025-01-31 12:00:00", "2.00", "FR", "120"},    // part-10 is later than part-2
		{"t3", "2025-01-31", "2025-01-31 13:00:00", "12.30", "FR", "120"},   // the later timestamp
		{"t4", "2025-01-30", "2025-01-30 12:00:00.5", "12.30", "FR", "120"}, // another date is another key
		{"t4", "2025-01-31", "2025-01-31 12:00:00", "12.30", Null, Null},
		{"t5", "2025-01-31", "2025-01-31 12:00:00", "10.00", "FR", "120"}, // the greater by all columns, as numbers
		{"t6", "2025-01-31", "2025-01-31 12:00:00", "7.00", "FR", "120"},
	}
	columns := []string{"transaction_id", "transaction_date", "transaction_timestamp", "amount", "country", "processing_time_ms"}
	if diff := cmp.Diff(want, pick(t, got.Raw, columns...)); diff != "" {
		t.Errorf("raw (-want +got):\n%s", diff)
	}
}

// The order of map iteration, of objects and of records must not matter.
func TestComputeIsStable(t *testing.T) {
	t.Parallel()
	objects := map[string][]byte{}
	for i := range 20 {
		objects[fmt.Sprintf("o%d.csv", i)] = object(
			sent(texts{"transaction_id": fmt.Sprint("t", i%7), "amount": fmt.Sprint(i + 1)}),
			sent(texts{"transaction_id": fmt.Sprint("u", i), "transaction_date": "2025-01-30", "transaction_timestamp": "2025-01-30 00:00:00"}))
	}
	first := Compute(objects)
	for range 5 {
		if diff := cmp.Diff(first, Compute(objects)); diff != "" {
			t.Fatalf("another answer (-first +later):\n%s", diff)
		}
	}
	for key, account := range first.Objects {
		rejected := 0
		for _, n := range account.Rejected {
			rejected += n
		}
		if account.Read != account.Accepted+account.Duplicates+rejected {
			t.Errorf("%s does not add up: %+v", key, account)
		}
	}
}

func TestDerivedBoundaries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ clock, amount, category, day string }{
		{"05:59:59.999999", "9.99", "MICRO", "NIGHT"},
		{"06:00:00", "10.00", "SMALL", "MORNING"},
		{"11:59:59", "99.99", "SMALL", "MORNING"},
		{"12:00:00", "100.00", "MEDIUM", "AFTERNOON"},
		{"17:59:59", "999.99", "MEDIUM", "AFTERNOON"},
		{"18:00:00", "1000.00", "LARGE", "EVENING"},
		{"21:59:59", "9999.99", "LARGE", "EVENING"},
		{"22:00:00", "10000.00", "VERY_LARGE", "NIGHT"},
	} {
		got := Compute(map[string][]byte{"o.csv": object(sent(texts{"transaction_timestamp": "2025-01-31 " + c.clock, "amount": c.amount}))})
		want := [][]string{{"6", c.category, c.day, "1", c.amount}}
		columns := []string{"day_of_week", "amount_category", "time_of_day", "daily_transaction_count", "daily_cumulative_amount"}
		if diff := cmp.Diff(want, pick(t, got.Transactions, columns...)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.clock, c.amount, diff)
		}
	}
}

func TestRunningAmount(t *testing.T) {
	t.Parallel()
	at := func(id, clock, amount string) texts {
		return sent(texts{"transaction_id": id, "transaction_timestamp": "2025-01-31 " + clock, "amount": amount})
	}
	got := Compute(map[string][]byte{"o.csv": object(at("t3", "09:00:00", "0.30"), at("t2", "09:00:00", "0.20"), at("t1", "12:00:00", "0.10"),
		sent(texts{"transaction_id": "t4", "customer_id": "c2", "amount": "5"}))})
	want := [][]string{{"t1", "3", "0.60"}, {"t2", "3", "0.20"}, {"t3", "3", "0.50"}, {"t4", "1", "5.00"}}
	if diff := cmp.Diff(want, pick(t, got.Transactions, "transaction_id", "daily_transaction_count", "daily_cumulative_amount")); diff != "" {
		t.Errorf("running (-want +got):\n%s", diff)
	}
}

// Of n amounts of which one differs, that one lies (n-1)/sqrt(n-1) deviations from
// the mean: exactly 3 for ten.
func TestOutlier(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{2: "false", 10: "false", 11: "true"} {
		var records []texts
		for i := range n {
			amount := "1.00"
			if i == 0 {
				amount = "1.01"
			}
			records = append(records, sent(texts{"transaction_id": fmt.Sprintf("t%02d", i), "customer_id": fmt.Sprint(i), "amount": amount}))
		}
		got := pick(t, Compute(map[string][]byte{"o.csv": object(records...)}).Transactions, "is_outlier", "risk_score")
		if got[0][0] != want || got[1][0] != "false" {
			t.Errorf("%d amounts: %v", n, got)
		}
	}
}

func TestRisk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes texts
		times   int
		want    []string
	}{
		"calm":        {texts{"amount": "5000.00"}, 1, []string{"0", "", "false"}},
		"large":       {texts{"amount": "5000.01"}, 1, []string{"25", "HIGH_AMOUNT", "true"}},
		"labelled":    {texts{"is_fraudulent": "1"}, 1, []string{"50", "FRAUD_LABEL", "true"}},
		"night":       {texts{"transaction_timestamp": "2025-01-31 22:00:00"}, 1, []string{"10", "NIGHT", "false"}},
		"nameless":    {texts{"merchant_id": ""}, 1, []string{"10", "UNKNOWN_MERCHANT", "false"}},
		"no merchant": {texts{"merchant_id": "", "transaction_type": "TRANSFER"}, 1, []string{"0", "", "false"}},
		"abroad":      {texts{"currency": "USD"}, 1, []string{"5", "FOREIGN_CURRENCY", "false"}},
		"twenty":      {texts{}, 20, []string{"0", "", "false"}},
		"twenty-one":  {texts{}, 21, []string{"25", "VELOCITY", "true"}},
		"all but one": {texts{"amount": "9000", "is_fraudulent": "t", "transaction_timestamp": "2025-01-31 23:00:00", "merchant_id": "", "currency": "USD"}, 21,
			[]string{"100", "FRAUD_LABEL,HIGH_AMOUNT,VELOCITY,NIGHT,UNKNOWN_MERCHANT,FOREIGN_CURRENCY", "true"}},
	} {
		var records []texts
		for i := range c.times {
			record := sent(c.changes)
			record["transaction_id"] = fmt.Sprint(i)
			records = append(records, record)
		}
		got := pick(t, Compute(map[string][]byte{"o.csv": object(records...)}).Transactions, "risk_score", "risk_reasons", "is_high_risk")
		if diff := cmp.Diff(c.want, got[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSummaries(t *testing.T) {
	t.Parallel()
	got := Compute(map[string][]byte{"o.csv": object(
		sent(texts{"transaction_id": "t1", "amount": "0.14"}),
		sent(texts{"transaction_id": "t2", "amount": "0.15", "is_fraudulent": "y", "merchant_name": ""}),
		sent(texts{"transaction_id": "t3", "customer_id": "c2", "amount": "2", "status": "FAILED", "merchant_name": "Alfa"}),
		sent(texts{"transaction_id": "t4", "customer_id": "c2", "amount": "1", "status": "PENDING", "merchant_id": "", "merchant_category": "X"}))})
	customers := [][]string{
		{"c1", "2025-01-31", "2", "0.29", "0.15", "0.14", "0.15", "1", "1", "2", "0"},
		{"c2", "2025-01-31", "2", "3.00", "1.50", "1.00", "2.00", "2", "0", "0", "1"},
	}
	if diff := cmp.Diff(customers, got.DailyTransactionSummary.Rows); diff != "" {
		t.Errorf("customers (-want +got):\n%s", diff)
	}
	merchants := [][]string{
		{"UNKNOWN", "2025-01-31", "Alpha", "X", "1", "1.00", "1.00", "1"},
		{"m1", "2025-01-31", "Alpha", "GROCERY", "3", "2.29", "0.76", "2"},
	}
	if diff := cmp.Diff(merchants, got.MerchantDailySummary.Rows); diff != "" {
		t.Errorf("merchants (-want +got):\n%s", diff)
	}
}

func TestNatural(t *testing.T) {
	t.Parallel()
	ordered := []string{"a/1.csv", "a/2.csv", "a/10.csv", "a/010b.csv", "a/b.csv", "part-9", "part-10", "part-10-1", "part-99999999999999999999", "part-100000000000000000000"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := natural(a, b), bytes.Compare([]byte{byte(i)}, []byte{byte(j)}); got != want {
				t.Errorf("natural(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}
