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
}

func refer(text string, d Dialect, limit int) reference {
	d, _ = d.normal()
	var ref reference
	offset := 0
	if strings.HasPrefix(text, "\uFEFF") {
		offset = 3
	}
	want := d.Columns
	if !d.NoHeader {
		want = 0
	}
	for offset < len(text) {
		rest := text[offset:]
		line, lineEnd := referLine(rest, d)
		if line == "" && want != 1 {
			ref.blank++
			offset += lineEnd
			continue
		}
		fields, content, size, ok := referRecord(rest, d)
		var reason Reason
		switch {
		case len(line) > limit:
			reason, fields = LineTooLong, nil
		case !ok || content > limit:
			reason, fields = Quote, nil
		case want > 0 && len(fields) != want:
			reason = FieldCount
		case !utf8.ValidString(rest[:content]) || strings.Contains(rest[:content], "\x00"):
			reason = Encoding
		}
		if reason != "" && reason != Encoding {
			size = len(line) + lineEnd
		}
		switch {
		case want == 0 && reason != "":
			ref.badHeader = reason
			return ref
		case want == 0:
			ref.header, want = fields, len(fields)
		default:
			ref.records++
			if reason == "" {
				ref.good = append(ref.good, fields)
			} else {
				ref.bad = append(ref.bad, Bad{Number: ref.records, Offset: int64(offset), Length: int64(size), Reason: reason, Fields: len(fields)})
			}
		}
		offset += size
	}
	return ref
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
			case c == d.Escape && i+1 < len(text) && text[i+1] == d.Quote,
				c == d.Escape && d.Escape != d.Quote && i+1 < len(text) && text[i+1] == d.Escape:
				field = append(field, text[i+1])
				i++
			case c == d.Quote:
				state = after
			case c == d.Escape:
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
