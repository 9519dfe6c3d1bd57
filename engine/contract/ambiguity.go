package contract

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// differently returns a text that two formats read as two values, or "".
//
// It tries the texts of each format for values that are small enough to stand in
// any field of the other: what can be read in two ways at all can be with these.
func (f Format) differently(t Type) (text, one, other string) {
	readers, texts := f.readers(t)
	for _, text := range texts {
		first, by := "", ""
		for i, read := range readers {
			value, ok := read(text)
			switch {
			case !ok:
			case by == "":
				first, by = value, f.alternative(i)
			case value != first:
				return text, by, f.alternative(i)
			}
		}
	}
	return "", "", ""
}

func (f Format) alternative(i int) string {
	if len(f.Patterns) > 0 {
		return f.Patterns[i]
	}
	return f.Numbers[i].Text
}

func (f Format) readers(t Type) (readers []func(string) (string, bool), texts []string) {
	for _, p := range f.Patterns {
		m, err := compileMoment(p)
		if err != nil {
			continue
		}
		whole := regexp.MustCompile(`\A(?:` + m.regex + `)\z`)
		readers = append(readers, func(text string) (string, bool) { return m.read(whole, text) })
		texts = append(texts, m.samples()...)
	}
	for _, e := range f.Numbers {
		number := e.reader(t, f.Round)
		readers = append(readers, func(text string) (string, bool) {
			r, ok := number(text)
			if !ok {
				return "", false
			}
			return r.RatString(), true
		})
		texts = append(texts, e.samples()...)
	}
	return readers, texts
}

// samples are numbers written as the example shows them.
func (e NumberExample) samples() []string {
	var texts []string
	for _, digits := range []string{"1", "12", "123", "1234", "12345", "123456", "1234567"} {
		for _, group := range []string{"", e.Group} {
			for _, fraction := range []string{"", "0", "5", "50", "05", "500", "567", "500000"} {
				if fraction != "" && e.Mark == "" {
					continue
				}
				number := grouped(digits, group)
				if fraction != "" {
					number += e.Mark + fraction
				}
				texts = append(texts, e.signed(number)...)
			}
		}
	}
	return texts
}

func (e NumberExample) signed(number string) []string {
	if e.Parens {
		return []string{"(" + e.Before + number + e.After + ")"}
	}
	texts := []string{e.Before + number + e.After, "-" + e.Before + number + e.After}
	if e.Inner {
		texts = append(texts, e.Before+"-"+number+e.After)
	}
	if e.Behind {
		texts = append(texts, e.Before+number+"-"+e.After)
	}
	if e.Last {
		texts = append(texts, e.Before+number+e.After+"-")
	}
	return texts
}

func grouped(digits, separator string) string {
	if separator == "" || len(digits) <= 3 {
		return digits
	}
	return grouped(digits[:len(digits)-3], separator) + separator + digits[len(digits)-3:]
}

// samples are moments written as the pattern shows them, with one digit and two.
func (m moment) samples() []string {
	pieces, err := cutPattern(m.text)
	if err != nil {
		return nil
	}
	texts := []string{""}
	for _, p := range pieces {
		forms := []string{p.literal}
		if p.verb != 0 {
			forms = sampleFields[p.verb]
		}
		var longer []string
		for _, text := range texts {
			for _, form := range forms {
				longer = append(longer, text+form)
			}
		}
		texts = longer
	}
	return texts
}

// sampleFields stay within each other's ranges, so that a day can be taken for a
// month, an hour or the end of a year.
var sampleFields = map[byte][]string{
	'Y': {"2003", "1112", "1970", "2070"},
	'y': {"03", "12", "70"},
	'm': {"02", "2", "11", "1"},
	'd': {"05", "5", "12", "1"},
	'H': {"04", "4", "11"},
	'I': {"06", "6"},
	'p': {"am", "PM"},
	'M': {"07", "10"},
	'S': {"08", "11"},
	'f': {"9", "100000"},
	'b': {"Mar"},
	'z': {"Z", "+02:00", "-0130"},
}

// read is what value does, in Go: the time in UTC, as text.
func (m moment) read(whole *regexp.Regexp, text string) (string, bool) {
	match := whole.FindStringSubmatch(text)
	if match == nil {
		return "", false
	}
	number := func(verb byte) int {
		n, err := strconv.Atoi(match[m.group[verb]])
		if m.group[verb] == 0 || err != nil {
			return 0
		}
		return n
	}
	year, month, hour := number('Y'), number('m'), number('H')
	if m.has('y') {
		year = 2000 + number('y')
		if number('y') >= 69 {
			year -= 100
		}
	}
	if m.has('b') {
		month = 1 + strings.Index(strings.Join(months, ""), strings.ToLower(match[m.group['b']]))/3
	}
	if m.has('I') {
		hour = number('I') % 12
		if strings.EqualFold(match[m.group['p']], "pm") {
			hour += 12
		}
	}
	micros := 0
	if m.has('f') {
		micros, _ = strconv.Atoi((match[m.group['f']] + "00000")[:6])
	}
	at := time.Date(year, time.Month(month), number('d'), hour, number('M'), number('S'), micros*1000, time.UTC)
	if at.Day() != number('d') {
		return "", false
	}
	at = at.Add(-m.offset(match))
	return at.Format("2006-01-02 15:04:05.999999"), at.Year() >= 1 && at.Year() <= 9999
}

func (m moment) offset(match []string) time.Duration {
	zone := strings.ReplaceAll(match[m.group['z']], ":", "")
	if m.group['z'] == 0 || zone == "Z" {
		return 0
	}
	hours, _ := strconv.Atoi(zone[1:3])
	minutes, _ := strconv.Atoi("0" + zone[3:])
	offset := time.Duration(hours*60+minutes) * time.Minute
	if zone[0] == '-' {
		return -offset
	}
	return offset
}

// ambiguity is the fault of a format that reads one text in two ways, or nil.
func (f Format) ambiguity(t Type) error {
	if len(f.Patterns)+len(f.Numbers) < 2 {
		return nil
	}
	text, one, other := f.differently(t)
	if text == "" {
		return nil
	}
	return fmt.Errorf("%q would be read in two ways, by %s and by %s", text, one, other)
}
