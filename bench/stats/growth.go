package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Growth is how a figure grows with size: figure = factor × size^exponent.
type Growth struct {
	Exponent float64 `json:"exponent"`
	Low      float64 `json:"low"`    // 95 % interval of the exponent, by Student's t
	High     float64 `json:"high"`   // as Low
	Factor   float64 `json:"factor"` // the figure at size 1
	Sizes    int     `json:"sizes"`  // that it was fitted to
}

// Fit fits the growth by least squares of the logarithms, one figure a size: a
// median, because repetitions of a size say nothing about the curve. Fewer than
// three sizes have no interval, and are not fitted.
func Fit(sizes, figures []float64) (Growth, bool) {
	n := len(sizes)
	if n < 3 || n != len(figures) {
		return Growth{}, false
	}
	x, y := make([]float64, n), make([]float64, n)
	for i := range sizes {
		if sizes[i] <= 0 || figures[i] <= 0 {
			return Growth{}, false
		}
		x[i], y[i] = math.Log(sizes[i]), math.Log(figures[i])
	}
	mean := stat.Mean(x, nil)
	var spread, rest float64
	for i := range x {
		spread += (x[i] - mean) * (x[i] - mean)
	}
	if spread == 0 {
		return Growth{}, false
	}
	offset, slope := stat.LinearRegression(x, y, nil, false)
	for i := range x {
		rest += math.Pow(y[i]-offset-slope*x[i], 2)
	}
	freedom := float64(n - 2)
	half := distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(0.975) * math.Sqrt(rest/freedom/spread)
	return Growth{Exponent: slope, Low: slope - half, High: slope + half, Factor: math.Exp(offset), Sizes: n}, true
}

// At is the fitted figure at a size.
func (g Growth) At(size float64) float64 { return g.Factor * math.Pow(size, g.Exponent) }
