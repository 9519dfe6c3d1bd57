package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Resamples is how many resamples an interval is made of.
const Resamples = 10_000

// enough is the fewest repetitions whose median has a 95 % interval.
const enough = 6

// Basis is what an interval rests on.
type Basis string

// Bases, the surest first.
const (
	Counted   Basis = "counted"   // no repetition differs: bytes, blocks, rows
	Bootstrap Basis = "bootstrap" // 95 % of the resamples
	Range     Basis = "range"     // every ratio that fewer than six repetitions allow
	Single    Basis = "single"    // one repetition: there is no interval
)

// Ratio is a median in units of another one.
type Ratio struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`  // of the interval; Value itself where the basis is Single or Counted
	High  float64 `json:"high"` // as Low
	Runs  int     `json:"runs"` // repetitions of the side that has fewer
	Basis Basis   `json:"basis"`
}

// Samples are the repetitions of one thing. Those of a ratio are paired when the
// i-th of each were taken in the same round: rounds are then resampled rather than
// values, so that what slowed a whole round down cancels out.
type Samples []float64

// RatioOf is the median of one by the median of another.
func RatioOf(of, by Samples, paired bool) Ratio {
	return Quotient([]Samples{of}, []Samples{by}, paired)
}

// Quotient is the product of some medians by the product of others: a ratio, or a
// ratio of ratios. All are positive; one without values makes it NaN.
func Quotient(of, by []Samples, paired bool) Ratio {
	all := slices.Concat(of, by)
	r := Ratio{Value: quotient(all, len(of), Samples.median), Runs: len(all[0])}
	equal := true
	for _, s := range all {
		r.Runs = min(r.Runs, len(s))
		paired = paired && len(s) == len(all[0])
		equal = equal && (len(s) == 0 || slices.Min(s) == slices.Max(s))
	}
	r.Low, r.High = r.Value, r.Value
	switch {
	case r.Runs <= 1:
		r.Basis = Single
	case equal:
		r.Basis = Counted
	case r.Runs < enough:
		r.Basis = Range
		r.Low = quotient(of, len(of), Samples.least) / quotient(by, len(by), Samples.most)
		r.High = quotient(of, len(of), Samples.most) / quotient(by, len(by), Samples.least)
	default:
		r.Basis = Bootstrap
		r.Low, r.High = resampled(all, len(of), paired)
	}
	return r
}

func (s Samples) median() float64 { return Median(s) }

// medianHere is the median; it may change the order.
func (s Samples) medianHere() float64 { return medianOf(s) }

func (s Samples) least() float64 { return slices.Min(s) }

func (s Samples) most() float64 { return slices.Max(s) }

// quotient is the product of a figure of the first n by that of the others.
func quotient(all []Samples, n int, figure func(Samples) float64) float64 {
	value := 1.0
	for i, s := range all {
		if i < n {
			value *= figure(s)
		} else {
			value /= figure(s)
		}
	}
	return value
}

// resampled is the 95 % percentile interval of the quotient.
func resampled(all []Samples, n int, paired bool) (low, high float64) {
	return interval(resamples(all, n, paired, 0))
}

// interval is where 95 % of the values lie; it sorts them. Both ends are values, so
// that the interval of the inverses is the inverse of the interval.
func interval(values []float64) (low, high float64) {
	slices.Sort(values)
	tail := len(values) / 40
	return values[tail-1], values[len(values)-tail]
}

// resamples are the quotients of samples drawn again from themselves. Where several
// quotients are drawn side by side, each has a place of its own: with one seed for all,
// those of as many samples would draw the same rounds.
func resamples(all []Samples, n int, paired bool, place int) []float64 {
	seed := uint64(place)*31 + uint64(len(all))
	for _, s := range all {
		seed = seed*31 + uint64(len(s))
	}
	random := rand.New(rand.NewPCG(seed, Resamples))
	values := make([]float64, Resamples)
	again := make([]Samples, len(all))
	for i, s := range all {
		again[i] = make(Samples, len(s))
	}
	rounds := make([]int, len(all[0]))
	for i := range values {
		for k := range rounds {
			rounds[k] = random.IntN(len(rounds))
		}
		for j, s := range all {
			for k := range s {
				if paired {
					again[j][k] = s[rounds[k]]
				} else {
					again[j][k] = s[random.IntN(len(s))]
				}
			}
		}
		values[i] = quotient(again, n, Samples.medianHere)
	}
	return values
}

// Inverse is the ratio seen from the other side: 4 times for a quarter.
func (r Ratio) Inverse() Ratio {
	r.Value, r.Low, r.High = 1/r.Value, 1/r.High, 1/r.Low
	return r
}

// Defined tells whether there is a ratio at all: both sides measured, and not 0.
func (r Ratio) Defined() bool {
	return !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0) && r.Value > 0
}

// Interleaved tells whether samples taken in these orders were taken in rounds:
// the i-th of each before the next of either. Both are ascending.
func Interleaved(a, b []int) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	for i := 1; i < len(a); i++ {
		if max(a[i-1], b[i-1]) > min(a[i], b[i]) {
			return false
		}
	}
	return true
}
