package draft

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// dialect is how a sample's text is cut.
type dialect struct {
	delimiter, quote, escape byte
	newline                  byte
	encoding                 string
	within                   int // the header's line, 1 for the first; 0: there is none
}

const headerLines = 10 // among which a header is looked for

// split cuts text into records. It is lenient: what it cannot cut is cut somehow
// and shows as a wrong number of fields.
func (d dialect) split(body string, limit int) [][]string {
	var all [][]string
	var record []string
	var field strings.Builder
	quoted, was := false, false // inside quotes; the field was quoted
	begin := func() bool { return field.Len() == 0 && !was }
	endField := func() {
		record = append(record, field.String())
		field.Reset()
		was = false
	}
	endRecord := func() bool {
		if len(record) == 0 && begin() {
			return true
		}
		endField()
		all = append(all, record)
		record = nil
		return len(all) < limit
	}
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch {
		case quoted && c == d.escape && d.escape != d.quote && i+1 < len(body):
			i++
			field.WriteByte(body[i])
		case quoted && c == d.quote && i+1 < len(body) && body[i+1] == d.quote:
			i++
			field.WriteByte(c)
		case quoted && c == d.quote:
			quoted = false
		case quoted:
			field.WriteByte(c)
		case c == d.quote && begin():
			quoted, was = true, true
		case c == d.delimiter:
			endField()
		case c == d.newline:
			if !endRecord() {
				return all
			}
		case c == '\r' && d.newline == '\n' && (i+1 == len(body) || body[i+1] == '\n'):
		default:
			field.WriteByte(c)
		}
	}
	endRecord()
	return all
}

// dialectOf tries the delimiters and quotes that feeds use and keeps the one by
// which most records have the same number of fields, the more the better.
func dialectOf(t text) (dialect, [][]string) {
	newline := byte('\n')
	if !strings.Contains(t.body, "\n") && strings.Contains(t.body, "\r") {
		newline = '\r'
	}
	var best dialect
	var bestScore float64
	head := t.body[:min(len(t.body), 1<<20)]
	for _, quote := range []byte{'"', '\''} {
		for _, delimiter := range []byte{',', ';', '\t', '|', ':'} {
			d := dialect{delimiter: delimiter, quote: quote, escape: quote, newline: newline, encoding: t.encoding}
			sample := d.split(head, 2_000)
			fields, share := usualFields(sample)
			score := share * (1 + min(float64(fields-1), 8)/8)
			if fields == 1 { // a text of one column, or not its delimiter
				score = share / 2
			}
			if quote == '\'' && !quotedFields(head, delimiter, quote) {
				score = 0
			}
			if delimiter == ':' {
				score /= 2
			}
			if score > bestScore {
				best, bestScore = d, score
			}
		}
	}
	if strings.Contains(head, `\`+string(best.quote)) && !strings.Contains(head, string([]byte{best.quote, best.quote})) {
		best.escape = '\\'
	}
	rows := best.split(t.body, maxRecords)
	best.within = headerOf(rows)
	return best, rows
}

// quotedFields reports whether the character opens a field and closes one.
func quotedFields(body string, delimiter, quote byte) bool {
	pair := string([]byte{delimiter, quote})
	return strings.Contains(body, pair) && strings.Contains(body, string([]byte{quote, delimiter}))
}

// usualFields is the number of fields that most records have, and their share.
func usualFields(rows [][]string) (fields int, share float64) {
	counts := map[int]int{}
	for _, r := range rows {
		counts[len(r)]++
	}
	for n, count := range counts {
		if count > counts[fields] || count == counts[fields] && n > fields {
			fields = n
		}
	}
	if len(rows) == 0 {
		return 1, 0
	}
	return fields, float64(counts[fields]) / float64(len(rows))
}

// headerOf is the number of the first record that could be a header: of the usual
// number of fields, each of which is a name and none stands twice.
func headerOf(rows [][]string) int {
	usual, _ := usualFields(rows)
	for i, r := range rows[:min(len(rows), headerLines)] {
		if len(r) == usual && names(r) {
			return i + 1
		}
	}
	return 0
}

func names(record []string) bool {
	seen := map[string]bool{}
	for _, text := range record {
		key := headerKey(text)
		if seen[key] || len(text) > 64 || rough(text) == 'd' || exponential.MatchString(text) || !strings.ContainsFunc(key, unicode.IsLetter) {
			return false
		}
		seen[key] = true
	}
	return true
}

// rough is what a text is at first sight: n a number, d a date, t text, or 0 for none.
func rough(text string) byte {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0
	}
	if patterns, _ := moments(text); len(patterns) > 0 {
		return 'd'
	}
	if _, ok := parseNumber(text); ok || exponential.MatchString(text) {
		return 'n'
	}
	return 't'
}

// alike reports whether two samples hold the same kinds of values in the same places.
func (t *table) alike(o *table) bool {
	if len(t.header) != len(o.header) || len(t.rows) == 0 || len(o.rows) == 0 {
		return false
	}
	for i := range t.header {
		a, b := rough(t.rows[0][i]), rough(o.rows[0][i])
		if a != b && a != 0 && b != 0 {
			return false
		}
	}
	return true
}

// directive is the csv line, "" where all of it is the default.
func (d dialect) directive() string {
	var parts []string
	option := func(name string, c byte) {
		text := string(c)
		if c == '\t' {
			text = `\t`
		}
		parts = append(parts, fmt.Sprintf("%s '%s'", name, strings.ReplaceAll(text, "'", "''")))
	}
	if d.delimiter != ',' {
		option("delimiter", d.delimiter)
	}
	if d.quote != '"' {
		option("quote", d.quote)
	}
	if d.escape != d.quote {
		option("escape", d.escape)
	}
	if d.newline == '\r' {
		parts = append(parts, `newline '\r'`)
	}
	if d.encoding != "utf-8" {
		parts = append(parts, "encoding "+d.encoding)
	}
	switch {
	case d.within == 0:
		parts = append(parts, "header none")
	case d.within > 1:
		parts = append(parts, fmt.Sprintf("header within %d", d.within))
	}
	return strings.Join(parts, ", ")
}

// table is a sample, cut.
type table struct {
	key     string
	dialect dialect
	header  []string
	rows    [][]string
	odd     int // records with another number of fields
	cut     bool
}

func newTable(s Sample) (*table, error) {
	t, err := s.text()
	if err != nil {
		return nil, err
	}
	d, rows := dialectOf(t)
	if len(rows) == 0 {
		return nil, &SampleError{Key: s.Key, Problem: "has no records", Remedy: "a sample with some"}
	}
	result := &table{key: s.Key, dialect: d, cut: t.cut || len(rows) == maxRecords}
	if d.within > 0 {
		result.header, rows = rows[d.within-1], rows[d.within:]
	} else {
		usual, _ := usualFields(rows)
		for i := range usual {
			result.header = append(result.header, fmt.Sprintf("field_%d", i+1))
		}
	}
	if len(result.header) > maxColumns {
		return nil, &SampleError{Key: s.Key, Problem: fmt.Sprintf("has %d columns, of %d at most", len(result.header), maxColumns), Remedy: "a sample of delimited text"}
	}
	if slices.ContainsFunc(result.header, func(text string) bool { return strings.ContainsRune(text, 0) || !utf8.ValidString(text) }) {
		return nil, &SampleError{Key: s.Key, Problem: "has no text for a header", Remedy: "a sample of delimited text"}
	}
	result.rows = slices.DeleteFunc(rows, func(r []string) bool { return len(r) != len(result.header) })
	result.odd = len(rows) - len(result.rows)
	return result, nil
}
