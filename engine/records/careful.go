package records

import (
	"bytes"
	"context"
	"slices"
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
		simple := s.want > 0 && s.ordinary(line[:content]) && (valid || sound(line))
		if simple || content == 0 || content > s.limit {
			err = s.short(line, content, s.offset+int64(used))
		} else {
			size, err = s.record(rest, size, content, used, valid)
			if size == 0 && err == nil {
				return used, nil
			}
		}
		if err != nil {
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

// short judges a line that no quote can extend.
func (s *scanner) short(line []byte, content int, offset int64) error {
	s.lineEnd(len(line) - content)
	if s.want == 0 && content > 0 {
		return &HeaderError{LineTooLong}
	}
	return s.unquoted(line, content, offset)
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
	if shape == open && !s.eof && len(s.unread())-at <= s.limit+2 {
		return 0, nil
	}
	var reason Reason
	switch {
	case shape != whole || content > s.limit:
		reason, fields = Quote, 0
	case s.want > 0 && fields != s.want:
		reason = FieldCount
	case !valid && !sound(rest[:content]):
		reason = Encoding
	}
	if reason == Quote || reason == FieldCount {
		content, size = first, firstLine
	}
	s.lineEnd(size - content)
	if s.want == 0 {
		return size, s.header(rest[:content], fields, reason, s.offset+int64(at+size))
	}
	s.rep.Records++
	if reason != "" {
		bad := Bad{Offset: s.offset + int64(at), Length: int64(size), Reason: reason, Fields: fields}
		return size, s.rep.reject(bad, rest[:content], &s.kept)
	}
	if size > firstLine {
		s.rep.Multiline++
	}
	if s.rep.Records == 1 && s.NoHeader {
		s.rep.broken = s.breaksDuckDB(rest[:content])
	}
	return size, s.good(rest[:content])
}

func (s *scanner) header(content []byte, fields int, reason Reason, end int64) error {
	if reason != "" {
		return &HeaderError{reason}
	}
	s.rep.Header = slices.Clip(s.texts(content))
	s.rep.HeaderLength = end
	s.rep.broken = s.breaksDuckDB(content)
	s.want = fields
	return s.write(content)
}

// breaksDuckDB reports whether DuckDB misreads a text for its first record.
func (s *scanner) breaksDuckDB(first []byte) bool {
	return bytes.ContainsAny(first, "\r\n") || s.rep.BOM && s.Quote != 0 && bytes.HasPrefix(first, []byte{s.Quote})
}

// longLine skips a physical line that does not fit, keeping its beginning.
func (s *scanner) longLine(ctx context.Context) error {
	if s.want == 0 {
		return &HeaderError{LineTooLong}
	}
	bad := Bad{Offset: s.offset, Reason: LineTooLong}
	raw := bytes.Clone(s.unread()[:min(maxRaw, s.limit)])
	for {
		unread := s.unread()
		if end := bytes.IndexByte(unread, s.NewLine); end >= 0 {
			s.skip(end + 1)
			break
		}
		s.skip(len(unread))
		if s.eof {
			break
		}
		if err := s.fill(ctx); err != nil {
			return err
		}
	}
	s.rep.Records++
	bad.Length = s.offset - bad.Offset
	return s.rep.reject(bad, raw, &s.kept)
}
