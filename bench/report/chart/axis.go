package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// Unit writes a value of an axis.
type Unit func(float64) string

// ticks are marks that were chosen for an axis of a known length.
type ticks []plot.Tick

// Ticks returns them.
func (t ticks) Ticks(_, _ float64) []plot.Tick { return t }

// logTicks are as many marks as can be written beside each other.
func logTicks(low, high float64, length vg.Length, upright bool, unit Unit) ticks {
	for _, mantissas := range [][]float64{{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8}, {1, 1.5, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}} {
		var marks ticks
		for decade := math.Floor(math.Log10(low)); decade <= math.Ceil(math.Log10(high)); decade++ {
			for _, m := range mantissas {
				// 1e-3 and not math.Pow10 of a float: 1.5 of a decade has one digit.
				v := m * math.Pow10(int(decade))
				if v >= low*0.999 && v <= high*1.001 {
					marks = append(marks, plot.Tick{Value: v, Label: unit(v)})
				}
			}
		}
		at := func(v float64) vg.Length { return length * vg.Length(math.Log(v/low)/math.Log(high/low)) }
		if len(marks) <= 8 && marks.apart(at, upright) {
			return marks
		}
	}
	bottom, top := math.Ceil(math.Log10(low)), math.Floor(math.Log10(high))
	return ticks{{Value: math.Pow10(int(bottom)), Label: unit(math.Pow10(int(bottom)))}, {Value: math.Pow10(int(top)), Label: unit(math.Pow10(int(top)))}}
}

// linearTicks are round marks from 0 on.
func linearTicks(high float64, length vg.Length, upright bool, unit Unit) ticks {
	step := math.Pow10(int(math.Floor(math.Log10(high))) - 1)
	for {
		for _, m := range []float64{1, 2, 5} {
			var marks ticks
			for i := 0; float64(i)*m*step <= high*1.001; i++ {
				marks = append(marks, plot.Tick{Value: float64(i) * m * step, Label: unit(float64(i) * m * step)})
			}
			if len(marks) <= 7 && marks.apart(func(v float64) vg.Length { return length * vg.Length(v/high) }, upright) {
				return marks
			}
		}
		step *= 10
	}
}

// apart tells whether the labels stand clear of each other.
func (t ticks) apart(at func(float64) vg.Length, upright bool) bool {
	style := written(Tick, tickSize, false)
	end := vg.Length(math.Inf(-1))
	for _, mark := range t {
		half := style.Width(mark.Label) / 2
		if upright {
			half = line / 2
		}
		if at(mark.Value)-half < end+6 {
			return false
		}
		end = at(mark.Value) + half
	}
	return len(t) >= 2
}

// bare is a plot without what gonum draws by default: axes are of a tone, and
// the paper is the page's.
func bare() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		x, y := a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = written(Tick, tickSize, false)
		a.Tick.Label.XAlign, a.Tick.Label.YAlign = x, y
		a.Tick.LineStyle = stroke(Grid, 1)
		a.Tick.Length = 4
		a.LineStyle = stroke(Grid, 1)
		a.Padding = 0
	}
	return p
}
