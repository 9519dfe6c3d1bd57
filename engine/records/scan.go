package records

import (
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"
)

const bufferSize = 1 << 20

// mark is UTF-8's byte order mark.
var mark = []byte("\xEF\xBB\xBF")

// Scan reads a text to its end, counts its records and their fields, and
// names the broken ones.
//
// A record whose quoting or field count is wrong loses its first physical line
// only, and reading resumes at the next: one stray quote never swallows its
// neighbours. The same holds for a quote that is not closed within MaxRecord
// bytes.
//
// The broken records themselves go to bad, for ReadBad; nil drops them.
//
// Errors: *HeaderError, *FrameError, *TooManyBadError, those of r and bad, and of
// an invalid dialect. The report holds what was found until then. Memory is
// bounded, whatever the length of a line and the number of broken records.
func Scan(ctx context.Context, r io.Reader, d Dialect, bad io.Writer) (Report, error) {
	return scanInto(ctx, outlets{bad: bad}, r, d, MaxRecord, bufferSize)
}

// Copy is Scan and WriteClean in one pass, for a text that is too dear to read
// twice.
func Copy(ctx context.Context, w io.Writer, r io.Reader, d Dialect, bad io.Writer) (Report, error) {
	return scanInto(ctx, outlets{newCleanCopy(w), bad}, r, d, MaxRecord, bufferSize)
}

// outlets are where a scan leaves records; nil: nobody wants them.
type outlets struct {
	copy *cleanCopy // the good ones
	bad  io.Writer  // a list of the others
}

type scanner struct {
	buffer
	*parser
	outlets
	rep     Report
	broken  badList
	delim   []byte
	want    int     // fields of a record; 0 before the header
	limit   int     // bytes of a record
	opening bool    // the header, or without one the first record of the dialect, is still to come
	passed  int     // lines met while opening
	held    holding // records that may be the last
}

func scanInto(ctx context.Context, to outlets, r io.Reader, d Dialect, limit, size int) (Report, error) {
	d, err := d.normal()
	if err != nil {
		return Report{}, err
	}
	s := &scanner{
		buffer:  buffer{src: r, data: make([]byte, size)},
		parser:  newParser(d),
		outlets: to,
		rep:     Report{dialect: d},
		delim:   []byte{d.Delimiter},
		limit:   limit,
		opening: !d.NoHeader || d.First != nil,
	}
	if d.NoHeader {
		s.want = d.Columns
	}
	err = s.run(ctx)
	s.rep.Text = s.offset
	if err == nil {
		err = errors.Join(s.copy.flush(), s.broken.end(&s.rep))
	}
	return s.rep, err
}

func (s *scanner) run(ctx context.Context) error {
	var err error
	if s.rep.BOM, err = s.skipMark(ctx); err != nil {
		return err
	}
	s.rep.HeaderLength = s.offset
	for {
		lines := s.lines(s.NewLine)
		switch used := 0; {
		case len(lines) == 0 && s.eof:
			return s.finish()
		case len(lines) == 0 && len(s.unread()) > s.limit+1:
			err = s.longLine(ctx)
		case len(lines) == 0:
			err = s.fill(ctx)
		case !s.opening && s.simple(lines):
			err = s.plain(lines)
			s.skip(len(lines))
		default:
			used, err = s.careful(lines)
			s.skip(used)
			if err == nil && used == 0 {
				err = s.fill(ctx)
			}
		}
		if err != nil {
			return err
		}
	}
}

// simple reports whether nothing in lines needs a look at single characters.
func (s *scanner) simple(lines []byte) bool {
	stray := byte('\r' + '\n' - s.NewLine)
	return (s.Quote == 0 || bytes.IndexByte(lines, s.Quote) < 0) &&
		bytes.IndexByte(lines, stray) < 0 && sound(lines)
}

func sound(text []byte) bool {
	return utf8.Valid(text) && bytes.IndexByte(text, 0) < 0
}

// plain counts lines of ordinary characters: each is a record.
func (s *scanner) plain(lines []byte) error {
	for at := 0; at < len(lines); {
		content := bytes.IndexByte(lines[at:], s.NewLine)
		size := content + 1
		if content < 0 {
			content = len(lines) - at
			size = content
		} else {
			s.rep.lineEnds[0]++
		}
		if err := s.unquoted(lines[at:at+size], content, s.offset+int64(at)); err != nil {
			return err
		}
		at += size
	}
	return nil
}

// unquoted judges a line whose characters are sound.
func (s *scanner) unquoted(line []byte, content int, offset int64) error {
	if content == 0 && s.want != 1 {
		s.rep.Blank++
		return nil
	}
	o := one{content: line[:content], offset: offset, size: len(line), fields: 1}
	if content > s.limit {
		o.reason, o.fields = LineTooLong, 0
		return s.settle(&o)
	}
	if s.Delimiter != 0 {
		o.fields += bytes.Count(o.content, s.delim)
	}
	if o.fields != s.want {
		o.reason = FieldCount
	}
	return s.settle(&o)
}

// one is a record that has been judged.
type one struct {
	content   []byte // without the line end
	offset    int64
	size      int // with the line end
	fields    int
	reason    Reason // "": it is good
	multiline bool
}

// settle counts a record, unless it may be one of the last.
func (s *scanner) settle(o *one) error {
	if s.Last != nil {
		if held, err := s.hold(o); held || err != nil {
			return err
		}
	}
	return s.count(o)
}

func (s *scanner) count(o *one) error {
	s.rep.Records++
	if o.reason != "" {
		bad := Bad{Offset: o.offset, Length: int64(o.size), Reason: o.reason, Fields: o.fields}
		return s.broken.add(&s.rep, s.bad, bad, o.content)
	}
	if o.multiline {
		s.rep.Multiline++
	}
	s.rep.MaxLine = max(s.rep.MaxLine, int64(len(o.content)))
	if s.copy == nil {
		return nil
	}
	return s.copy.record(o.content, s.rep.Records)
}
