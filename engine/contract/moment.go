package contract

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// moment is a strptime pattern of a date or timestamp, compiled: a regular
// expression with one group a field. There are nine at most, as many as a template
// can name.
type moment struct {
	text  string
	regex string
	group map[byte]int // by verb, from 1
}

// verbs are the fields of a pattern, each in its strict form.
var verbs = map[byte]string{
	'Y': yearPattern,
	'y': `[0-9]{2}`,
	'm': `(?:0[1-9]|1[0-2])`,
	'd': `(?:0[1-9]|[12][0-9]|3[01])`,
	'H': hourPattern,
	'I': `(?:0?[1-9]|1[0-2])`,
	'p': `[AaPp][Mm]`,
	'M': sixtyPattern,
	'S': sixtyPattern,
	'f': `[0-9]{1,6}`,
	'b': `(?:` + anyCase("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec") + `)`,
	'z': `(?:Z|[+-](?:0[0-9]|1[0-8])(?::?[0-5][0-9])?)`,
}

// short are the forms of %m, %d and %H with one or two digits. They are used where
// no other digits touch the field, so that no text can be parted in two ways.
var short = map[byte]string{
	'm': `(?:0?[1-9]|1[0-2])`,
	'd': `(?:0?[1-9]|[12][0-9]|3[01])`,
	'H': `(?:[01]?[0-9]|2[0-3])`,
}

var months = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// anyCase spells a pattern of lower-case letters for both cases: inline flags fold
// letters differently from engine to engine.
func anyCase(pattern string) string {
	var b strings.Builder
	for _, r := range pattern {
		if r >= 'a' && r <= 'z' {
			b.WriteString("[" + strings.ToUpper(string(r)) + string(r) + "]")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

type piece struct {
	verb    byte // 0 for a literal
	literal string
}

func (p piece) digits() bool { return p.verb != 0 && strings.IndexByte("YymdHIMSf", p.verb) >= 0 }

func cutPattern(text string) ([]piece, error) {
	var pieces []piece
	seen := map[byte]bool{}
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			pieces = append(pieces, piece{literal: text[i : i+1]})
			continue
		}
		i++
		switch {
		case i == len(text):
			return nil, errors.New("it ends in a lone %")
		case text[i] == '%':
			pieces = append(pieces, piece{literal: "%"})
		case verbs[text[i]] == "":
			return nil, fmt.Errorf("%%%c is not known; the fields are %%Y %%y %%m %%d %%H %%I %%p %%M %%S %%f %%b %%z", text[i])
		case seen[text[i]]:
			return nil, fmt.Errorf("%%%c stands twice", text[i])
		default:
			seen[text[i]] = true
			pieces = append(pieces, piece{verb: text[i]})
		}
	}
	return pieces, nil
}

// compileMoment reads a pattern and checks that it says one date, and one time or
// none.
func compileMoment(text string) (moment, error) {
	pieces, err := cutPattern(text)
	if err != nil {
		return moment{}, err
	}
	m := moment{text: text, group: map[byte]int{}}
	var b strings.Builder
	for i, p := range pieces {
		if p.verb == 0 {
			b.WriteString(regexp.QuoteMeta(p.literal))
			continue
		}
		m.group[p.verb] = len(m.group) + 1
		pattern := verbs[p.verb]
		alone := (i == 0 || !touches(pieces[i-1])) && (i+1 == len(pieces) || !touches(pieces[i+1]))
		if s := short[p.verb]; s != "" && alone {
			pattern = s
		}
		b.WriteString("(" + pattern + ")")
	}
	m.regex = b.String()
	return m, m.complete()
}

// touches reports whether digits of p could be taken for its neighbour's.
func touches(p piece) bool {
	return p.digits() || p.verb == 0 && p.literal >= "0" && p.literal <= "9"
}

func (m moment) has(verb byte) bool { return m.group[verb] != 0 }

func (m moment) complete() error {
	for _, rule := range []struct {
		broken bool
		msg    string
	}{
		{m.has('Y') == m.has('y'), "it needs a year: %Y or %y"},
		{m.has('m') == m.has('b'), "it needs a month: %m or %b"},
		{!m.has('d'), "it needs a day: %d"},
		{m.has('H') && m.has('I'), "it has both %H and %I"},
		{m.has('I') != m.has('p'), "%I and %p go together"},
		{m.has('M') && !m.timed(), "%M needs an hour"},
		{m.has('S') && !m.has('M'), "%S needs %M"},
		{m.has('f') && !m.has('S'), "%f needs %S"},
		{m.has('z') && !m.timed(), "%z needs an hour"},
	} {
		if rule.broken {
			return errors.New(rule.msg)
		}
	}
	return nil
}

func (m moment) timed() bool { return m.has('H') || m.has('I') }

// value is the SQL of x, which matches the pattern, as t.
func (m moment) value(x string, t Type, d Dialect) string {
	iso := isoText{x: x, m: m, d: d}
	iso.year()
	iso.month()
	iso.plain("-").field('d', "")
	zoned := m.has('z')
	if t.Base == Date && !zoned {
		return d.TryCast(iso.sql(), t)
	}
	iso.plain(" ")
	iso.hour()
	iso.plain(":").field('M', "00").plain(":").field('S', "00")
	if m.has('f') {
		iso.plain(".").field('f', "")
	}
	stamp := d.TryCast(iso.sql(), Type{Base: Timestamp})
	if zoned {
		stamp = Type{Base: Timestamp}.inCalendar(d.AddMinutes(stamp, m.minutesToUTC(x, d)))
	}
	if t.Base == Date {
		return "cast(" + stamp + " as date)"
	}
	return stamp
}

// minutesToUTC is what %z, Z or +02:00 or +0200 or +02, takes away from the local time.
func (m moment) minutesToUTC(x string, d Dialect) string {
	zone := "replace(" + d.Extract(x, m.regex, m.group['z']) + ", ':', '')"
	number := func(from int) string {
		return fmt.Sprintf("coalesce(cast(nullif(substr(%s, %d, 2), '') as integer), 0)", zone, from)
	}
	return "(case substr(" + zone + ", 1, 1) when '-' then 1 else -1 end * (" + number(2) + " * 60 + " + number(4) + "))"
}

// isoText builds the SQL of YYYY-MM-DD HH:MM:SS.f out of fields. Neighbouring
// fields that are copied as they are cost one replacement together. A field of one
// digit stays one: every engine casts it, and the pattern has checked it.
type isoText struct {
	x        string
	m        moment
	d        Dialect
	parts    []string
	template strings.Builder
}

func (t *isoText) plain(text string) *isoText {
	t.template.WriteString(text)
	return t
}

func (t *isoText) field(verb byte, absent string) *isoText {
	if g := t.m.group[verb]; g != 0 {
		fmt.Fprintf(&t.template, `\%d`, g)
		return t
	}
	return t.plain(absent)
}

func (t *isoText) expression(sql string) {
	t.flush()
	t.parts = append(t.parts, sql)
}

func (t *isoText) flush() {
	if t.template.Len() == 0 {
		return
	}
	t.parts = append(t.parts, t.d.Replace(t.x, t.m.regex, t.template.String()))
	t.template.Reset()
}

func (t *isoText) sql() string {
	t.flush()
	return "(" + strings.Join(t.parts, " || ") + ")"
}

// year: two digits from 69 on are of the last century, as strptime has it.
func (t *isoText) year() {
	if t.m.has('Y') {
		t.field('Y', "")
		return
	}
	t.expression("case when " + t.d.Extract(t.x, t.m.regex, t.m.group['y']) + " >= '69' then '19' else '20' end")
	t.field('y', "")
}

func (t *isoText) month() {
	t.plain("-")
	if t.m.has('m') {
		t.field('m', "")
		return
	}
	var b strings.Builder
	b.WriteString("case lower(" + t.d.Extract(t.x, t.m.regex, t.m.group['b']) + ")")
	for i, name := range months {
		fmt.Fprintf(&b, " when '%s' then '%02d'", name, i+1)
	}
	t.expression(b.String() + " end")
}

func (t *isoText) hour() {
	if !t.m.has('I') {
		t.field('H', "00")
		return
	}
	t.expression("cast(cast(" + t.d.Extract(t.x, t.m.regex, t.m.group['I']) + " as integer) % 12 + case lower(" +
		t.d.Extract(t.x, t.m.regex, t.m.group['p']) + ") when 'pm' then 12 else 0 end as varchar)")
}
