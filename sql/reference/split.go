package reference

import (
	"strings"
	"unicode/utf8"
)

// maxRecord is the longest record in bytes, without its line end.
const maxRecord = 1_999_998

// record is one record of an object: its fields, or why it has none.
type record struct {
	fields []string
	fault  string // field_count, quote, encoding, line_too_long; "" for a whole record
}

// line is one physical line.
type line struct {
	text string
	end  string // "\n", "\r\n", or "" at the end of the object
}

// split parts an object into its header and its records. A record with a fault of
// quoting or of count takes its first physical line only, and reading goes on
// with the next. header is nil where there is none that can be read.
func split(object []byte) (header []string, records []record) {
	lines := cutLines(strings.TrimPrefix(string(object), "\ufeff"))
	for at := 0; at < len(lines); {
		if lines[at].text == "" {
			at++
			continue
		}
		r, taken := readRecord(lines[at:], len(header))
		at += taken
		switch {
		case header != nil:
			records = append(records, r)
		case r.fault != "":
			return nil, nil
		default:
			header = r.fields
		}
	}
	return header, records
}

func cutLines(text string) []line {
	var lines []line
	for text != "" {
		content, rest, ended := strings.Cut(text, "\n")
		l := line{text: content}
		if ended {
			l.end = "\n"
			if bare, carriage := strings.CutSuffix(content, "\r"); carriage {
				l = line{text: bare, end: "\r\n"}
			}
		}
		lines = append(lines, l)
		text = rest
	}
	return lines
}

// readRecord reads the record that begins with the first of the lines. want is the
// number of fields that it should have, 0 for any.
func readRecord(lines []line, want int) (r record, taken int) {
	if len(lines[0].text) > maxRecord {
		return record{fault: "line_too_long"}, 1
	}
	text, taken := joinQuoted(lines)
	fields, whole := cutFields(text)
	switch {
	case !whole || len(text) > maxRecord:
		return record{fault: "quote"}, 1
	case want > 0 && len(fields) != want:
		return record{fault: "field_count"}, 1
	case !utf8.ValidString(text) || strings.Contains(text, "\x00"):
		return record{fault: "encoding"}, taken
	}
	return record{fields: fields}, taken
}

// joinQuoted is the text of the first line, and of as many more as a field in
// quotes runs over.
func joinQuoted(lines []line) (text string, taken int) {
	var b strings.Builder
	for i, l := range lines {
		b.WriteString(l.text)
		// Only a line with a quote in it can close what is open.
		if (i == 0 || strings.Contains(l.text, `"`)) && !endsInQuotes(b.String()) {
			return b.String(), i + 1
		}
		if b.Len() > maxRecord {
			break
		}
		b.WriteString(l.end)
	}
	return b.String(), 1
}

func endsInQuotes(text string) bool {
	for {
		rest, quoted := strings.CutPrefix(text, `"`)
		if quoted {
			_, after, closed := cutQuoted(rest)
			if !closed {
				return true
			}
			rest = after
		}
		_, next, more := strings.Cut(rest, ",")
		if !more {
			return false
		}
		text = next
	}
}

// cutFields cuts a record's text; whole is false where its quotes are wrong.
func cutFields(text string) (fields []string, whole bool) {
	for {
		field, rest, more := "", "", false
		if inner, quoted := strings.CutPrefix(text, `"`); quoted {
			value, after, closed := cutQuoted(inner)
			if !closed || after != "" && after[0] != ',' {
				return nil, false
			}
			field, more = value, after != ""
			rest = strings.TrimPrefix(after, ",")
		} else {
			field, rest, more = strings.Cut(text, ",")
			if strings.ContainsAny(field, "\"\r\n") {
				return nil, false
			}
		}
		fields = append(fields, field)
		if !more {
			return fields, true
		}
		text = rest
	}
}

// cutQuoted reads up to the quote that closes a field whose opening quote is gone;
// a doubled quote is one of the field's characters.
func cutQuoted(text string) (value, after string, closed bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, `"`)
		b.WriteString(before)
		if !found {
			return "", "", false
		}
		if !strings.HasPrefix(rest, `"`) {
			return b.String(), rest, true
		}
		b.WriteByte('"')
		text = rest[1:]
	}
}
