package records

import (
	"strings"
	"unicode/utf8"
)

// reference is a second, slow scanner: it holds the whole text, goes character
// by character and builds every field.
type reference struct {
	header    []string
	good      [][]string
	bad       []Bad // without Raw
	records   int64
	blank     int64
	badHeader Reason
	first     []string
	last      [][]string
	skipped   int64
	fault     string // of the frame: header, first, last
}

// referred is a record before it has a number.
type referred struct {
	fields []string
	bad    Bad
	ending []string // its fields as one of the last records
	empty  bool     // its line is
}

func refer(text string, d Dialect, limit int) reference {
	d, _ = d.normal()
	var ref reference
	offset := 0
	if strings.HasPrefix(text, "\uFEFF") {
		offset = 3
	}
	offset, want := ref.open(text, d, limit, offset)
	if ref.badHeader != "" || ref.fault != "" {
		return ref
	}
	var all []referred
	for offset < len(text) {
		rest := text[offset:]
		line, lineEnd := referLine(rest, d)
		if line == "" && want != 1 {
			ref.blank++
			offset += lineEnd
			continue
		}
		fields, size, reason := referJudge(rest, d, limit)
		one := referred{fields: fields, empty: line == ""}
		if (reason == "" || reason == Encoding) && want != len(fields) {
			reason, size = FieldCount, len(line)+lineEnd
		}
		one.bad = Bad{Offset: int64(offset), Length: int64(size), Reason: reason, Fields: len(fields)}
		if reason == "" {
			one.ending = fields
		} else if fields, _, reason := referJudge(line, d, limit); reason == "" && one.bad.Reason == FieldCount {
			one.ending = fields
		}
		all = append(all, one)
		offset += size
	}
	if d.Last != nil {
		all = ref.close(all, d, want)
	}
	for _, one := range all {
		ref.records++
		if one.bad.Reason == "" {
			ref.good = append(ref.good, one.fields)
			continue
		}
		one.bad.Number = ref.records
		ref.bad = append(ref.bad, one.bad)
	}
	return ref
}

// open reads up to the records.
func (ref *reference) open(text string, d Dialect, limit, offset int) (at, want int) {
	if d.NoHeader && d.First == nil {
		return offset, d.Columns
	}
	for lines := 1; offset < len(text); lines++ {
		rest := text[offset:]
		line, lineEnd := referLine(rest, d)
		if line == "" {
			ref.blank++
			offset += lineEnd
		} else {
			fields, size, reason := referJudge(rest, d, limit)
			if reason != "" {
				size = len(line) + lineEnd
			}
			marked := reason == "" && referMarked(fields, d.First)
			switch {
			case d.HeaderWithin > 1 && reason == "" && d.IsHeader(fields) && (d.First == nil || ref.first != nil):
				ref.header = fields
				return offset + size, len(fields)
			case d.HeaderWithin > 1 && reason == "" && d.IsHeader(fields):
				ref.fault = "first"
				return 0, 0
			case marked && (ref.first == nil || d.HeaderWithin > 1):
				ref.first = fields
				if d.NoHeader {
					return offset + size, d.Columns
				}
			case d.HeaderWithin > 1:
				ref.skipped++
				size = len(line) + lineEnd
			case d.First != nil && ref.first == nil:
				ref.fault = "first"
				return 0, 0
			case reason != "":
				ref.badHeader = reason
				return 0, 0
			default:
				ref.header = fields
				return offset + size, len(fields)
			}
			offset += size
		}
		if d.HeaderWithin > 1 && lines == d.HeaderWithin {
			ref.fault = "header"
			return 0, 0
		}
	}
	switch {
	case ref.skipped > 0:
		ref.fault = "header"
	case d.First != nil && ref.first == nil:
		ref.fault = "first"
	}
	return offset, 0
}

// close parts the last records from those before.
func (ref *reference) close(all []referred, d Dialect, want int) []referred {
	end, own := len(all), 0
	for i := len(all) - 1; i >= 0; i-- {
		one := all[i]
		if one.empty {
			continue
		}
		if !referMarked(one.ending, d.Last) || own > 0 && own != want && one.bad.Reason == "" {
			break
		}
		if own == 0 {
			own = len(one.ending)
		}
		end = i
	}
	for _, one := range all[end:] {
		if referMarked(one.ending, d.Last) {
			ref.last = append(ref.last, one.ending)
		} else {
			ref.blank++
		}
	}
	if ref.last == nil {
		ref.fault = "last"
	}
	return all[:end]
}

func referMarked(fields []string, m *Marker) bool {
	return m != nil && m.Field < len(fields) && strings.Trim(fields[m.Field], " \t") == m.Literal
}

// referJudge reads the record at the start of text by itself. A size belongs to
// a good one; that of others is their first line.
func referJudge(text string, d Dialect, limit int) (fields []string, size int, reason Reason) {
	line, lineEnd := referLine(text, d)
	fields, content, size, ok := referRecord(text, d)
	switch {
	case len(line) > limit:
		return nil, len(line) + lineEnd, LineTooLong
	case !ok || content > limit:
		return nil, len(line) + lineEnd, Quote
	case !utf8.ValidString(text[:content]) || strings.Contains(text[:content], "\x00"):
		return fields, size, Encoding
	}
	return fields, size, ""
}

func referLine(text string, d Dialect) (line string, end int) {
	for i := range len(text) {
		if n := referEnd(text[i:], d); n > 0 {
			return text[:i], n
		}
	}
	return text, 0
}

func referEnd(text string, d Dialect) int {
	switch {
	case d.NewLine == '\n' && strings.HasPrefix(text, "\r\n"):
		return 2
	case strings.HasPrefix(text, string(rune(d.NewLine))):
		return 1
	}
	return 0
}

func referRecord(text string, d Dialect) (fields []string, content, size int, ok bool) {
	const (
		begin = iota
		bare
		inside
		after
	)
	state := begin
	var field []byte
	i := 0
	for ; i < len(text); i++ {
		c := text[i]
		if state == inside {
			switch {
			case !d.NoEscape && c == d.Escape && i+1 < len(text) && text[i+1] == d.Quote,
				!d.NoEscape && c == d.Escape && d.Escape != d.Quote && i+1 < len(text) && text[i+1] == d.Escape:
				field = append(field, text[i+1])
				i++
			case c == d.Quote:
				state = after
			case !d.NoEscape && c == d.Escape:
				return nil, 0, 0, false
			default:
				field = append(field, c)
			}
			continue
		}
		if n := referEnd(text[i:], d); n > 0 {
			return append(fields, string(field)), i, i + n, true
		}
		switch {
		case d.Delimiter != 0 && c == d.Delimiter:
			fields = append(fields, string(field))
			field, state = nil, begin
		case c == '\r' || c == '\n' || state == after:
			return nil, 0, 0, false
		case d.Quote != 0 && c == d.Quote && state == begin:
			state = inside
		case d.Quote != 0 && c == d.Quote:
			return nil, 0, 0, false
		default:
			field = append(field, c)
			state = bare
		}
	}
	if state == inside {
		return nil, 0, 0, false
	}
	return append(fields, string(field)), i, i, true
}
