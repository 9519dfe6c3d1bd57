package stats

import (
	"math"
	"slices"
)

// Median is the middle value, the mean of two of an even number, NaN of none.
func Median(values []float64) float64 {
	return medianOf(slices.Clone(values))
}

// medianOf is the median of values whose order may be changed.
func medianOf(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sortFew(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// sortFew sorts by insertion what is as few as repetitions are: an interval sorts
// ten thousand times.
func sortFew(values []float64) {
	if len(values) > 32 {
		slices.Sort(values)
		return
	}
	for i := 1; i < len(values); i++ {
		v, at := values[i], i
		for at > 0 && values[at-1] > v {
			values[at] = values[at-1]
			at--
		}
		values[at] = v
	}
}

// Variation is the coefficient of variation: the standard deviation as a share of
// the mean. It is 0 of fewer than two values, or where they are all 0.
func Variation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / float64(len(values))
	if mean == 0 {
		return 0
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares/float64(len(values)-1)) / math.Abs(mean)
}

// GeometricMean is the mean of ratios: of 2 and 1/2 it is 1. It is NaN of none.
func GeometricMean(ratios []float64) float64 {
	if len(ratios) == 0 {
		return math.NaN()
	}
	var sum float64
	for _, r := range ratios {
		sum += math.Log(r)
	}
	return math.Exp(sum / float64(len(ratios)))
}
