package records

import (
	"bytes"
	"fmt"
	"slices"
)

// opener judges a line before the records: the header, the first record, or one
// that is skipped. Its arguments and result are those of record.
func (s *scanner) opener(rest []byte, firstLine, first, at int) (size int, err error) {
	if first == 0 {
		s.lineEnd(firstLine)
		s.rep.Blank++
		s.rep.leading++
		return firstLine, s.pass()
	}
	content, size, _, shape := s.parser.record(rest)
	switch {
	case first > s.limit:
		err = s.unfit(LineTooLong)
	case s.goesOn(shape, at):
		return 0, nil
	case shape != whole || content > s.limit:
		err = s.unfit(Quote)
	case !sound(rest[:content]):
		err = s.unfit(Encoding)
	default:
		fields := s.texts(rest[:content])
		if s.HeaderWithin <= 1 || s.IsHeader(fields) || s.First.in(fields) {
			s.lineEnd(size - content)
			return size, s.open(rest[:content], fields, s.offset+int64(at+size))
		}
		err = s.unfit("")
	}
	s.lineEnd(firstLine - first)
	return firstLine, err
}

// in reports whether a record is one that m marks.
func (m *Marker) in(fields []string) bool {
	return m != nil && m.Field < len(fields) && string(bytes.Trim([]byte(fields[m.Field]), " \t")) == m.Literal
}

// open takes the first record or the header, which ends at end in the text.
func (s *scanner) open(content []byte, fields []string, end int64) error {
	header := !s.NoHeader && s.HeaderWithin > 1 && s.IsHeader(fields)
	waits := s.First != nil && s.rep.First == nil
	switch {
	case !header && s.First.in(fields) && (waits || s.HeaderWithin > 1):
		s.rep.First = fields
		s.opening = !s.NoHeader
		return s.pass()
	case waits:
		return &FrameError{Which: "first", Marker: *s.First}
	}
	s.rep.Header = slices.Clip(fields)
	s.rep.HeaderLength = end
	s.rep.broken = s.breaksDuckDB(content)
	s.want = len(fields)
	s.opening = false
	return s.copy.header(content)
}

// unfit passes a line that can be neither header nor first record.
func (s *scanner) unfit(reason Reason) error {
	switch {
	case s.HeaderWithin > 1:
		s.rep.Skipped++
		return s.pass()
	case s.First != nil && s.rep.First == nil:
		return &FrameError{Which: "first", Marker: *s.First, Detail: string(reason)}
	}
	return &HeaderError{Reason: reason}
}

func (s *scanner) pass() error {
	s.passed++
	if s.HeaderWithin > 1 && s.passed >= s.HeaderWithin {
		return &HeaderError{Detail: fmt.Sprintf("none of the first %d lines is the header", s.HeaderWithin)}
	}
	return nil
}

const (
	// maxLast bounds the records that wait for the end of the text.
	maxLast      = 10_000
	maxLastBytes = 4 << 20
)

// holding are the records that carry the mark of the last ones, as long as
// nothing else follows.
type holding struct {
	records []one
	bytes   int
	tooMany bool // some of the run had to be counted
}

// hold keeps a record that may be one of the last, and counts those that are
// not, because o follows.
func (s *scanner) hold(o *one) (held bool, err error) {
	h := &s.held
	blank := len(o.content) == 0 && len(h.records) > 0
	if !blank && !s.marked(o) {
		h.tooMany = false
		return false, s.release(len(h.records))
	}
	if len(h.records) == maxLast || h.bytes+len(o.content) > maxLastBytes {
		h.tooMany = true
		if err := s.release(len(h.records)); err != nil {
			return false, err
		}
	}
	o.content = bytes.Clone(o.content)
	h.records = append(h.records, *o)
	h.bytes += len(o.content)
	return true, nil
}

func (s *scanner) marked(o *one) bool {
	if o.reason != "" && o.reason != FieldCount {
		return false
	}
	if o.reason == FieldCount && !s.oneLine(o.content) {
		return false
	}
	field, ok := s.field(o.content, s.Last.Field)
	return ok && string(bytes.Trim(field, " \t")) == s.Last.Literal
}

// oneLine reports whether content, of which only the number of fields is known
// to be wrong, is a sound record by itself.
func (s *scanner) oneLine(content []byte) bool {
	if s.ordinary(content) {
		return sound(content)
	}
	length, _, _, shape := s.parser.record(content)
	return shape == whole && length == len(content) && sound(content)
}

// release counts the first n records held.
func (s *scanner) release(n int) error {
	for i := range s.held.records[:n] {
		if err := s.count(&s.held.records[i]); err != nil {
			return err
		}
	}
	s.held.records = s.held.records[:0]
	s.held.bytes = 0
	return nil
}

// finish tells the last records from those before them, at the end of the text.
func (s *scanner) finish() error {
	if s.opening && s.First != nil && s.rep.First == nil && s.rep.Skipped == 0 {
		return &FrameError{Which: "first", Marker: *s.First}
	}
	if s.opening && s.HeaderWithin > 1 && s.rep.Skipped > 0 {
		return &HeaderError{Detail: "none of its lines is the header"}
	}
	if s.Last == nil {
		return nil
	}
	if s.held.tooMany {
		return &FrameError{Which: "last", Marker: *s.Last, Detail: fmt.Sprintf("there are more than %d", maxLast)}
	}
	last := s.takeLast()
	slices.Reverse(last)
	s.rep.Last = last
	if err := s.release(len(s.held.records)); err != nil {
		return err
	}
	if last == nil {
		return &FrameError{Which: "last", Marker: *s.Last}
	}
	return nil
}

// takeLast takes the last records, and empty lines among them, from those that
// are held, and returns their fields, the very last first. A good record is not
// one of them where the very last has another number of fields.
func (s *scanner) takeLast() (last [][]string) {
	held := s.held.records
	at := len(held)
	for i := len(held) - 1; i >= 0; i-- {
		o := &held[i]
		if len(o.content) == 0 {
			continue
		}
		if o.reason == "" && last != nil && len(last[0]) != s.want {
			break
		}
		last = append(last, s.texts(o.content))
		at = i
	}
	s.rep.Blank += int64(len(held) - at - len(last))
	s.held.records = held[:at]
	return last
}
