package records

import (
	"bytes"
	"context"
	"io"
)

// buffer holds the part of the text that is being judged.
type buffer struct {
	src        io.Reader
	data       []byte
	start, end int   // data[start:end] is unread
	offset     int64 // of data[start] in the text
	eof        bool
}

func (b *buffer) unread() []byte { return b.data[b.start:b.end] }

func (b *buffer) skip(n int) {
	b.start += n
	b.offset += int64(n)
}

// fill reads until the buffer is full or the text ends; a buffer that one
// unread piece already fills grows. The caller bounds it: it never asks for
// more once a record is longer than the limit.
func (b *buffer) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if b.start > 0 {
		b.end = copy(b.data, b.unread())
		b.start = 0
	} else if b.end == len(b.data) {
		b.data = append(b.data, make([]byte, len(b.data))...)
	}
	for b.end < len(b.data) {
		n, err := b.src.Read(b.data[b.end:])
		b.end += n
		if err == io.EOF {
			b.eof = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lines returns the unread bytes up to the last line end, or all of them when
// the text ends there.
func (b *buffer) lines(newLine byte) []byte {
	unread := b.unread()
	if b.eof {
		return unread
	}
	return unread[:bytes.LastIndexByte(unread, newLine)+1]
}

// skipLine skips a physical line of any length, its line end included.
func (b *buffer) skipLine(ctx context.Context, newLine byte) error {
	for {
		unread := b.unread()
		if end := bytes.IndexByte(unread, newLine); end >= 0 {
			b.skip(end + 1)
			return nil
		}
		b.skip(len(unread))
		if b.eof {
			return nil
		}
		if err := b.fill(ctx); err != nil {
			return err
		}
	}
}

// skipMark skips a byte order mark at the beginning of the text.
func (b *buffer) skipMark(ctx context.Context) (found bool, err error) {
	for len(b.unread()) < len(mark) && !b.eof {
		if err := b.fill(ctx); err != nil {
			return false, err
		}
	}
	found = bytes.HasPrefix(b.unread(), mark)
	if found {
		b.skip(len(mark))
	}
	return found, nil
}
