package chart

import (
	"math"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of text and what is measured by it.
const (
	textSize = 11.5
	tickSize = 10.5
	line     = 15 // height of a line of text
)

// written is the style of text of a tone.
func written(t Tone, size float64, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Length(size)}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: t.ink(), Font: f, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
}

// write puts text at a point: its left end, or its right end where right says so.
func write(c draw.Canvas, style text.Style, x, y vg.Length, words string, right bool) {
	style.XAlign = draw.XLeft
	if right {
		style.XAlign = draw.XRight
	}
	c.FillText(style, vg.Point{X: x, Y: y}, words)
}

// fit cuts words that are wider than there is room for.
func fit(style text.Style, words string, room vg.Length) string {
	if style.Width(words) <= room {
		return words
	}
	letters := []rune(words)
	for len(letters) > 1 && style.Width(string(letters)+"…") > room {
		letters = letters[:len(letters)-1]
	}
	return string(letters) + "…"
}

// entry is a name in a legend.
type entry struct {
	name string
	tone Tone
}

// legend is where entries stand: in lines as wide as there is room for.
type legend struct {
	entries []entry
	x       []vg.Length
	row     []int
	rows    int
}

const swatch = 10

func newLegend(entries []entry, room vg.Length) legend {
	l := legend{entries: entries}
	style := written(Ink, tickSize, false)
	x, row := vg.Length(0), 0
	for _, e := range entries {
		width := swatch + 5 + style.Width(e.name)
		if x > 0 && x+width > room {
			x, row = 0, row+1
		}
		l.x, l.row = append(l.x, x), append(l.row, row)
		x += width + 14
	}
	if len(entries) > 0 {
		l.rows = row + 1
	}
	return l
}

func (l legend) height() float64 { return float64(l.rows*line) + 6*math.Min(1, float64(l.rows)) }

// paint draws the legend below top.
func (l legend) paint(c draw.Canvas, top vg.Length) {
	style := written(Ink, tickSize, false)
	for i, e := range l.entries {
		x, y := c.Min.X+l.x[i], top-vg.Length(l.row[i]*line)-line/2
		box(c, e.tone, x, x+swatch, y, swatch)
		write(c, style, x+swatch+5, y, e.name, false)
	}
}

// box fills a rectangle of a height around y.
func box(c draw.Canvas, t Tone, from, to, y, height vg.Length) {
	c.FillPolygon(t.ink(), []vg.Point{{X: from, Y: y - height/2}, {X: to, Y: y - height/2}, {X: to, Y: y + height/2}, {X: from, Y: y + height/2}})
}

// stroke is a line of a tone.
func stroke(t Tone, width float64, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: t.ink(), Width: vg.Length(width), Dashes: dashes}
}
