package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Step is a rung of a ladder: from what to what, and the interval of that.
type Step struct {
	Row
	From float64 // of the step before; 0 for the first
	To   float64
	Low  float64 // of To; equal to High for none
	High float64
}

// Waterfall draws steps below each other over a logarithmic axis, on which equal
// lengths are equal ratios.
type Waterfall struct {
	Steps []Step
	Title string // of the axis
	Unit  Unit
}

// Draw draws it.
func (w Waterfall) Draw(width float64) (Drawing, error) {
	r := rows{log: true, unit: w.Unit, title: w.Title, low: math.Inf(1)}
	for _, s := range w.Steps {
		r.all = append(r.all, s.Row)
		r.low, r.high = min(r.low, s.To, s.Low), max(r.high, s.To, s.High)
	}
	r.low, r.high = r.low/1.15, r.high*1.15
	r.between = func(c draw.Canvas, x func(float64) vg.Length, i int, y, above vg.Length) {
		at := x(w.Steps[i].From)
		c.StrokeLine2(stroke(Muted, 0.8, 2, 2), at, above, at, y)
	}
	r.mark = func(c draw.Canvas, x func(float64) vg.Length, i int, y vg.Length) {
		s := w.Steps[i]
		if s.From > 0 {
			box(c, s.Tone, min(x(s.From), x(s.To)), max(x(s.From), x(s.To)), y, 9)
		}
		if s.Low < s.High {
			whisker(c, Ink, x(s.Low), x(s.High), y)
		}
		dot(c, Ink, x(s.To), y, s.Once)
	}
	return r.draw(width)
}
