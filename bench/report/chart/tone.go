package chart

import (
	"fmt"
	"image/color"
	"strings"
)

// Tone is what an element of a picture is for; its colour depends on the page.
type Tone uint8

// Tones. Series is the first of Parts.
const (
	Ink     Tone = iota + 1 // text and the line at 1
	Muted                   // notes
	Tick                    // labels of axes
	Grid                    // lines behind the marks
	Paper                   // the page
	Better                  // faster
	Worse                   // slower
	Same                    // no difference
	Unclear                 // too noisy
	Series                  // the first of several things beside each other
)

// Parts is how many tones from Series on tell things apart.
const Parts = 8

// shades are the light and the dark colour of each tone.
func shades() map[Tone][2]string {
	return map[Tone][2]string{
		Ink:        {"#1b1f24", "#e8edf2"},
		Muted:      {"#57606a", "#a3afbb"},
		Tick:       {"#57606a", "#a3afbb"},
		Grid:       {"#dde2e7", "#313a44"},
		Paper:      {"#ffffff", "#14181d"},
		Better:     {"#1a7f5a", "#45c496"},
		Worse:      {"#c2412d", "#f2806a"},
		Same:       {"#7a838d", "#8f9ba7"},
		Unclear:    {"#a96c00", "#e2a93f"},
		Series:     {"#2f6fb3", "#6aa9ec"},
		Series + 1: {"#d07a1f", "#f0a45a"},
		Series + 2: {"#2b9573", "#4fc9a0"},
		Series + 3: {"#b0488a", "#e184be"},
		Series + 4: {"#7565c9", "#a99cf2"},
		Series + 5: {"#86692f", "#c9a968"},
		Series + 6: {"#3a95b5", "#70c8e4"},
		Series + 7: {"#8b8f94", "#b4bac1"},
	}
}

// SeriesTone is the tone of the i-th of several things; beyond Parts they repeat.
func SeriesTone(i int) Tone { return Series + Tone(i%Parts) }

// ink is a colour that stands for a tone until the drawing is written.
func (t Tone) ink() color.Color { return color.RGBA{R: 1, G: 1, B: uint8(t), A: 255} }

func (t Tone) name() string {
	names := [...]string{"", "ink", "muted", "tick", "grid", "paper", "better", "worse", "same", "unclear"}
	if t < Series {
		return names[t]
	}
	return fmt.Sprintf("part-%d", t-Series)
}

// Rules are the style rules of the classes, for a page of its own or for a
// drawing's file: light, and dark where the reader prefers it.
func Rules() string {
	var light, dark strings.Builder
	all := shades()
	for t := Ink; t < Series+Parts; t++ {
		for i, to := range []*strings.Builder{&light, &dark} {
			fmt.Fprintf(to, ".f-%s{fill:%s}.s-%s{stroke:%s}", t.name(), all[t][i], t.name(), all[t][i])
		}
	}
	return light.String() + "@media (prefers-color-scheme:dark){" + dark.String() + "}"
}
