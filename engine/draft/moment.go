package draft

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	isoDate  = regexp.MustCompile(`\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z`)
	isoStamp = regexp.MustCompile(`\A[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?\z`)
	dayText  = regexp.MustCompile(`\A([0-9]{1,4})([-/. ])([0-9]{1,2}|[A-Za-z]{3})([-/. ])([0-9]{1,4})`)
	wholeDay = regexp.MustCompile(`\A[0-9]{8}\b`)
	timeText = regexp.MustCompile(`\A([ T])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?( ?[AaPp][Mm])?( ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?\z`)
)

// moments are the patterns by which a text is a date or a time on one, and whether
// they have a time. Several say that the text alone does not tell.
func moments(text string) (patterns []string, timed bool) {
	if isoDate.MatchString(text) && validDay(text[:4], text[5:7], text[8:]) {
		return []string{"%Y-%m-%d"}, false
	}
	days, rest := dayPatterns(text)
	if len(days) == 0 {
		return nil, false
	}
	if rest == "" {
		return days, false
	}
	clock, ok := timePattern(rest)
	if !ok {
		return nil, false
	}
	for i := range days {
		days[i] += clock
	}
	return days, true
}

// dayPatterns reads a date off the front of a text.
func dayPatterns(text string) (patterns []string, rest string) {
	if digits := wholeDay.FindString(text); digits != "" {
		return oneOf(digits[:4], digits[4:6], digits[6:], "%Y%m%d"), text[8:]
	}
	m := dayText.FindStringSubmatch(text)
	if m == nil || m[2] != m[4] {
		return nil, text
	}
	a, sep, b, c := m[1], m[2], m[3], m[5]
	rest = text[len(m[0]):]
	switch {
	case b[0] > '9' && len(c) == 4:
		return oneOf(c, monthNumber(b), a, "%d"+sep+"%b"+sep+"%Y"), rest
	case b[0] > '9':
		return oneOf("20"+c, monthNumber(b), a, "%d"+sep+"%b"+sep+"%y"), rest
	case len(a) == 4 && len(c) <= 2:
		return oneOf(a, b, c, "%Y"+sep+"%m"+sep+"%d"), rest
	case len(c) == 4 && len(a) <= 2:
		return append(oneOf(c, b, a, "%d"+sep+"%m"+sep+"%Y"), oneOf(c, a, b, "%m"+sep+"%d"+sep+"%Y")...), rest
	case len(c) == 2 && len(a) <= 2:
		return append(oneOf("20"+c, b, a, "%d"+sep+"%m"+sep+"%y"), oneOf("20"+c, a, b, "%m"+sep+"%d"+sep+"%y")...), rest
	}
	return nil, text
}

func oneOf(year, month, day, pattern string) []string {
	if !validDay(year, month, day) {
		return nil
	}
	return []string{pattern}
}

func validDay(year, month, day string) bool {
	y, err1 := strconv.Atoi(year)
	m, err2 := strconv.Atoi(month)
	d, err3 := strconv.Atoi(day)
	if err1 != nil || err2 != nil || err3 != nil || y < 1900 || y > 2199 || m < 1 || m > 12 {
		return false
	}
	return d >= 1 && d <= 31 && time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() == d
}

func monthNumber(name string) string {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	at := strings.Index(months, strings.ToLower(name))
	if at < 0 || at%3 != 0 {
		return "0"
	}
	return strconv.Itoa(at/3 + 1)
}

func timePattern(text string) (string, bool) {
	m := timeText.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	hour, _ := strconv.Atoi(m[2])
	hours, half := "%H", ""
	if m[6] != "" {
		hours, half = "%I", strings.Repeat(" ", len(m[6])-2)+"%p"
	}
	if hour > 23 || m[3] > "59" || m[4] > "59" || m[6] != "" && (hour < 1 || hour > 12) {
		return "", false
	}
	pattern := m[1] + hours + ":%M"
	if m[4] != "" {
		pattern += ":%S"
	}
	if m[5] != "" {
		pattern += ".%f"
	}
	pattern += half
	if zone := m[7]; zone != "" {
		pattern += strings.Repeat(" ", len(zone)-len(strings.TrimLeft(zone, " "))) + "%z"
	}
	return pattern, true
}

// datedText are the records of one text, and how it can be read.
type datedText struct {
	count    int
	patterns []string
}

// readMoments finds the patterns that together read the values: of the one that
// reads most, then of what that leaves.
func (c *column) readMoments() (reading, bool, error) {
	var left []datedText
	r := reading{kind: date}
	unread, dates, stamps := 0, 0, 0 // dates and stamps by the types' own grammars
	for text, count := range c.counts {
		patterns, timed := moments(text)
		if len(patterns) == 0 {
			if unread += count; !c.tolerates(unread) {
				return r, false, nil
			}
			continue
		}
		if timed {
			r.kind = timestamp
		}
		switch {
		case isoDate.MatchString(text):
			dates += count
		case isoStamp.MatchString(text):
			stamps += count
		}
		left = append(left, datedText{count, patterns})
	}
	for k, read := range map[kind]int{date: dates, timestamp: stamps} {
		if c.tolerates(c.values - read) { // the type's own grammar reads them, but for faults
			return reading{kind: k, unread: c.values - read}, true, nil
		}
	}
	for len(left) > 0 && len(r.formats) < 4 {
		counts := map[string]int{}
		for _, k := range left {
			for _, p := range k.patterns {
				if !contains(r.formats, swapped(p)) { // two that read one text differently are refused
					counts[p] += k.count
				}
			}
		}
		best, err := c.bestMoment(counts)
		if err != nil {
			return r, false, err
		}
		if counts[best]*500 < c.values || best == "" {
			break
		}
		r.formats = append(r.formats, best)
		var rest []datedText
		for _, k := range left {
			if !contains(k.patterns, best) {
				rest = append(rest, k)
			}
		}
		left = rest
	}
	for _, k := range left {
		unread += k.count
	}
	r.unread = unread
	return r, c.tolerates(unread), nil
}

// bestMoment is the pattern that reads most; where day and month could change
// places in every value, the sample's other columns tell, or it is asked.
func (c *column) bestMoment(counts map[string]int) (string, error) {
	best := ""
	for p, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && p < best { // %d before %m: the likelier
			best = p
		}
	}
	other := swapped(best)
	if best == "" || !strings.HasPrefix(best, "%d") || counts[other] != counts[best] || other == best {
		return best, nil
	}
	switch {
	case c.dayFirst > 0 && c.monthFirst == 0:
		c.see(c.name + ": " + example(c.counts, best) + " fits day first and month first; read day first, as other columns of the sample are")
		return best, nil
	case c.monthFirst > 0 && c.dayFirst == 0:
		c.see(c.name + ": " + example(c.counts, best) + " fits day first and month first; read month first, as other columns of the sample are")
		return other, nil
	}
	return c.choose(c.header+": every "+example(c.counts, best)+" fits both", []string{best, other})
}

// swapped is a pattern with day and month in each other's place.
func swapped(pattern string) string {
	if strings.HasPrefix(pattern, "%Y") {
		return ""
	}
	return strings.NewReplacer("%d", "%m", "%m", "%d").Replace(pattern)
}

// order counts the texts that can only have the day first, or the month.
func (c *column) order() (day, month int) {
	for text := range c.counts {
		patterns, _ := moments(text)
		switch {
		case len(patterns) != 1:
		case strings.HasPrefix(patterns[0], "%d") && strings.Contains(patterns[0], "%m"):
			day++
		case strings.HasPrefix(patterns[0], "%m"):
			month++
		}
	}
	return day, month
}

// example is a value that the pattern reads, the first in order.
func example(counts map[string]int, pattern string) string {
	first := ""
	for text := range counts {
		if patterns, _ := moments(text); contains(patterns, pattern) && (first == "" || text < first) {
			first = text
		}
	}
	return first
}
