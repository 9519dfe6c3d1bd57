package chart

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Widths that a page shows: on a desk and on a phone, in units of a pixel each.
const (
	Wide   = 720
	Narrow = 350
)

// Chart is what can be drawn.
type Chart interface {
	// Draw draws it as wide as that; its height follows.
	Draw(width float64) (Drawing, error)
}

// Drawing is a picture.
type Drawing struct {
	width, height float64
	body          string
}

// Inline is the drawing as an element of a page that has the Rules.
func (d Drawing) Inline(class, label string) string {
	return fmt.Sprintf(`<svg class="%s" viewBox="0 0 %g %g" role="img" aria-label="%s">%s</svg>`,
		html.EscapeString(class), d.width, d.height, html.EscapeString(label), d.body)
}

// File is the drawing as a file of its own.
func (d Drawing) File(label string) []byte {
	paper := shades()[Paper][0]
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g" role="img"><title>%s</title><style>%s</style><rect width="100%%" height="100%%" fill="%s" class="f-paper"/>%s</svg>
`, d.width, d.height, d.width, d.height, html.EscapeString(label), Rules(), paper, d.body)
}

// drawn makes a drawing of what paints on a canvas.
func drawn(width, height float64, paint func(draw.Canvas)) (Drawing, error) {
	canvas := vgsvg.New(vg.Length(width), vg.Length(height))
	paint(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return Drawing{}, fmt.Errorf("draw: %w", err)
	}
	text := b.String()
	_, text, opened := strings.Cut(text, `xlink">`)
	text, closed := strings.CutSuffix(strings.TrimSpace(text), "</svg>")
	if !opened || !closed {
		return Drawing{}, fmt.Errorf("draw: the drawing is no SVG")
	}
	return Drawing{width: width, height: height, body: themed(text)}, nil
}

var (
	styleAttribute = regexp.MustCompile(`\s*style="([^"]*)"`)
	toneColour     = regexp.MustCompile(`^#0101([0-9A-Fa-f]{2})$`)
)

// themed replaces style attributes by attributes of their own, which style rules
// override, and the colours that stand for tones by classes.
func themed(svg string) string {
	all := shades()
	return styleAttribute.ReplaceAllStringFunc(svg, func(found string) string {
		var classes, rest []string
		for _, declaration := range strings.Split(styleAttribute.FindStringSubmatch(found)[1], ";") {
			key, value, _ := strings.Cut(declaration, ":")
			if tone := toneColour.FindStringSubmatch(value); tone != nil {
				if n, err := strconv.ParseUint(tone[1], 16, 8); err == nil {
					classes = append(classes, key[:1]+"-"+Tone(n).name())
					value = all[Tone(n)][0]
				}
			}
			switch {
			case key == "font-family":
				value = "Liberation Sans, Arimo, Arial, Helvetica, sans-serif"
			case value == "normal":
				continue
			}
			rest = append(rest, fmt.Sprintf(`%s="%s"`, key, value))
		}
		if len(classes) > 0 {
			rest = append(rest, `class="`+strings.Join(classes, " ")+`"`)
		}
		return " " + strings.Join(rest, " ")
	})
}
