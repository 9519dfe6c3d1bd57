package engine

import (
	"fmt"
	"strings"
	"time"
)

// Count writes a number with thousands separators: 1,003,412.
func Count(n int64) string { return count(n) }

// Bytes writes a size: 39 MB.
func Bytes(n int64) string { return bytesText(n) }

// Plural writes a number of things: 1 leaf, 1,003 leaves.
func Plural(n int, noun string) string { return count(int64(n)) + " " + nounFor(n, noun) }

func nounFor(n int, noun string) string {
	if n == 1 {
		return noun
	}
	if stem, ok := strings.CutSuffix(noun, "f"); ok {
		return stem + "ves"
	}
	return noun + "s"
}

// secondsText writes about how long something takes.
func secondsText(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < time.Second:
		return "less than 1 s"
	case d < 90*time.Second:
		return fmt.Sprintf("about %.0f s", d.Seconds())
	case d < 90*time.Minute:
		return fmt.Sprintf("about %.0f min", d.Minutes())
	default:
		d = d.Round(time.Minute)
		return fmt.Sprintf("about %d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
}
