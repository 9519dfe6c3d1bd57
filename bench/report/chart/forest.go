package chart

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Estimate is a ratio with its interval.
type Estimate struct {
	Row
	Value float64
	Low   float64 // equal to High for none
	High  float64
}

// Forest draws ratios below each other over a logarithmic axis, with a line at 1.
type Forest struct {
	Estimates []Estimate
	Title     string // of the axis
	Unit      Unit
}

// Draw draws it.
func (f Forest) Draw(width float64) (Drawing, error) {
	r := rows{log: true, unit: f.Unit, title: f.Title, low: 0.8, high: 1.25, one: true}
	for _, e := range f.Estimates {
		r.all = append(r.all, e.Row)
		if !e.Head {
			r.low, r.high = min(r.low, e.Value/1.1, e.Low/1.1), max(r.high, e.Value*1.1, e.High*1.1)
		}
	}
	r.mark = func(c draw.Canvas, x func(float64) vg.Length, i int, y vg.Length) {
		e := f.Estimates[i]
		if e.Low < e.High {
			whisker(c, e.Tone, x(e.Low), x(e.High), y)
		}
		dot(c, e.Tone, x(e.Value), y, e.Once)
	}
	return r.draw(width)
}
