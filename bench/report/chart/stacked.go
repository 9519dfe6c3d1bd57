package chart

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Stack is a bar made of parts.
type Stack struct {
	Row
	Parts []float64 // one for each name of the chart; 0 for none
}

// Stacked draws bars of parts below each other over an axis from 0.
type Stacked struct {
	Names  []string
	Stacks []Stack
	Title  string // of the axis
	Unit   Unit
}

// Draw draws it.
func (s Stacked) Draw(width float64) (Drawing, error) {
	r := rows{unit: s.Unit, title: s.Title}
	for i, name := range s.Names {
		r.legend = append(r.legend, entry{name: name, tone: SeriesTone(i)})
	}
	for _, one := range s.Stacks {
		r.all = append(r.all, one.Row)
		var sum float64
		for _, part := range one.Parts {
			sum += part
		}
		r.high = max(r.high, sum*1.02)
	}
	r.mark = func(c draw.Canvas, x func(float64) vg.Length, i int, y vg.Length) {
		var sum float64
		for part, length := range s.Stacks[i].Parts {
			if length > 0 {
				box(c, SeriesTone(part), x(sum), max(x(sum+length)-0.6, x(sum)+0.4), y, 12)
			}
			sum += length
		}
	}
	return r.draw(width)
}
