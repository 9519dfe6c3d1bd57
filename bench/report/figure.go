package report

import (
	"fmt"
	"strconv"
	"strings"

	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// Field is what of a sample a figure is of.
type Field string

// Fields. A stage is named stagePrefix and its name.
const (
	Wall    Field = "wall"
	Memory  Field = "peak_rss"
	Read    Field = "read"
	Written Field = "written"
	Blocks  Field = "blocks"
	Rate    Field = "rows/s"

	stagePrefix = "stage "
)

// How is the way from samples to a figure.
type How string

// Ways. Those of a ratio are of the cases Of by the cases By, pair by pair; several
// pairs are averaged geometrically.
const (
	Median    How = "median"
	Variation How = "variation"
	Runs      How = "runs"
	Value     How = "ratio"
	Low       How = "low"
	High      How = "high"
	Exponent  How = "exponent"      // of the growth of the field with the rows of a case
	ExpLow    How = "exponent low"  // as Exponent
	ExpHigh   How = "exponent high" // as Exponent
	Count     How = "count"         // of the cases Of
	// Of are the times without and added, By those of full and naive.
	Differ     How = "interaction"
	DifferLow  How = "interaction low"
	DifferHigh How = "interaction high"
)

// Figure is a number of a report, and where it comes from.
type Figure struct {
	Text  string // as people read it
	Value float64
	How   How
	Field Field
	Of    []string // cases, as SUITE/CASE
	By    []string
	Less  bool // Text is what is missing from 1, in percent
}

// samples are a field of a case's samples in order of time; nil if one lacks it.
func samples(c *result.Case, f Field) stats.Samples {
	values := make(stats.Samples, 0, len(c.Samples))
	for _, s := range c.Samples {
		v := value(s, f)
		if v <= 0 {
			return nil
		}
		values = append(values, v)
	}
	return values
}

func value(s result.Sample, f Field) float64 {
	switch f {
	case Wall:
		return s.Wall
	case Memory:
		return float64(s.PeakRSS)
	case Read:
		return float64(s.Read)
	case Written:
		return float64(s.Written)
	case Blocks:
		return float64(s.Blocks())
	case Rate:
		return float64(s.Rows) / s.Wall
	}
	for _, stage := range s.Stages {
		if stagePrefix+stage.Name == string(f) {
			return stage.Wall
		}
	}
	return 0
}

// inOrder tells whether samples of two cases were taken in rounds.
func inOrder(a, b *result.Case) bool {
	return stats.Interleaved(orders(a), orders(b))
}

func orders(c *result.Case) []int {
	list := make([]int, len(c.Samples))
	for i, s := range c.Samples {
		list[i] = s.Order
	}
	return list
}

// median is a field's median of a case, as a figure. It has no text if a sample
// lacks the field.
func (b *bench) median(c *result.Case, f Field) *Figure {
	values := samples(c, f)
	if len(values) == 0 {
		return nil
	}
	v := stats.Median(values)
	return &Figure{Text: unit(f)(v), Value: v, How: Median, Field: f, Of: []string{b.id(c)}}
}

// unit is how a field is written.
func unit(f Field) func(float64) string {
	switch f {
	case Memory, Read, Written:
		return bytes
	case Blocks:
		return blocks
	case Rate:
		return rate
	}
	return seconds
}

// three is a number with three digits that say something, or all of a large one.
func three(n float64) string {
	switch {
	case n < 0.01:
		return fmt.Sprintf("%.2g", n)
	case n < 0.9995:
		return fmt.Sprintf("%.3f", n)
	case n < 9.995:
		return fmt.Sprintf("%.2f", n)
	case n < 99.95:
		return fmt.Sprintf("%.1f", n)
	}
	return thousands(n)
}

// thousands parts the digits of a large number by narrow spaces.
func thousands(n float64) string {
	digits := fmt.Sprintf("%.0f", n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && len(digits) > 4 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func seconds(v float64) string {
	switch {
	case v < 0.9995e-3:
		return three(1e6*v) + " µs"
	case v < 0.9995:
		return three(1e3*v) + " ms"
	}
	return three(v) + " s"
}

func bytes(v float64) string {
	switch {
	case v < 999.5:
		return three(v) + " B"
	case v < 999.5e3:
		return three(v/1e3) + " kB"
	case v < 999.5e6:
		return three(v/1e6) + " MB"
	}
	return three(v/1e9) + " GB"
}

func blocks(v float64) string { return thousands(v) + " blocks" }

func rate(v float64) string { return three(v) + " rows/s" }

func times(v float64) string { return three(v) + "×" }

// Axes have round numbers, which need no more digits than they have.

func tick(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

func tickTimes(v float64) string { return tick(v) + "×" }

func tickSeconds(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0.9995e-3:
		return tick(1e6*v) + " µs"
	case v < 0.9995:
		return tick(1e3*v) + " ms"
	}
	return tick(v) + " s"
}

func tickBytes(v float64) string {
	switch {
	case v < 999.5e3:
		return tick(v/1e3) + " kB"
	case v < 999.5e6:
		return tick(v/1e6) + " MB"
	}
	return tick(v/1e9) + " GB"
}

// tickCount is a number in thousands, millions or thousands of millions.
func tickCount(v float64) string {
	switch {
	case v < 999.5:
		return tick(v)
	case v < 999.5e3:
		return tick(v/1e3) + " k"
	case v < 999.5e6:
		return tick(v/1e6) + " M"
	}
	return tick(v/1e9) + " G"
}

// percent of nearly nothing has no sign: "-0.0 %" reads as a loss.
func percent(v float64) string {
	return strings.Replace(fmt.Sprintf("%.1f %%", 100*v), "-0.0 %", "0.0 %", 1)
}
