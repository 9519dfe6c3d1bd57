package datagen

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// source is a stream of random numbers whose every derived value is defined
// here: math/rand/v2 fixes what PCG gives, not what its methods make of it.
type source struct{ pcg *rand.PCG }

// newSource returns the stream of a number under a seed. Streams of near
// numbers have nothing in common.
func newSource(seed, stream uint64) *source {
	return &source{rand.NewPCG(scramble(seed), scramble(stream^scramble(seed+1)))}
}

// scramble is the finalizer of SplitMix64.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Uint64 makes a source a rand.Source, as gofakeit wants one.
func (s *source) Uint64() uint64 { return s.pcg.Uint64() }

// below returns a number in [0, n).
func (s *source) below(n int) int {
	high, _ := bits.Mul64(s.pcg.Uint64(), uint64(n))
	return int(high)
}

// between returns a number in [low, high].
func (s *source) between(low, high int) int { return low + s.below(high-low+1) }

// fraction returns a number in [0, 1).
func (s *source) fraction() float64 { return float64(s.pcg.Uint64()>>11) / (1 << 53) }

// chance is true in so many of 10,000 cases.
func (s *source) chance(of10000 int) bool { return s.below(10_000) < of10000 }

// choice is a table in which every outcome stands as often as it weighs.
type choice []uint8

// weighted makes a choice of outcome i with the i-th weight.
func weighted(weights ...int) choice {
	var out choice
	for i, weight := range weights {
		for range weight {
			out = append(out, uint8(i))
		}
	}
	return out
}

func (c choice) pick(s *source) uint8 { return c[s.below(len(c))] }

// alias draws from any number of outcomes by weight, in two look-ups (Walker).
type alias struct {
	keep  []uint32 // below it the column's own outcome is drawn
	other []int32
}

func newAlias(weights []float64) alias {
	n := len(weights)
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	a := alias{make([]uint32, n), make([]int32, n)}
	scaled := make([]float64, n)
	var small, large []int32
	for i, w := range weights {
		scaled[i] = w * float64(n) / sum
		if scaled[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = uint32(scaled[s]*math.MaxUint32), l
		scaled[l] -= 1 - scaled[s]
		if scaled[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) {
		a.keep[i], a.other[i] = math.MaxUint32, i
	}
	return a
}

func (a alias) pick(s *source) int32 {
	column, rest := bits.Mul64(s.pcg.Uint64(), uint64(len(a.keep)))
	if uint32(rest>>32) <= a.keep[column] {
		return int32(column)
	}
	return a.other[column]
}

const quantiles = 1 << 12

// lognormal draws whole numbers whose logarithm is normal, from a table of
// quantiles and a straight line between two of them.
type lognormal [quantiles + 1]int32

func newLognormal(median, sigma float64) *lognormal {
	var l lognormal
	for i := range l {
		p := (float64(i) + 0.5) / (quantiles + 1)
		l[i] = int32(math.Round(median * math.Exp(sigma*normalQuantile(p))))
	}
	return &l
}

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

func (l *lognormal) pick(s *source) int64 {
	u := s.pcg.Uint64()
	i, part := u>>52, int64(u>>20&0xffff)
	low, high := int64(l[i]), int64(l[i+1])
	return low + (high-low)*part>>16
}
