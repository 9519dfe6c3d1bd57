package records

import "bytes"

// shape is how a record with quotes turned out.
type shape int

const (
	whole     shape = iota // ends in a line end or with the text
	malformed              // breaks the rules of quoting
	open                   // the bytes end inside quotes
)

const (
	ordinary = iota
	isDelimiter
	isQuote
	isNewLine
	isStray // the line break character that ends no record by itself
)

// parser divides one record. Its table spares a comparison per character.
type parser struct {
	Dialect
	class [256]byte
}

func newParser(d Dialect) *parser {
	p := &parser{Dialect: d}
	if d.Delimiter != 0 {
		p.class[d.Delimiter] = isDelimiter
	}
	if d.Quote != 0 {
		p.class[d.Quote] = isQuote
	}
	p.class['\n'], p.class['\r'] = isNewLine, isStray
	if d.NewLine == '\r' {
		p.class['\n'], p.class['\r'] = isStray, isNewLine
	}
	return p
}

// record reads one record from the start of text, which ends in a line end or
// with the whole text. It returns the record's bytes without and with its line
// end, and its fields.
func (p *parser) record(text []byte) (content, size, fields int, s shape) {
	for at := 0; ; {
		fields++
		if at < len(text) && p.Quote != 0 && text[at] == p.Quote {
			closed, s := p.quoted(text, at+1)
			if s != whole {
				return 0, 0, 0, s
			}
			at = closed
		} else {
			for at < len(text) && p.class[text[at]] == ordinary {
				at++
			}
		}
		if at == len(text) {
			return at, at, fields, whole
		}
		switch p.class[text[at]] {
		case isDelimiter:
			at++
		case isNewLine:
			return at, at + 1, fields, whole
		case isStray:
			if p.NewLine == '\n' && at+1 < len(text) && text[at+1] == '\n' {
				return at, at + 2, fields, whole
			}
			return 0, 0, 0, malformed
		default:
			return 0, 0, 0, malformed
		}
	}
}

// quoted returns the position after the closing quote of a field whose text
// starts at at.
func (p *parser) quoted(text []byte, at int) (int, shape) {
	for {
		next := bytes.IndexByte(text[at:], p.Quote)
		if p.Escape != p.Quote && !p.NoEscape {
			if next < 0 {
				next = len(text) - at
			}
			if escape := bytes.IndexByte(text[at:at+next], p.Escape); escape >= 0 {
				at += escape + 1
				if at == len(text) {
					return 0, open
				}
				if text[at] != p.Quote && text[at] != p.Escape {
					return 0, malformed
				}
				at++
				continue
			}
			if at+next == len(text) {
				return 0, open
			}
			return at + next + 1, whole
		}
		if next < 0 {
			return 0, open
		}
		at += next + 1
		if at == len(text) || text[at] != p.Quote || p.NoEscape {
			return at, whole
		}
		at++
	}
}

// texts returns the fields of a well-formed record, unquoted.
func (p *parser) texts(content []byte) []string {
	var fields []string
	for at := 0; ; at++ {
		start := at
		if at < len(content) && p.Quote != 0 && content[at] == p.Quote {
			at, _ = p.quoted(content, at+1)
			fields = append(fields, p.unescape(content[start+1:at-1]))
		} else {
			for at < len(content) && p.class[content[at]] != isDelimiter {
				at++
			}
			fields = append(fields, string(content[start:at]))
		}
		if at == len(content) {
			return fields
		}
	}
}

func (p *parser) unescape(inside []byte) string {
	text := make([]byte, 0, len(inside))
	for i := 0; i < len(inside); i++ {
		if inside[i] == p.Escape && !p.NoEscape && i+1 < len(inside) {
			i++
		}
		text = append(text, inside[i])
	}
	return string(text)
}

// field returns field n of a well-formed record, 0 the first, unquoted.
func (p *parser) field(content []byte, n int) (field []byte, ok bool) {
	for at := 0; ; at++ {
		start := at
		quoted := at < len(content) && p.Quote != 0 && content[at] == p.Quote
		if quoted {
			at, _ = p.quoted(content, at+1)
		} else {
			for at < len(content) && p.class[content[at]] != isDelimiter {
				at++
			}
		}
		switch {
		case n == 0 && quoted:
			return []byte(p.unescape(content[start+1 : at-1])), true
		case n == 0:
			return content[start:at], true
		case at == len(content):
			return nil, false
		}
		n--
	}
}
