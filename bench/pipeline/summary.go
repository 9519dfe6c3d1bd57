package pipeline

import "time"

// customerDay is a row of daily_transaction_summary.
type customerDay struct {
	customer                  string
	date                      time.Time
	count, merchants          int
	total, low, high          int64
	frauds, completed, failed int
}

// merchantDay is a row of merchant_daily_summary.
type merchantDay struct {
	merchant         string
	date             time.Time
	name, category   string
	count, customers int
	total            int64
}

// customerDays sums up a day that is sorted by customer.
func customerDays(day []derived) (out []customerDay) {
	for from := 0; from < len(day); {
		first := &day[from]
		c := customerDay{customer: first.customer, date: first.date, low: first.cents, high: first.cents}
		merchants := map[string]bool{}
		to := from
		for ; to < len(day) && day[to].customer == first.customer; to++ {
			t := &day[to]
			c.count++
			c.total += t.cents
			c.low, c.high = min(c.low, t.cents), max(c.high, t.cents)
			c.frauds += truth(t.fraudulent)
			c.completed += truth(t.status == "COMPLETED")
			c.failed += truth(t.status == "FAILED")
			merchants[t.merchant] = true
		}
		c.merchants = len(merchants)
		out = append(out, c)
		from = to
	}
	return out
}

// merchantDays sums up a day by merchant.
func merchantDays(day []derived) (out []merchantDay) {
	type place struct {
		at        int
		customers map[string]bool
	}
	places := map[string]place{}
	for i := range day {
		t := &day[i]
		p, seen := places[t.merchant]
		if !seen {
			p = place{at: len(out), customers: map[string]bool{}}
			places[t.merchant] = p
			out = append(out, merchantDay{merchant: t.merchant, date: t.date, name: unknown, category: unknown})
		}
		m := &out[p.at]
		m.name, m.category = lastKnown(m.name, t.name), lastKnown(m.category, t.category)
		m.count++
		m.total += t.cents
		p.customers[t.customer] = true
		m.customers = len(p.customers)
	}
	return out
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

// mean is total / count in cents, rounded half away from zero. Both are above zero.
func mean(total int64, count int) int64 {
	quotient, rest := total/int64(count), total%int64(count)
	if rest >= int64(count)-rest {
		quotient++
	}
	return quotient
}
