package pipeline

import (
	"cmp"
	"math/big"
	"math/bits"
	"slices"
	"strings"
)

// derived is a transaction with what the model adds to it.
type derived struct {
	transaction
	inDay   int
	running int64 // cents
	outlier bool
}

// daysOf parts transactions by business date, the first date first.
func daysOf(all []transaction) [][]transaction {
	by := map[int64][]transaction{}
	for _, t := range all {
		by[t.date.Unix()] = append(by[t.date.Unix()], t)
	}
	days := make([][]transaction, 0, len(by))
	for _, day := range by {
		days = append(days, day)
	}
	slices.SortFunc(days, func(a, b []transaction) int { return a[0].date.Compare(b[0].date) })
	return days
}

// derive adds the derived columns to the transactions of one date, which it sorts by
// customer and time.
func derive(day []transaction) []derived {
	slices.SortFunc(day, func(a, b transaction) int {
		return cmp.Or(strings.Compare(a.customer, b.customer), a.stamp.Compare(b.stamp), strings.Compare(a.id, b.id))
	})
	usual := usualOf(day)
	out := make([]derived, 0, len(day))
	for from := 0; from < len(day); {
		to := from
		for to < len(day) && day[to].customer == day[from].customer {
			to++
		}
		running := int64(0)
		for _, t := range day[from:to] {
			running += t.cents
			out = append(out, derived{transaction: t, inDay: to - from, running: running, outlier: usual[t.kind].exceeded(t.cents)})
		}
		from = to
	}
	return out
}

// spread is what amounts of a type on a date come to.
type spread struct {
	count, sum uint64 // cents
	squares    wide
	bound      wide // 9 * (count * squares - sum * sum)
}

// wide is an integer of 128 bits.
type wide struct{ high, low uint64 }

func square(n uint64) (w wide) {
	w.high, w.low = bits.Mul64(n, n)
	return w
}

func (w wide) plus(o wide) wide {
	low, carry := bits.Add64(w.low, o.low, 0)
	high, _ := bits.Add64(w.high, o.high, carry)
	return wide{high, low}
}

func (w wide) over(o wide) bool { return w.high > o.high || w.high == o.high && w.low > o.low }

func (w wide) number() *big.Int {
	n := new(big.Int).SetUint64(w.high)
	return n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(w.low))
}

func usualOf(day []transaction) map[string]*spread {
	usual := map[string]*spread{}
	for i := range day {
		s := usual[day[i].kind]
		if s == nil {
			s = new(spread)
			usual[day[i].kind] = s
		}
		s.count++
		s.sum += uint64(day[i].cents)
		s.squares = s.squares.plus(square(uint64(day[i].cents)))
	}
	for _, s := range usual {
		bound := new(big.Int).Mul(new(big.Int).SetUint64(s.count), s.squares.number())
		bound.Sub(bound, square(s.sum).number()).Mul(bound, big.NewInt(9))
		s.bound.low = new(big.Int).And(bound, new(big.Int).SetUint64(^uint64(0))).Uint64()
		s.bound.high = bound.Rsh(bound, 64).Uint64()
	}
	return usual
}

// exceeded tells whether an amount lies above mean + 3 standard deviations.
func (s *spread) exceeded(cents int64) bool {
	scaled := uint64(cents) * s.count
	return scaled > s.sum && square(scaled-s.sum).over(s.bound)
}

// risk is the score of a transaction and the rules that make it.
func (d *derived) risk() (score int, reasons string, high bool) {
	hour := d.stamp.Hour()
	bought := d.kind == "PAYMENT" || d.kind == "ONLINE_PURCHASE" || d.kind == "MOBILE_PAYMENT"
	large, many := d.cents > 5_000_00, d.inDay > 20
	for _, rule := range [...]struct {
		name   string
		holds  bool
		points int
	}{
		{"FRAUD_LABEL", d.fraudulent, 50},
		{"HIGH_AMOUNT", large, 25},
		{"VELOCITY", many, 25},
		{"OUTLIER", d.outlier, 20},
		{"NIGHT", hour >= 22 || hour < 6, 10},
		{"UNKNOWN_MERCHANT", d.merchant == unknown && bought, 10},
		{"FOREIGN_CURRENCY", d.currency != "EUR", 5},
	} {
		if rule.holds {
			score += rule.points
			if reasons != "" {
				reasons += ","
			}
			reasons += rule.name
		}
	}
	return min(score, 100), reasons, d.fraudulent || large || many
}

func amountCategory(cents int64) string {
	switch {
	case cents < 10_00:
		return "MICRO"
	case cents < 100_00:
		return "SMALL"
	case cents < 1_000_00:
		return "MEDIUM"
	case cents < 10_000_00:
		return "LARGE"
	}
	return "VERY_LARGE"
}

func timeOfDay(hour int) string {
	switch {
	case hour >= 6 && hour <= 11:
		return "MORNING"
	case hour >= 12 && hour <= 17:
		return "AFTERNOON"
	case hour >= 18 && hour <= 21:
		return "EVENING"
	}
	return "NIGHT"
}
