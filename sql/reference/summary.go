package reference

import (
	"math/big"
	"strconv"
	"time"
)

func customerColumns() []string {
	return []string{"customer_id", "transaction_date", "transaction_count", "total_amount", "avg_amount", "min_amount",
		"max_amount", "unique_merchants", "fraud_count", "completed_count", "failed_count"}
}

func merchantColumns() []string {
	return []string{"merchant_id", "transaction_date", "merchant_name", "merchant_category", "transaction_count",
		"total_revenue", "avg_transaction", "unique_customers"}
}

func summarizeCustomers(all []transaction) (rows [][]string) {
	for _, day := range customerDays(all) {
		first := day[0]
		total, low, high := int64(0), first.cents, first.cents
		frauds, completed, failed := 0, 0, 0
		merchants := map[string]bool{}
		for _, t := range day {
			total += t.cents
			low, high = min(low, t.cents), max(high, t.cents)
			merchants[t.merchant] = true
			frauds += truth(t.fraudulent)
			completed += truth(t.status == "COMPLETED")
			failed += truth(t.status == "FAILED")
		}
		rows = append(rows, []string{first.customer, first.date.Format(time.DateOnly), strconv.Itoa(len(day)),
			money(total), money(mean(total, len(day))), money(low), money(high), strconv.Itoa(len(merchants)),
			strconv.Itoa(frauds), strconv.Itoa(completed), strconv.Itoa(failed)})
	}
	return rows
}

func summarizeMerchants(all []transaction) (rows [][]string) {
	days := map[string][]transaction{}
	for _, t := range all {
		key := t.date.Format(time.DateOnly) + "\x00" + t.merchant
		days[key] = append(days[key], t)
	}
	for _, day := range days {
		total := int64(0)
		customers := map[string]bool{}
		name, category := unknown, unknown
		for _, t := range day {
			total += t.cents
			customers[t.customer] = true
			name, category = lastKnown(name, t.name), lastKnown(category, t.category)
		}
		rows = append(rows, []string{day[0].merchant, day[0].date.Format(time.DateOnly), name, category,
			strconv.Itoa(len(day)), money(total), money(mean(total, len(day))), strconv.Itoa(len(customers))})
	}
	return rows
}

// lastKnown is the last in the alphabet of two names; UNKNOWN is none.
func lastKnown(a, b string) string {
	switch {
	case b == unknown:
		return a
	case a == unknown:
		return b
	}
	return max(a, b)
}

// mean is the mean in cents.
func mean(cents int64, count int) int64 {
	return roundAway(big.NewRat(cents, int64(count))).Int64()
}

// roundAway is the nearest integer to r, and of two the one farther from zero.
func roundAway(r *big.Rat) *big.Int {
	half := new(big.Rat).Add(new(big.Rat).Abs(r), big.NewRat(1, 2))
	n := new(big.Int).Quo(half.Num(), half.Denom())
	if r.Sign() < 0 {
		n.Neg(n)
	}
	return n
}
