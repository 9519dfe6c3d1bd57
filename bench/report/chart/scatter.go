package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is one thing in a scatter.
type Point struct {
	Label string
	Group string // things of a group are of one tone
	X, Y  float64
}

// Scatter draws points over two logarithmic axes, each with its name beside it; where
// there is no room for all names, with a number, and the names above.
type Scatter struct {
	Points         []Point
	TitleX, TitleY string
	UnitX, UnitY   Unit
}

// Draw draws it.
func (s Scatter) Draw(width float64) (Drawing, error) {
	d, crowded, err := s.draw(width, false)
	if err == nil && crowded {
		d, _, err = s.draw(width, true)
	}
	return d, err
}

// draw draws it and tells whether labels lie upon each other.
func (s Scatter) draw(width float64, numbered bool) (_ Drawing, crowded bool, _ error) {
	tones := map[string]Tone{}
	var entries []entry
	p := bare()
	for _, point := range s.Points {
		p.X.Min, p.X.Max = min(p.X.Min, point.X/1.2), max(p.X.Max, point.X*1.2)
		p.Y.Min, p.Y.Max = min(p.Y.Min, point.Y/1.5), max(p.Y.Max, point.Y*1.3)
		if _, ok := tones[point.Group]; !ok {
			tones[point.Group] = SeriesTone(len(entries))
			entries = append(entries, entry{name: point.Group, tone: tones[point.Group]})
		}
	}
	labels := make([]string, len(s.Points))
	for i, point := range s.Points {
		labels[i] = point.Label
	}
	if numbered {
		entries = nil
		for i, point := range s.Points {
			labels[i] = strconv.Itoa(i + 1)
			entries = append(entries, entry{name: labels[i] + " " + point.Label, tone: tones[point.Group]})
		}
	}
	key := newLegend(entries, vg.Length(width))
	tall := math.Max(340, width*0.5)
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = logTicks(p.X.Min, p.X.Max, vg.Length(width-70), false, s.UnitX)
	p.Y.Tick.Marker = logTicks(p.Y.Min, p.Y.Max, vg.Length(tall-60), true, s.UnitY)
	p.Add(painter(func(c draw.Canvas, p *plot.Plot) { crowded = s.paint(c, p, labels, tones) }))
	d, err := drawn(width, key.height()+tall+line, func(c draw.Canvas) {
		key.paint(c, c.Max.Y)
		muted := written(Muted, tickSize, false)
		write(c, muted, c.Max.X, c.Min.Y+8, s.TitleX, true)
		top := c.Max.Y - vg.Length(key.height())
		write(c, muted, c.Min.X, top-line/2, s.TitleY, false)
		p.Draw(draw.Crop(c, 0, -sides, line+2, -vg.Length(key.height())-line-4))
	})
	return d, crowded, err
}

// paint draws the points, and tells whether a label found no clear place.
func (s Scatter) paint(c draw.Canvas, p *plot.Plot, labels []string, tones map[string]Tone) (crowded bool) {
	atX, atY := p.Transforms(&c)
	for _, mark := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(stroke(Grid, 0.7), atX(mark.Value), c.Min.Y, atX(mark.Value), c.Max.Y)
	}
	for _, mark := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(stroke(Grid, 0.7), c.Min.X, atY(mark.Value), c.Max.X, atY(mark.Value))
	}
	at := make([]vg.Point, len(s.Points))
	var taken []vg.Rectangle
	for i, point := range s.Points {
		at[i] = vg.Point{X: atX(point.X), Y: atY(point.Y)}
		taken = append(taken, around(at[i], 5, 5))
	}
	style := written(Ink, tickSize, false)
	for i, point := range s.Points {
		words := fit(style, labels[i], c.Max.X-c.Min.X)
		place, clear := clearPlace(at[i], style.Width(words), c.Rectangle, taken)
		crowded = crowded || !clear
		taken = append(taken, place)
		middle := vg.Point{X: (place.Min.X + place.Max.X) / 2, Y: (place.Min.Y + place.Max.Y) / 2}
		if near := nearest(place, at[i]); distance(near, at[i]) > 9 {
			c.StrokeLine2(stroke(Muted, 0.6), at[i].X, at[i].Y, near.X, near.Y)
		}
		write(c, style, place.Min.X, middle.Y, words, false)
		dot(c, tones[point.Group], at[i].X, at[i].Y, false)
	}
	return crowded
}

// clearPlace finds room for a label near its point: first beside it, then further
// and further round it; where there is none, the place with the least overlap.
func clearPlace(at vg.Point, width vg.Length, within vg.Rectangle, taken []vg.Rectangle) (_ vg.Rectangle, clear bool) {
	const tall = 13
	best, least := around(at, width/2, tall/2), math.Inf(1)
	for _, away := range []vg.Length{8, 16, 26, 38, 52, 68} {
		for _, turn := range []float64{0, 180, 45, -45, 135, -135, 90, -90, 20, -20, 160, -160} {
			sin, cos := math.Sincos(turn * math.Pi / 180)
			middle := vg.Point{X: at.X + vg.Length(cos)*(away+width/2), Y: at.Y + vg.Length(sin)*(away+tall/4)}
			place := around(middle, width/2, tall/2)
			if place.Min.X < within.Min.X || place.Max.X > within.Max.X+sides || place.Min.Y < within.Min.Y || place.Max.Y > within.Max.Y {
				continue
			}
			var over float64
			for _, other := range taken {
				over += overlap(place, other) + crossed(at, nearest(place, at), other)
			}
			if over == 0 {
				return place, true
			}
			if over < least {
				best, least = place, over
			}
		}
	}
	return best, false
}

func around(at vg.Point, halfWidth, halfHeight vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - halfWidth, Y: at.Y - halfHeight}, Max: vg.Point{X: at.X + halfWidth, Y: at.Y + halfHeight}}
}

// nearest is the point of a rectangle that is nearest to another.
func nearest(r vg.Rectangle, at vg.Point) vg.Point {
	return vg.Point{X: min(max(at.X, r.Min.X), r.Max.X), Y: min(max(at.Y, r.Min.Y), r.Max.Y)}
}

// crossed is how much of a line from one point to another lies in a rectangle that
// does not hold where it begins.
func crossed(from, to vg.Point, r vg.Rectangle) float64 {
	const steps = 12
	within := 0.0
	for i := range steps {
		share := vg.Length(i) / (steps - 1)
		at := vg.Point{X: from.X + share*(to.X-from.X), Y: from.Y + share*(to.Y-from.Y)}
		if nearest(r, at) == at {
			if i == 0 {
				return 0
			}
			within += distance(from, to) / steps
		}
	}
	return within
}

// overlap is the area that two rectangles share.
func overlap(a, b vg.Rectangle) float64 {
	x := min(a.Max.X, b.Max.X) - max(a.Min.X, b.Min.X)
	y := min(a.Max.Y, b.Max.Y) - max(a.Min.Y, b.Min.Y)
	if x <= 0 || y <= 0 {
		return 0
	}
	return float64(x * y)
}

func distance(a, b vg.Point) float64 { return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) }
