package records

import (
	"bytes"
	"context"
)

// careful judges lines that hold a quote, a stray line break, a byte that is
// not UTF-8, or the header. It returns the bytes used, which end before a
// record that the buffer does not hold whole.
func (s *scanner) careful(lines []byte) (used int, err error) {
	valid := sound(lines)
	for used < len(lines) {
		rest := lines[used:]
		line, content := s.line(rest)
		size := len(line)
		switch {
		case s.opening:
			size, err = s.opener(rest, size, content, used)
		case content == 0 || content > s.limit || s.ordinary(line[:content]) && (valid || sound(line)):
			s.lineEnd(size - content)
			err = s.unquoted(line, content, s.offset+int64(used))
		default:
			size, err = s.record(rest, size, content, used, valid)
		}
		if size == 0 || err != nil {
			return used, err
		}
		used += size
	}
	return used, nil
}

// line returns the first physical line and its length without the line end.
func (s *scanner) line(text []byte) (line []byte, content int) {
	content = bytes.IndexByte(text, s.NewLine)
	if content < 0 {
		return text, len(text)
	}
	line = text[:content+1]
	if s.NewLine == '\n' && content > 0 && text[content-1] == '\r' {
		content--
	}
	return line, content
}

func (s *scanner) ordinary(content []byte) bool {
	stray := byte('\r' + '\n' - s.NewLine)
	return (s.Quote == 0 || bytes.IndexByte(content, s.Quote) < 0) && bytes.IndexByte(content, stray) < 0
}

func (s *scanner) lineEnd(length int) {
	if length == 0 {
		return
	}
	s.rep.CRLF = s.rep.CRLF || length == 2 && s.rep.lineEnds[0] == 0
	s.rep.lineEnds[length-1]++
}

// record judges the record at the start of rest, which lies at in the buffer.
// Its first physical line has first bytes, firstLine with the line end; valid
// spares a look at its encoding. It returns 0 if the record may go on behind
// the buffer.
func (s *scanner) record(rest []byte, firstLine, first, at int, valid bool) (size int, err error) {
	content, size, fields, shape := s.parser.record(rest)
	if s.goesOn(shape, at) {
		return 0, nil
	}
	var reason Reason
	switch {
	case shape != whole || content > s.limit:
		reason, fields = Quote, 0
	case fields != s.want:
		reason = FieldCount
	case !valid && !sound(rest[:content]):
		reason = Encoding
	}
	if reason == Quote || reason == FieldCount {
		content, size = first, firstLine
	}
	s.lineEnd(size - content)
	if reason == "" && s.rep.Records == 0 && s.NoHeader {
		s.rep.broken = s.breaksDuckDB(rest[:content])
	}
	return size, s.settle(&one{rest[:content], s.offset + int64(at), size, fields, reason, reason == "" && size > firstLine})
}

// goesOn reports whether a record of that shape may end behind the buffer.
func (s *scanner) goesOn(h shape, at int) bool {
	return h == open && !s.eof && len(s.unread())-at <= s.limit+2
}

// breaksDuckDB reports whether DuckDB misreads a text for its first record.
func (s *scanner) breaksDuckDB(first []byte) bool {
	return bytes.ContainsAny(first, "\r\n") || s.rep.BOM && s.Quote != 0 && bytes.HasPrefix(first, []byte{s.Quote})
}

// longLine skips a physical line that does not fit, keeping its beginning.
func (s *scanner) longLine(ctx context.Context) error {
	if s.opening {
		if err := s.unfit(LineTooLong); err != nil {
			return err
		}
		return s.skipLine(ctx, s.NewLine)
	}
	o := one{content: bytes.Clone(s.unread()[:min(maxRaw, s.limit)]), offset: s.offset, reason: LineTooLong}
	if err := s.skipLine(ctx, s.NewLine); err != nil {
		return err
	}
	o.size = int(s.offset - o.offset)
	return s.settle(&o)
}
