package records

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
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
// Errors: *HeaderError, *TooManyBadError, those of r, and of an invalid
// dialect. The report holds what was found until then. Memory is bounded,
// whatever the length of a line.
func Scan(ctx context.Context, r io.Reader, d Dialect) (Report, error) {
	return scan(ctx, nil, r, d, MaxRecord, bufferSize)
}

// Copy is Scan and WriteClean in one pass, for a text that is too dear to read
// twice.
func Copy(ctx context.Context, w io.Writer, r io.Reader, d Dialect) (Report, error) {
	return scan(ctx, w, r, d, MaxRecord, bufferSize)
}

// WriteClean writes the header and the good records of the text that rep was
// made from, every one ended by LF, without byte order mark and empty lines (of a text of
// one column, without those before its header). DuckDB reads the result with
// new_line '\n'. It fails with ErrChanged if r is not that text.
func WriteClean(ctx context.Context, w io.Writer, r io.Reader, rep Report) error {
	again, err := Copy(ctx, w, r, rep.dialect)
	if err != nil {
		return fmt.Errorf("write clean copy: %w", err)
	}
	if again.Text != rep.Text || again.Records != rep.Records || !slices.Equal(again.Bad, rep.Bad) {
		return fmt.Errorf("write clean copy: %w", ErrChanged)
	}
	return nil
}

type scanner struct {
	buffer
	*parser
	rep   Report
	clean *bufio.Writer // nil: nobody wants the copy
	wrote bool          // the copy is not empty
	delim []byte
	want  int // fields of a record; 0 before the header
	limit int // bytes of a record
	kept  int // bytes of Raw
}

func scan(ctx context.Context, w io.Writer, r io.Reader, d Dialect, limit, size int) (Report, error) {
	d, err := d.normal()
	if err != nil {
		return Report{}, err
	}
	s := &scanner{
		buffer: buffer{src: r, data: make([]byte, size)},
		parser: newParser(d),
		rep:    Report{dialect: d},
		delim:  []byte{d.Delimiter},
		limit:  limit,
	}
	if d.NoHeader {
		s.want = d.Columns
	}
	if w != nil {
		s.clean = bufio.NewWriterSize(w, 256<<10)
	}
	err = s.run(ctx)
	s.rep.Text = s.offset
	if err == nil && s.clean != nil {
		err = s.clean.Flush()
	}
	return s.rep, err
}

func (s *scanner) run(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	for {
		lines := s.lines(s.NewLine)
		var err error
		switch used := 0; {
		case len(lines) == 0 && s.eof:
			return nil
		case len(lines) == 0 && len(s.unread()) > s.limit+1:
			err = s.longLine(ctx)
		case len(lines) == 0:
			err = s.fill(ctx)
		case s.want > 0 && s.simple(lines):
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

// begin reads the first bytes and skips the byte order mark.
func (s *scanner) begin(ctx context.Context) error {
	for len(s.unread()) < len(mark) && !s.eof {
		if err := s.fill(ctx); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(s.unread(), mark) {
		s.rep.BOM = true
		s.skip(len(mark))
	}
	s.rep.HeaderLength = s.offset
	return nil
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
		s.blank()
		return nil
	}
	s.rep.Records++
	bad := Bad{Offset: offset, Length: int64(len(line)), Fields: 1}
	if content > s.limit {
		bad.Reason, bad.Fields = LineTooLong, 0
		return s.rep.reject(bad, line[:content], &s.kept)
	}
	if s.Delimiter != 0 {
		bad.Fields += bytes.Count(line[:content], s.delim)
	}
	if bad.Fields != s.want {
		bad.Reason = FieldCount
		return s.rep.reject(bad, line[:content], &s.kept)
	}
	return s.good(line[:content])
}

func (s *scanner) blank() {
	s.rep.Blank++
	if s.rep.Records == 0 && s.want == 0 {
		s.rep.leading++
	}
}

func (s *scanner) good(content []byte) error {
	s.rep.MaxLine = max(s.rep.MaxLine, int64(len(content)))
	return s.write(content)
}

// write puts a record into the clean copy. A copy whose own first character is
// a byte order mark gets another in front, for readers to skip.
func (s *scanner) write(content []byte) error {
	if s.clean == nil {
		return nil
	}
	if !s.wrote && bytes.HasPrefix(content, mark) {
		if _, err := s.clean.Write(mark); err != nil {
			return err
		}
	}
	s.wrote = true
	if _, err := s.clean.Write(content); err != nil {
		return err
	}
	return s.clean.WriteByte('\n')
}
