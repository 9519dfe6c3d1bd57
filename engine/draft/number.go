package draft

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	plainNumber = regexp.MustCompile(`\A[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\z`)
	exponential = regexp.MustCompile(`\A[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+\z`)
)

// shape is how a number is written, apart from its digits.
type shape struct {
	before, after string
	group, mark   string
	inner, behind bool // a minus behind `before`; behind the digits
	parens        bool
}

// number is one text, taken apart.
type number struct {
	shape
	whole, fraction int    // digits
	unsure          string // a separator that groups thousands or is the decimal mark: 1.234
	zero            bool   // a whole number with a zero in front: 007
}

// parseNumber takes a text apart; false where it is no number.
func parseNumber(text string) (n number, ok bool) {
	if plainNumber.MatchString(text) {
		digits := strings.TrimLeft(text, "+-")
		whole, fraction, marked := strings.Cut(digits, ".")
		n.whole, n.fraction = len(strings.TrimLeft(whole, "0")), len(fraction)
		n.zero = !marked && len(whole) > 1 && whole[0] == '0'
		if marked {
			n.mark = "."
			n.unsureAbout(".", whole, fraction)
		}
		return n, true
	}
	first, last := strings.IndexAny(text, "0123456789"), strings.LastIndexAny(text, "0123456789")
	if first < 0 || len(text) > 40 {
		return n, false
	}
	n.before, n.after = text[:first], text[last+1:]
	if strings.HasPrefix(n.before, "(") && strings.HasSuffix(n.after, ")") {
		n.parens, n.before, n.after = true, n.before[1:], n.after[:len(n.after)-1]
	}
	n.before = strings.TrimPrefix(n.before, "-")
	n.before, n.inner = strings.CutSuffix(n.before, "-")
	n.after, n.behind = strings.CutPrefix(n.after, "-")
	if strings.ContainsFunc(text, unicode.IsControl) || strings.ContainsAny(n.before+n.after, "+-().,0123456789'\"|") ||
		!unitText(n.before) || !unitText(n.after) {
		return n, false
	}
	return n, n.body(text[first : last+1])
}

// currencyCode is a word of three capitals that a blank parts from the digits: A12 and
// TXN0042 are names, 12 EUR is a number.
var currencyCode = regexp.MustCompile(`\A(?:[A-Z]{3}[ \x{a0}]| *[ \x{a0}][A-Z]{3})\z`)

// unitText reports whether a text beside digits leaves them a number: a sign such as
// $ or %, or a code.
func unitText(text string) bool {
	if strings.ContainsFunc(text, unicode.IsLetter) {
		return currencyCode.MatchString(text)
	}
	return len(text) <= 6
}

func (n *number) unsureAbout(separator, whole, fraction string) {
	if len(fraction) == 3 && len(whole) >= 1 && len(whole) <= 3 && whole[0] != '0' {
		n.unsure = separator
	}
}

// body reads digits and separators.
func (n *number) body(text string) bool {
	runs := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	var separators []string
	rest := text
	for i, run := range runs {
		at := strings.Index(rest, run)
		if i > 0 {
			separators = append(separators, rest[:at])
		}
		rest = rest[at+len(run):]
	}
	for _, s := range separators {
		if !slices.Contains([]string{",", ".", " ", "'", "\u00a0", "\u202f", "’"}, s) {
			return false
		}
	}
	count := len(separators)
	if count == 0 {
		n.whole = len(strings.TrimLeft(text, "0"))
		n.zero = len(text) > 1 && text[0] == '0'
		return true
	}
	lastRun, lastMark := runs[count], separators[count-1]
	grouped := count // separators that group
	switch {
	case count == 1 && (lastMark == "." || lastMark == ","):
		n.mark, n.fraction = lastMark, len(lastRun)
		n.unsureAbout(lastMark, runs[0], lastRun)
		grouped = 0
	case count > 1 && lastMark != separators[0] && (lastMark == "." || lastMark == ","):
		n.mark, n.fraction = lastMark, len(lastRun)
		grouped = count - 1
	}
	for i := range grouped {
		if separators[i] != separators[0] || len(runs[i+1]) != 3 || len(runs[0]) > 3 {
			return false
		}
		n.group = separators[0]
	}
	for i := range grouped + 1 {
		n.whole += len(runs[i])
	}
	return true
}

// readNumbers finds the examples that together read the values, and the type.
func (c *column) readNumbers() (r reading, ok bool, err error) {
	numbers := map[number]int{}
	unread, doubles := 0, 0
	for text, count := range c.counts {
		n, is := parseNumber(text)
		switch {
		case is && (!n.zero || n.whole == 0 && len(text) < 3):
			numbers[n] += count
		case exponential.MatchString(text):
			doubles += count
		default:
			if unread += count; !c.tolerates(unread) {
				return r, false, nil
			}
		}
	}
	if doubles > 0 {
		r.kind = double
		for n := range numbers {
			if n.shape != (shape{mark: n.mark}) || n.mark == "," {
				return r, false, nil
			}
		}
		return r, true, nil
	}
	if strange := c.strange(numbers); c.tolerates(unread + strange) { // the type's own grammar reads them, but for faults
		maps.DeleteFunc(numbers, func(n number, _ int) bool { return !n.plain() })
		unread += strange
	}
	if numbers, err = c.settleMarks(numbers); err != nil {
		return r, false, err
	}
	shapes, lost := examples(numbers)
	if r.unread = unread + lost; !c.tolerates(r.unread) {
		return r, false, nil
	}
	c.measure(&r, numbers)
	if r.kind == whole && c.words.any("money", c.name) { // the sample had no cents
		r.kind = decimal
		for i, s := range shapes {
			if at := strings.Index(",.", s.group); s.group != "" && at >= 0 {
				shapes[i].mark = ".,"[at : at+1]
			}
		}
	}
	if len(shapes) > 1 || len(shapes) == 1 && !shapes[0].plain() {
		for _, s := range shapes {
			r.formats = append(r.formats, s.example(r.kind == whole))
		}
	}
	return r, r.kind != varchar, nil
}

// strange is the number of records that the type's own grammar does not read.
func (c *column) strange(numbers map[number]int) (count int) {
	for n, records := range numbers {
		if !n.plain() {
			count += records
		}
	}
	return count
}

// settleMarks decides for values like 1.234, by what the other values show; where
// all are such, it is asked.
func (c *column) settleMarks(numbers map[number]int) (map[number]int, error) {
	marks, unsure := map[string]bool{}, ""
	for n := range numbers {
		if n.unsure == "" && n.mark != "" {
			marks[n.mark] = true
		}
		if n.group != "" {
			marks["group"+n.group] = true
		}
		if n.unsure != "" {
			unsure = n.unsure
		}
	}
	if unsure == "" {
		return numbers, nil
	}
	settled := map[number]int{}
	asked := map[string]bool{}
	for n, count := range numbers {
		s := n.unsure
		group := marks["group"+s]
		if s != "" && !marks[s] && !group && !marks[".,"[1-strings.Index(".,", s):][:1]] {
			if _, known := asked[s]; !known {
				answer, err := c.choose(c.header+": every 1"+s+"234 may group thousands or have three decimals", marksOf(s))
				if err != nil {
					return nil, err
				}
				asked[s] = answer == "thousands"
			}
			group = asked[s]
		} else if s != "" && !marks[s] {
			group = true
		}
		if s != "" && group {
			n.group, n.mark, n.whole, n.fraction = s, "", n.whole+3, 0
		}
		n.unsure = ""
		settled[n] += count
	}
	return settled, nil
}

// marksOf are the two readings of 1,234 or 1.234, the likelier first.
func marksOf(separator string) []string {
	if separator == "," {
		return []string{"thousands", "decimals"}
	}
	return []string{"decimals", "thousands"}
}

// examples are the shapes to be shown, the commonest first. Values without a mark
// or a group go with those of the same surroundings that have them.
func examples(numbers map[number]int) (shapes []shape, lost int) {
	counts := map[shape]int{}
	for n, count := range numbers {
		counts[n.shape] += count
	}
	byCount := slices.SortedFunc(maps.Keys(counts), func(a, b shape) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.example(false), b.example(false)))
	})
	var weights []int
	all := 0
	for _, s := range byCount {
		all += counts[s]
		at := slices.IndexFunc(shapes, func(k shape) bool { return k.takes(s) })
		if at < 0 {
			shapes, weights = append(shapes, s), append(weights, counts[s])
			continue
		}
		shapes[at], weights[at] = shapes[at].with(s), weights[at]+counts[s]
	}
	var kept []shape
	for i, s := range shapes {
		if weights[i]*500 < all || len(kept) == 4 || slices.ContainsFunc(kept, func(k shape) bool { return k.clashes(s) }) {
			lost += weights[i]
			continue
		}
		kept = append(kept, s)
	}
	return kept, lost
}

// takes reports whether one example can show both.
func (s shape) takes(o shape) bool {
	same := s.before == o.before && s.after == o.after && s.parens == o.parens
	return same && (s.mark == o.mark || s.mark == "" && o.mark != s.group || o.mark == "" && s.mark != o.group) &&
		(s.group == o.group || s.group == "" && o.group != s.mark || o.group == "")
}

func (s shape) with(o shape) shape {
	s.mark, s.group = cmp.Or(s.mark, o.mark), cmp.Or(s.group, o.group)
	s.inner, s.behind = s.inner || o.inner, s.behind || o.behind
	return s
}

// clashes: one text could be read by both with other values.
func (s shape) clashes(o shape) bool {
	return s.before == o.before && s.after == o.after && (s.group != "" && s.group == o.mark || o.group != "" && o.group == s.mark)
}

// plain reports whether the type's own grammar reads it.
func (s shape) plain() bool { return s == shape{} || s == shape{mark: "."} }

// example shows a number in the shape.
func (s shape) example(isWhole bool) string {
	text := "1" + s.group + "234"
	if s.mark != "" && !isWhole || s.mark != "" && s.mark != "." {
		text += s.mark + "56"
	}
	if s.inner {
		text = "-" + text
	}
	if s.behind {
		text += "-"
	}
	text = s.before + text + s.after
	if s.parens {
		text = "(" + text + ")"
	}
	return text
}

// measure finds the type that holds the values.
func (c *column) measure(r *reading, numbers map[number]int) {
	noise, marked := 0, false
	for n, count := range numbers {
		r.digits, marked = max(r.digits, n.whole), marked || n.mark != ""
		if n.fraction > 8 {
			noise += count
			continue
		}
		r.scale = max(r.scale, n.fraction)
	}
	switch {
	case !marked && r.digits > 19:
		r.kind = varchar
	case !marked:
		r.kind = whole
	case noise > 0 && r.scale <= 4 && noise*10 <= c.values:
		r.kind, r.round = decimal, true // 85.64999999999999: a double that somebody printed
	case noise > 0 || r.digits+r.scale > 38:
		r.kind = double
	default:
		r.kind = decimal
	}
}
