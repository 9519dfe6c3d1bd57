package reference

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The defaults of the model's parameters.
const (
	highAmountCents = 5_000_00
	velocity        = 20
	homeCurrency    = "EUR"
)

// derived is a transaction with what the model adds.
type derived struct {
	transaction
	inDay      int
	running    int64
	outlier    bool
	score      int
	reasons    []string
	isHighRisk bool
}

// derive adds the derived columns, each date by itself.
func derive(all []transaction) []derived {
	usual := usualOf(all)
	var out []derived
	for _, day := range customerDays(all) {
		running := int64(0)
		for _, t := range day {
			running += t.cents
			d := derived{transaction: t, inDay: len(day), running: running}
			d.outlier = usual[typeDay{t.date.Format(time.DateOnly), t.kind}].exceeded(t.cents)
			d.rate()
			out = append(out, d)
		}
	}
	return out
}

// customerDays are the transactions of each customer and date, in time.
func customerDays(all []transaction) map[string][]transaction {
	days := map[string][]transaction{}
	for _, t := range all {
		key := t.date.Format(time.DateOnly) + "\x00" + t.customer
		days[key] = append(days[key], t)
	}
	for _, day := range days {
		slices.SortFunc(day, func(a, b transaction) int {
			return cmp.Or(a.stamp.Compare(b.stamp), cmp.Compare(a.id, b.id))
		})
	}
	return days
}

type typeDay struct{ date, kind string }

// spread is mean and variance of the amounts of a type on a date, exact.
type spread struct{ mean, variance *big.Rat }

func usualOf(all []transaction) map[typeDay]spread {
	amounts := map[typeDay][]int64{}
	for _, t := range all {
		key := typeDay{t.date.Format(time.DateOnly), t.kind}
		amounts[key] = append(amounts[key], t.cents)
	}
	usual := map[typeDay]spread{}
	for key, cents := range amounts {
		count := big.NewRat(int64(len(cents)), 1)
		mean := new(big.Rat)
		for _, c := range cents {
			mean.Add(mean, big.NewRat(c, 1))
		}
		mean.Quo(mean, count)
		variance := new(big.Rat)
		for _, c := range cents {
			off := new(big.Rat).Sub(big.NewRat(c, 1), mean)
			variance.Add(variance, off.Mul(off, off))
		}
		usual[key] = spread{mean: mean, variance: variance.Quo(variance, count)}
	}
	return usual
}

// exceeded says whether an amount lies above mean + 3 standard deviations.
func (s spread) exceeded(cents int64) bool {
	off := new(big.Rat).Sub(big.NewRat(cents, 1), s.mean)
	if off.Sign() <= 0 {
		return false
	}
	nine := new(big.Rat).Mul(s.variance, big.NewRat(9, 1))
	return off.Mul(off, off).Cmp(nine) > 0
}

// rate applies the rules of the score.
func (d *derived) rate() {
	hour := d.stamp.Hour()
	purchase := d.kind == "PAYMENT" || d.kind == "ONLINE_PURCHASE" || d.kind == "MOBILE_PAYMENT"
	for _, rule := range []struct {
		name   string
		points int
		holds  bool
	}{
		{"FRAUD_LABEL", 50, d.fraudulent},
		{"HIGH_AMOUNT", 25, d.cents > highAmountCents},
		{"VELOCITY", 25, d.inDay > velocity},
		{"OUTLIER", 20, d.outlier},
		{"NIGHT", 10, hour >= 22 || hour < 6},
		{"UNKNOWN_MERCHANT", 10, d.merchant == unknown && purchase},
		{"FOREIGN_CURRENCY", 5, d.currency != homeCurrency},
	} {
		if rule.holds {
			d.score += rule.points
			d.reasons = append(d.reasons, rule.name)
		}
	}
	d.score = min(d.score, 100)
	d.isHighRisk = d.cents > highAmountCents || d.fraudulent || d.inDay > velocity
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

func derivedColumns() []string {
	return append(rawColumns(), "day_of_week", "hour", "amount_category", "time_of_day", "daily_transaction_count",
		"daily_cumulative_amount", "is_outlier", "risk_score", "risk_reasons", "is_high_risk")
}

func (d derived) row() []string {
	hour := d.stamp.Hour()
	return append(d.transaction.row(),
		strconv.Itoa(int(d.date.Weekday())+1), strconv.Itoa(hour), amountCategory(d.cents), timeOfDay(hour),
		strconv.Itoa(d.inDay), money(d.running), strconv.FormatBool(d.outlier), strconv.Itoa(d.score),
		strings.Join(d.reasons, ","), strconv.FormatBool(d.isHighRisk))
}
