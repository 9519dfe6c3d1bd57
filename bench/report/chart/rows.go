package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Row is one thing in a chart of rows: its name and what is to be said of it stand
// above its marks.
type Row struct {
	Label string
	Note  string
	Tone  Tone
	Head  bool // a heading of the rows below: it has no marks
	Once  bool // measured once: nothing is known of how sure it is
}

// rows is a chart of rows below each other over one axis.
type rows struct {
	all     []Row
	low     float64 // of the axis
	high    float64
	log     bool
	unit    Unit
	title   string // of the axis
	legend  []entry
	one     bool      // a line at 1
	left    vg.Length // where words begin; 0: at the left end
	mark    func(c draw.Canvas, x func(float64) vg.Length, i int, y vg.Length)
	between func(c draw.Canvas, x func(float64) vg.Length, i int, y, above vg.Length) // from the row above; nil for none
}

const (
	headHeight = 24
	barHeight  = 20
	axisHeight = 36
	sides      = 16 // room for half a label of the axis
	gap        = 7  // between the line at 1 and words
)

// heights are the height of each row: notes that do not fit beside their label
// have a line of their own, in all rows or in none.
func (r rows) heights(room vg.Length) (heights []float64, double bool) {
	ink, muted := written(Ink, textSize, false), written(Muted, textSize, false)
	for _, one := range r.all {
		double = double || !one.Head && ink.Width(one.Label)+muted.Width(one.Note)+10 > room
	}
	for _, one := range r.all {
		switch {
		case one.Head:
			heights = append(heights, headHeight)
		case double:
			heights = append(heights, 2*line+barHeight)
		default:
			heights = append(heights, line+barHeight)
		}
	}
	return heights, double
}

// beyond is where words begin that would lie on the line at 1: how far right of the
// left end, 0 if they stand clear of it, or have no room behind it.
func (r rows) beyond(room vg.Length) vg.Length {
	if !r.one {
		return 0
	}
	style, widest := written(Ink, textSize, true), vg.Length(0)
	for _, one := range r.all {
		widest = max(widest, style.Width(one.Label))
	}
	at := room*vg.Length(math.Log(1/r.low)/math.Log(r.high/r.low)) + sides
	if widest+gap < at || at+gap+widest > room {
		return 0
	}
	return at + gap
}

func (r rows) draw(width float64) (Drawing, error) {
	room := vg.Length(width - 2*sides)
	r.left = r.beyond(room)
	heights, double := r.heights(room - r.left)
	key := newLegend(r.legend, vg.Length(width))
	total := key.height() + axisHeight
	for _, h := range heights {
		total += h
	}
	p := bare()
	p.HideY()
	p.X.Min, p.X.Max = r.low, r.high
	if r.log {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks(r.low, r.high, room, false, r.unit)
	} else {
		p.X.Tick.Marker = linearTicks(r.high, room, false, r.unit)
	}
	p.Add(painter(func(c draw.Canvas, p *plot.Plot) { r.paint(c, p, heights, double) }))
	return drawn(width, total, func(c draw.Canvas) {
		key.paint(c, c.Max.Y)
		write(c, written(Muted, tickSize, false), c.Max.X, c.Min.Y+8, fit(written(Muted, tickSize, false), r.title, vg.Length(width)), true)
		p.Draw(draw.Crop(c, sides, -sides, line+2, -vg.Length(key.height())))
	})
}

// painter is a plotter that is a function.
type painter func(draw.Canvas, *plot.Plot)

// Plot paints.
func (f painter) Plot(c draw.Canvas, p *plot.Plot) { f(c, p) }

// paint draws the rows from the top, the lines behind them first.
func (r rows) paint(c draw.Canvas, p *plot.Plot, heights []float64, double bool) {
	at, _ := p.Transforms(&c)
	for _, mark := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(stroke(Grid, 0.7), at(mark.Value), c.Min.Y, at(mark.Value), c.Max.Y)
	}
	if r.one {
		c.StrokeLine2(stroke(Ink, 1.2), at(1), c.Min.Y, at(1), c.Max.Y)
	}
	ink, bold, muted := written(Ink, textSize, false), written(Ink, textSize, true), written(Muted, textSize, false)
	left, right, top, above := c.Min.X-sides+1, c.Max.X+sides-1, c.Max.Y, vg.Length(0)
	if r.left > 0 {
		left = at(1) + gap
	}
	for i, one := range r.all {
		bottom := top - vg.Length(heights[i])
		words := top - line/2 - 1
		if one.Head {
			label(c, bold, left, words-4, fit(bold, one.Label, right-left), false)
			top = bottom
			continue
		}
		y := bottom + barHeight/2
		if r.between != nil && i > 0 && !r.all[i-1].Head {
			r.between(c, at, i, y, above)
		}
		label(c, ink, left, words, fit(ink, one.Label, right-left), false)
		if double {
			label(c, muted, left, words-line, fit(muted, one.Note, right-left), false)
		} else {
			label(c, muted, right, words, one.Note, true)
		}
		r.mark(c, at, i, y)
		above, top = y, bottom
	}
}

// label writes on paper of its own, so that no line runs through the text.
func label(c draw.Canvas, style text.Style, x, y vg.Length, words string, right bool) {
	from, to := x-2, x+style.Width(words)+2
	if right {
		from, to = x-style.Width(words)-2, x+2
	}
	if words != "" {
		box(c, Paper, from, to, y, line-1)
	}
	write(c, style, x, y, words, right)
}

// whisker draws an interval.
func whisker(c draw.Canvas, t Tone, from, to, y vg.Length) {
	c.StrokeLine2(stroke(t, 1.6), from, y, to, y)
	c.StrokeLine2(stroke(t, 1.6), from, y-3.5, from, y+3.5)
	c.StrokeLine2(stroke(t, 1.6), to, y-3.5, to, y+3.5)
}

// dot draws a value, hollow where nothing is known of how sure it is.
func dot(c draw.Canvas, t Tone, x, y vg.Length, hollow bool) {
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: t.ink(), Radius: 4.5, Shape: draw.CircleGlyph{}}, vg.Point{X: x, Y: y})
	if hollow {
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: Paper.ink(), Radius: 2.8, Shape: draw.CircleGlyph{}}, vg.Point{X: x, Y: y})
	}
}
