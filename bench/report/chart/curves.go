package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is a figure at several sizes.
type Curve struct {
	Name string
	X, Y []float64 // of equal length, all positive, X ascending
	Fit  []float64 // a fitted figure at each X; nil for none
}

// Panel is one picture above the next, both of the same sizes.
type Panel struct {
	Title  string // of its upright axis
	Unit   Unit
	Curves []Curve
}

// Curves draws panels below each other, both axes logarithmic.
type Curves struct {
	Panels []Panel
	Title  string // of the axis of sizes
	Unit   Unit
}

// Draw draws them.
func (s Curves) Draw(width float64) (Drawing, error) {
	low, high := math.Inf(1), 0.0
	var entries []entry
	known := map[string]Tone{}
	for _, panel := range s.Panels {
		for _, curve := range panel.Curves {
			for _, x := range curve.X {
				low, high = min(low, x), max(high, x)
			}
			if _, ok := known[curve.Name]; !ok {
				known[curve.Name] = SeriesTone(len(entries))
				entries = append(entries, entry{name: curve.Name, tone: known[curve.Name]})
			}
		}
	}
	low, high = low/1.3, high*1.3
	key := newLegend(entries, vg.Length(width))
	each := math.Min(240, width*0.6)
	total := key.height() + float64(len(s.Panels))*each + line
	return drawn(width, total, func(c draw.Canvas) {
		key.paint(c, c.Max.Y)
		write(c, written(Muted, tickSize, false), c.Max.X, c.Min.Y+8, s.Title, true)
		top := c.Max.Y - vg.Length(key.height())
		plots, left := make([]*plot.Plot, len(s.Panels)), vg.Length(0)
		for i, panel := range s.Panels {
			plots[i] = s.plot(panel, low, high, vg.Length(width), vg.Length(each), known)
			left = max(left, widest(plots[i].Y.Tick.Marker))
		}
		for i, panel := range s.Panels {
			part := c
			part.Max.Y, part.Min.Y = top, top-vg.Length(each)
			write(part, written(Muted, tickSize, false), part.Min.X, part.Max.Y-line/2, panel.Title, false)
			// The plots begin at the same place however wide their labels are.
			plots[i].Draw(draw.Crop(part, left-widest(plots[i].Y.Tick.Marker), -4, 0, -line-4))
			top = part.Min.Y
		}
	})
}

// widest is the width of the widest label.
func widest(t plot.Ticker) (width vg.Length) {
	style := written(Tick, tickSize, false)
	for _, mark := range t.Ticks(0, 0) {
		width = max(width, style.Width(mark.Label))
	}
	return width
}

// plot is one panel, in so much room.
func (s Curves) plot(panel Panel, low, high float64, width, height vg.Length, tones map[string]Tone) *plot.Plot {
	p := bare()
	p.X.Min, p.X.Max = low, high
	p.Y.Min, p.Y.Max = math.Inf(1), 0
	for _, curve := range panel.Curves {
		for _, y := range slices.Concat(curve.Y, curve.Fit) {
			p.Y.Min, p.Y.Max = min(p.Y.Min, y), max(p.Y.Max, y)
		}
	}
	p.Y.Min, p.Y.Max = p.Y.Min/1.25, p.Y.Max*1.25
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = logTicks(p.X.Min, p.X.Max, width-70, false, s.Unit)
	p.Y.Tick.Marker = logTicks(p.Y.Min, p.Y.Max, height-line-30, true, panel.Unit)
	p.Add(painter(func(c draw.Canvas, p *plot.Plot) { paintCurves(c, p, panel.Curves, tones) }))
	return p
}

func paintCurves(c draw.Canvas, p *plot.Plot, curves []Curve, tones map[string]Tone) {
	atX, atY := p.Transforms(&c)
	for _, mark := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(stroke(Grid, 0.7), atX(mark.Value), c.Min.Y, atX(mark.Value), c.Max.Y)
	}
	for _, mark := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(stroke(Grid, 0.7), c.Min.X, atY(mark.Value), c.Max.X, atY(mark.Value))
	}
	for _, curve := range curves {
		tone := tones[curve.Name]
		var through, fitted []vg.Point
		for i := range curve.X {
			through = append(through, vg.Point{X: atX(curve.X[i]), Y: atY(curve.Y[i])})
			if curve.Fit != nil {
				fitted = append(fitted, vg.Point{X: atX(curve.X[i]), Y: atY(curve.Fit[i])})
			}
		}
		if curve.Fit != nil {
			c.StrokeLines(stroke(tone, 1.2, 4, 3), fitted)
		} else {
			c.StrokeLines(stroke(tone, 1.4), through)
		}
		for _, at := range through {
			dot(c, tone, at.X, at.Y, false)
		}
	}
}
