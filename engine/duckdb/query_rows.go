package duckdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ledgermill/engine/model"
)

// Rows are the rows of a query as text, every value written as PostgreSQL writes it
// with datestyle ISO, intervalstyle postgres and time zone UTC, but that a boolean is
// true or false. Exceptions: nested types, which have no common form, intervals
// whose parts differ in sign, and dates before the year 1.
type Rows struct {
	columns []model.Column
	session *session // of EXPLAIN alone: else the statement's goroutine closes it
	feed    io.Closer
	in      *bufio.Reader
	lines   []string // of EXPLAIN
	texts   []string
	values  []*string
	floats  []int // bits of a floating-point column, else 0
	err     error
}

// textOf writes a value as text.
func textOf(value, kind string) string {
	text := "cast(" + value + " as varchar)"
	switch kind {
	case "INTERVAL":
		return "replace(" + text + ", ' month', ' mon')"
	case "BLOB":
		return `'\x' || lower(hex(` + value + `))`
	}
	return text
}

// newRows reads CSV whose values are all quoted, so that null is what is not.
func newRows(columns []model.Column, f io.ReadCloser) *Rows {
	r := &Rows{columns: columns, feed: f, in: bufio.NewReaderSize(f, 64<<10), texts: make([]string, len(columns)),
		values: make([]*string, len(columns)), floats: make([]int, len(columns))}
	for i, c := range columns {
		switch c.Type {
		case "DOUBLE":
			r.floats[i] = 64
		case "FLOAT":
			r.floats[i] = 32
		}
	}
	return r
}

// Columns of the result, known before the first Next. Type is DuckDB's.
func (r *Rows) Columns() []model.Column { return r.columns }

// Next moves to the next row; false at the end or after an error.
func (r *Rows) Next() bool {
	if r.err != nil {
		return false
	}
	if r.lines != nil {
		return r.nextLine()
	}
	for i := range r.columns {
		if r.err = r.next(i); r.err != nil {
			break
		}
	}
	return r.err == nil
}

func (r *Rows) nextLine() bool {
	if len(r.lines) == 0 {
		return false
	}
	line := r.lines[0]
	r.lines, r.values = r.lines[1:], []*string{&line}
	return true
}

// next reads column i and what ends it.
func (r *Rows) next(i int) error {
	last := i == len(r.columns)-1
	text, null, end, err := r.field()
	switch {
	case errors.Is(err, io.EOF) && i > 0, err == nil && (end == '\n') != last:
		return errors.New("read result of query: a row ends before its last column")
	case err != nil:
		return err
	case null:
		r.values[i] = nil
		return nil
	}
	if r.floats[i] > 0 {
		if text, err = floatText(text, r.floats[i]); err != nil {
			return err
		}
	}
	r.texts[i] = text
	r.values[i] = &r.texts[i]
	return nil
}

func (r *Rows) field() (text string, null bool, end byte, err error) {
	c, err := r.in.ReadByte()
	if err != nil || c != '"' {
		return "", true, c, err
	}
	var b strings.Builder
	for {
		piece, err := r.in.ReadSlice('"')
		if errors.Is(err, bufio.ErrBufferFull) {
			b.Write(piece)
			continue
		}
		if err != nil {
			return "", false, 0, midway(err)
		}
		b.Write(piece[:len(piece)-1])
		if end, err = r.in.ReadByte(); err != nil {
			return "", false, 0, midway(err)
		}
		if end != '"' {
			return b.String(), false, end, nil
		}
		b.WriteByte('"')
	}
}

// midway is an end of the stream where there must be none.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read result of query: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// floatText writes a number as PostgreSQL does: the shortest digits that read back
// the same, with an exponent below 1e-4 and from 1e15 on (1e6 in single precision).
func floatText(text string, bits int) (string, error) {
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return "", fmt.Errorf("read result of query: %w", err)
	}
	scientific := strconv.FormatFloat(f, 'e', -1, bits)
	_, exponent, found := strings.Cut(scientific, "e")
	if !found {
		return strings.Replace(strings.TrimPrefix(scientific, "+"), "Inf", "Infinity", 1), nil
	}
	most := 15
	if bits == 32 {
		most = 6
	}
	if e, err := strconv.Atoi(exponent); err != nil || e < -4 || e >= most {
		return scientific, err
	}
	return strconv.FormatFloat(f, 'f', -1, bits), nil
}

// Values of the row, nil for null. They hold until the next call of Next.
func (r *Rows) Values() []*string { return r.values }

// Err is the error that ended the rows, if one did.
func (r *Rows) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Close ends the query, also half way.
func (r *Rows) Close() error {
	if r.feed != nil {
		return r.feed.Close()
	}
	return r.session.close()
}
