package monitor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// notAvailable stands where a figure is not there.
const notAvailable = "n/a"

// title is a column's name as a heading: without the unit, which its values show.
func title(column string) string {
	rate := strings.HasSuffix(column, perSecond)
	name := strings.TrimSuffix(column, perSecond)
	for _, unit := range []string{"_bytes", "_seconds", "_at"} {
		name = strings.TrimSuffix(name, unit)
	}
	name = strings.Replace(name, "_percent", " %", 1)
	name = strings.Replace(name, "_ms", " ms", 1)
	name = strings.ReplaceAll(name, "_", " ")
	if rate {
		name += "/s"
	}
	return name
}

// show is a value for people; its column says the unit.
func show(c Column, v Value) string {
	if !v.Known {
		return notAvailable
	}
	column := strings.TrimSuffix(c.Name, perSecond)
	f, numeric := v.Number()
	switch {
	case strings.HasSuffix(column, "_at"):
		if at, err := parseTime(v.Text); err == nil && len(v.Text) > len(time.DateOnly) {
			return at.UTC().Format("2006-01-02 15:04:05")
		}
	case !c.Numeric || !numeric:
	case strings.HasSuffix(column, "bytes"):
		return bytesText(f)
	case strings.HasSuffix(column, "_seconds") || column == "seconds":
		return durationText(f)
	case strings.HasSuffix(column, "pid") || column == "hour":
	case column != c.Name && math.Abs(f) >= 100: // a rate
		return numberText(strconv.FormatFloat(f, 'f', 0, 64), f)
	default:
		return numberText(v.Text, f)
	}
	return strings.Join(strings.Fields(v.Text), " ")
}

// parseTime reads an instant as PostgreSQL or Go prints it.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05.999999Z07", "2006-01-02 15:04:05.999999Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Parse(time.DateOnly, text)
}

// bytesText is a number of bytes with three digits.
func bytesText(f float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for math.Abs(f) >= 999.5 && i < len(units)-1 {
		f /= 1000
		i++
	}
	if i == 0 {
		return strconv.FormatFloat(f, 'f', 0, 64) + " B"
	}
	return strconv.FormatFloat(f, 'f', digitsFor(f), 64) + " " + units[i]
}

func digitsFor(f float64) int {
	switch f = math.Abs(f); {
	case f < 9.995:
		return 2
	case f < 99.95:
		return 1
	}
	return 0
}

// durationText is a number of seconds in its two largest units.
func durationText(f float64) string {
	if f < 0 {
		return "-" + durationText(-f)
	}
	n := int64(f)
	switch {
	case f < 60:
		return strconv.FormatFloat(f, 'f', 1, 64) + " s"
	case n < 3600:
		return fmt.Sprintf("%dm %02ds", n/60, n%60)
	case n < 86400:
		return fmt.Sprintf("%dh %02dm", n/3600, n%3600/60)
	}
	return fmt.Sprintf("%dd %02dh", n/86400, n%86400/3600)
}

// numberText separates thousands; behind the point it keeps what the server said.
func numberText(text string, f float64) string {
	if math.Abs(f) >= 1e15 || strings.ContainsAny(text, "eEN") {
		return text
	}
	whole, fraction, found := strings.Cut(text, ".")
	sign := ""
	if rest, negative := strings.CutPrefix(whole, "-"); negative {
		sign, whole = "-", rest
	}
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if found {
		return sign + b.String() + "." + fraction
	}
	return sign + b.String()
}

// curveOf is a list of numbers parted by commas, and the largest of them.
func curveOf(text string) (numbers []float64, most float64, ok bool) {
	for item := range strings.SplitSeq(text, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(item), 64)
		if err != nil {
			return nil, 0, false
		}
		numbers = append(numbers, f)
		most = max(most, f)
	}
	return numbers, most, true
}

// spark draws a list of numbers parted by commas, beside others of which the largest is
// most.
func spark(text string, most float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	numbers, own, ok := curveOf(text)
	if !ok {
		return text
	}
	most = max(most, own)
	var b strings.Builder
	for _, f := range numbers {
		i := 0
		if most > 0 && f > 0 {
			i = int(f / most * float64(len(bars)-1))
		}
		b.WriteRune(bars[i])
	}
	return b.String()
}
