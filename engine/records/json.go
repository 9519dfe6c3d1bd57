package records

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	// MaxDepth is how deep objects and arrays of a JSON record may be nested,
	// the record itself counted.
	MaxDepth = 200
	// MaxKeys is how many different keys the records of a text may have: data
	// in the place of keys is no table.
	MaxKeys = 10_000

	maxKeyBytes = 16 << 20
)

// JSONOptions say how records of JSON stand in a text.
type JSONOptions struct {
	// Array takes a text that begins with `[` for one array of records. Without
	// it, each line is one.
	Array bool
}

// ScanJSON is Scan for a text of JSON objects, one a line: it counts them and
// names the broken ones. Lines of nothing but spaces are no records. The header
// is made of the keys of all good records, in the order of their appearance.
//
// The elements of an array are divided by their syntax, so the first that is
// not well-formed ends in an *ArrayError for the whole; those that are, but are
// no records, are named one by one.
//
// Errors: *ArrayError, *HeaderError (too many keys), *TooManyBadError and those
// of r and bad.
func ScanJSON(ctx context.Context, r io.Reader, o JSONOptions, bad io.Writer) (Report, error) {
	return scanJSON(ctx, outlets{bad: bad}, r, o, MaxRecord, bufferSize)
}

// CopyJSON is ScanJSON and WriteClean in one pass.
func CopyJSON(ctx context.Context, w io.Writer, r io.Reader, o JSONOptions, bad io.Writer) (Report, error) {
	return scanJSON(ctx, outlets{newCleanCopy(w), bad}, r, o, MaxRecord, bufferSize)
}

type jsonScanner struct {
	buffer
	checker
	outlets
	rep      Report
	broken   badList
	limit    int
	keys     map[string]bool
	keyBytes int
}

func scanJSON(ctx context.Context, to outlets, r io.Reader, o JSONOptions, limit, size int) (Report, error) {
	s := &jsonScanner{
		buffer:  buffer{src: r, data: make([]byte, size)},
		checker: newChecker(),
		outlets: to,
		rep:     Report{json: &o},
		limit:   limit,
		keys:    map[string]bool{},
	}
	err := s.run(ctx)
	s.rep.Text = s.offset
	if err == nil {
		err = errors.Join(s.copy.flush(), s.broken.end(&s.rep))
	}
	return s.rep, err
}

func (s *jsonScanner) run(ctx context.Context) (err error) {
	if s.rep.BOM, err = s.skipMark(ctx); err != nil {
		return err
	}
	if s.rep.json.Array {
		next, err := s.peek(ctx)
		if err != nil {
			return err
		}
		if next == '[' {
			return s.array(ctx)
		}
	}
	for {
		lines := s.lines('\n')
		switch {
		case len(lines) == 0 && s.eof:
			return nil
		case len(lines) == 0 && len(s.unread()) > s.limit+1:
			err = s.longLine(ctx)
		case len(lines) == 0:
			err = s.fill(ctx)
		default:
			err = s.eachLine(lines)
			s.skip(len(lines))
		}
		if err != nil {
			return err
		}
	}
}

func (s *jsonScanner) eachLine(lines []byte) error {
	valid := utf8.Valid(lines)
	for at := 0; at < len(lines); {
		content := bytes.IndexByte(lines[at:], '\n')
		size := content + 1
		if content < 0 {
			content = len(lines) - at
			size = content
		}
		line := bytes.TrimSuffix(lines[at:at+content], []byte("\r"))
		if err := s.line(line, s.offset+int64(at), size, valid); err != nil {
			return err
		}
		at += size
	}
	return nil
}

func (s *jsonScanner) line(line []byte, offset int64, size int, valid bool) error {
	if space(line, 0) == len(line) {
		s.rep.Blank++
		return nil
	}
	var reason Reason
	if len(line) > s.limit {
		reason = LineTooLong
	} else if end := s.check(line, space(line, 0)); end < 0 || space(line, end) < len(line) {
		reason = JSON
	} else {
		reason = s.fault()
	}
	if reason != LineTooLong && !valid && !utf8.Valid(line) {
		reason = Encoding
	}
	return s.settle(line, offset, size, reason)
}

// settle counts a record.
func (s *jsonScanner) settle(content []byte, offset int64, size int, reason Reason) error {
	s.rep.Records++
	if reason != "" {
		return s.broken.add(&s.rep, s.bad, Bad{Offset: offset, Length: int64(size), Reason: reason}, content)
	}
	s.rep.MaxLine = max(s.rep.MaxLine, int64(len(content)))
	s.rep.long = s.rep.long || len(s.long) > 0
	if err := s.learn(); err != nil {
		return err
	}
	if s.copy == nil {
		return nil
	}
	return s.copy.object(content, s.rep.Records, s.long)
}

// learn adds the keys of a good record to the header.
func (s *jsonScanner) learn() error {
	for i, key := range s.top {
		if i < len(s.rep.Header) && s.rep.Header[i] == string(key) || s.keys[string(key)] {
			continue
		}
		s.keyBytes += len(key)
		if len(s.keys) == MaxKeys || s.keyBytes > maxKeyBytes {
			return &HeaderError{Detail: fmt.Sprintf("the first %d records have more than %d different keys", s.rep.Records, len(s.keys))}
		}
		s.keys[string(key)] = true
		s.rep.Header = append(s.rep.Header, string(key))
	}
	return nil
}

// longLine skips a line that does not fit, keeping its beginning.
func (s *jsonScanner) longLine(ctx context.Context) error {
	offset := s.offset
	raw := bytes.Clone(s.unread()[:min(maxRaw, s.limit)])
	if err := s.skipLine(ctx, '\n'); err != nil {
		return err
	}
	return s.settle(raw, offset, int(s.offset-offset), LineTooLong)
}
