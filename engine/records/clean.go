package records

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// NumberWidth is by how many bytes WriteNumbered may lengthen a record: what a
// reader's limit needs beyond MaxRecord.
const NumberWidth = len("9223372036854775807,")

// WriteClean writes the header and the good records of the text that rep was
// made from, every one ended by LF, without byte order mark and empty lines (of
// a text of one column, without those before its header), and without what
// stands round them. DuckDB reads the result with new_line '\n'. Of JSON, numbers
// of more digits than a double holds become strings. It fails with ErrChanged if r
// is not that text.
func WriteClean(ctx context.Context, w io.Writer, r io.Reader, rep Report) error {
	return rewrite(ctx, newCleanCopy(w), r, rep)
}

// WriteNumbered is WriteClean with one more field before the others: the
// record's number as sent, 1 the first, the header not counted, bad ones
// counted. The header calls it name; of JSON it is the first member of the
// object, and an object that has such a key is a *HeaderError. So a reader knows
// a record's place whatever order it reads in.
func WriteNumbered(ctx context.Context, w io.Writer, r io.Reader, rep Report, name string) error {
	clean := newCleanCopy(w)
	if rep.json != nil {
		member, err := json.Marshal(name)
		if err != nil {
			return fmt.Errorf("number records: %w", err)
		}
		if slices.Contains(rep.Header, name) {
			return &HeaderError{Detail: fmt.Sprintf("the records have a key %q, which is kept for their number", name)}
		}
		clean.name = string(member) + ":"
		return rewrite(ctx, clean, r, rep)
	}
	clean.name, clean.delimiter = name, rep.dialect.Delimiter
	if clean.delimiter == 0 {
		return errors.New("number records: there is no delimiter to part the number from the record")
	}
	if name == "" || !utf8.ValidString(name) || strings.ContainsAny(name, "\x00\r\n"+string(rune(clean.delimiter))+string(rune(rep.dialect.Quote))) {
		return fmt.Errorf("number records: %q is no name for a column", name)
	}
	return rewrite(ctx, clean, r, rep)
}

func rewrite(ctx context.Context, clean *cleanCopy, r io.Reader, rep Report) error {
	var again Report
	var err error
	if rep.json != nil {
		again, err = scanJSON(ctx, outlets{copy: clean}, r, *rep.json, MaxRecord, bufferSize)
	} else {
		again, err = scanInto(ctx, outlets{copy: clean}, r, rep.dialect, MaxRecord, bufferSize)
	}
	if err != nil {
		return fmt.Errorf("write clean copy: %w", err)
	}
	if !again.same(rep) {
		return fmt.Errorf("write clean copy: %w", ErrChanged)
	}
	return nil
}

// cleanCopy takes the good records. Its methods do nothing on nil.
type cleanCopy struct {
	w         *bufio.Writer
	name      string // of the number's column; "": no numbers
	delimiter byte
	wrote     bool // it is not empty
	number    []byte
}

func newCleanCopy(w io.Writer) *cleanCopy { return &cleanCopy{w: bufio.NewWriterSize(w, 256<<10)} }

func (c *cleanCopy) header(content []byte) error {
	if c == nil {
		return nil
	}
	return c.line([]byte(c.name), content)
}

func (c *cleanCopy) record(content []byte, number int64) error {
	if c.name != "" {
		c.number = strconv.AppendInt(c.number[:0], number, 10)
	}
	return c.line(c.number, content)
}

// object writes a record of JSON, its long numbers as strings: a reader would make
// doubles of them, and 1234567890123456.78 another amount.
func (c *cleanCopy) object(content []byte, number int64, long []span) error {
	at := 0
	if c.name != "" {
		at = space(content, 0) + len("{")
		c.number = strconv.AppendInt(append(append(c.number[:0], '{'), c.name...), number, 10)
		if content[space(content, at)] != '}' {
			c.number = append(c.number, ',')
		}
		c.w.Write(c.number)
	}
	for _, n := range long {
		c.w.Write(content[at:n.from])
		c.w.WriteByte('"')
		c.w.Write(content[n.from:n.to])
		c.w.WriteByte('"')
		at = n.to
	}
	c.w.Write(content[at:])
	return c.w.WriteByte('\n')
}

// line writes a record. A copy whose own first character is a byte order mark
// gets another in front, for readers to skip. Errors stay with the writer.
func (c *cleanCopy) line(number, content []byte) error {
	if len(number) > 0 {
		c.w.Write(number)
		c.w.WriteByte(c.delimiter)
	}
	if !c.wrote && len(number) == 0 && bytes.HasPrefix(content, mark) {
		c.w.Write(mark)
	}
	c.wrote = true
	c.w.Write(content)
	return c.w.WriteByte('\n')
}

func (c *cleanCopy) flush() error {
	if c == nil {
		return nil
	}
	return c.w.Flush()
}
