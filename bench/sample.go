package bench

import (
	"math"
	"slices"
	"time"
)

// Sample are the durations of repetitions of one thing.
type Sample []time.Duration

// Median is the middle duration, the mean of two of an even number, 0 of none.
func (s Sample) Median() time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Variation is the coefficient of variation: standard deviation by mean. A
// difference smaller than it is no finding. It is 0 of less than two durations.
func (s Sample) Variation() float64 {
	if len(s) < 2 {
		return 0
	}
	var sum, squares float64
	for _, d := range s {
		sum += d.Seconds()
	}
	mean := sum / float64(len(s))
	for _, d := range s {
		squares += (d.Seconds() - mean) * (d.Seconds() - mean)
	}
	return math.Sqrt(squares/float64(len(s)-1)) / mean
}

// Ratio is the median of s in medians of floor: how many times the floor it takes.
func (s Sample) Ratio(floor Sample) float64 {
	return s.Median().Seconds() / floor.Median().Seconds()
}

// Rate is how many of n things a second a median repetition does.
func (s Sample) Rate(n int64) float64 { return float64(n) / s.Median().Seconds() }
