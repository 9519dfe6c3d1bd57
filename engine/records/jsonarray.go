package records

import (
	"bytes"
	"context"
	"fmt"
	"unicode/utf8"
)

// ArrayError says that a JSON array cannot be divided into records.
type ArrayError struct {
	Element int64 // 1 is the first
	Offset  int64 // of it in the decompressed and decoded text
	Detail  string
	Fault   error // ErrTruncated: the array has no end; else ErrUnreadable
}

func (e *ArrayError) Error() string {
	return fmt.Sprintf("read JSON array: element %d, at byte %d: %s", e.Element, e.Offset, e.Detail)
}

// Is makes the object one that ended too early, or cannot be read.
func (e *ArrayError) Is(target error) bool { return target == e.Fault }

// Try returns the remedy.
func (e *ArrayError) Try() string {
	if e.Fault == ErrTruncated {
		return "ask the sender for the object again: the array is not closed"
	}
	return "ask the sender for one object a line: then a broken one is rejected alone"
}

// atEnd is what peek returns where no byte is left.
const atEnd = -1

// peek returns the first byte that is no space, and skips those before it.
func (s *jsonScanner) peek(ctx context.Context) (next int, err error) {
	for {
		s.skip(space(s.unread(), 0))
		if unread := s.unread(); len(unread) > 0 {
			return int(unread[0]), nil
		}
		if s.eof {
			return atEnd, nil
		}
		if err := s.fill(ctx); err != nil {
			return 0, err
		}
	}
}

// array reads the text as one array, at whose bracket it stands.
func (s *jsonScanner) array(ctx context.Context) error {
	s.rep.array = true
	s.skip(len("["))
	for first := true; ; first = false {
		next, err := s.peek(ctx)
		if err != nil {
			return err
		}
		if first && next == ']' {
			break
		}
		if err := s.element(ctx); err != nil {
			return err
		}
		if next, err = s.peek(ctx); err != nil {
			return err
		}
		if next == ']' {
			break
		}
		if next != ',' {
			return s.unparted(next)
		}
		s.skip(len(","))
	}
	s.skip(len("]"))
	next, err := s.peek(ctx)
	if err == nil && next != atEnd {
		return &ArrayError{s.rep.Records, s.offset, "text follows the array", ErrUnreadable}
	}
	return err
}

// unparted is the error of an element that ends where it should not.
func (s *jsonScanner) unparted(next int) error {
	if next == atEnd {
		return &ArrayError{s.rep.Records, s.offset, "the array has no end", ErrTruncated}
	}
	return &ArrayError{s.rep.Records, s.offset, "`,` or `]` must follow it", ErrUnreadable}
}

// element reads the next element, at which the unread text begins.
func (s *jsonScanner) element(ctx context.Context) error {
	for {
		unread := s.unread()
		end := s.check(unread, 0)
		switch {
		case end == cut && s.eof:
			return &ArrayError{s.rep.Records + 1, s.offset, "the text ends inside it", ErrTruncated}
		case end == broken:
			return &ArrayError{s.rep.Records + 1, s.offset, "it is not JSON", ErrUnreadable}
		case end > s.limit, end == cut && len(unread) > s.limit:
			return &ArrayError{s.rep.Records + 1, s.offset, fmt.Sprintf("it has more than %d bytes", s.limit), ErrUnreadable}
		case end == cut:
			if err := s.fill(ctx); err != nil {
				return err
			}
			continue
		}
		content := unread[:end]
		reason := s.fault()
		if !utf8.Valid(content) {
			reason = Encoding
		}
		if reason == "" && s.copy != nil {
			content = oneLine(content)
		}
		err := s.settle(content, s.offset, end, reason)
		s.skip(end)
		return err
	}
}

// oneLine gives a JSON value without line breaks, which stand only between its
// parts.
func oneLine(value []byte) []byte {
	if bytes.ContainsAny(value, "\r\n") {
		value = bytes.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return ' '
			}
			return r
		}, value)
	}
	return value
}
