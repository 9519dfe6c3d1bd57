package records

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"slices"
	"strings"
)

const (
	maxRaw     = 64 << 10 // of one bad record's text
	rawBudget  = 64 << 20 // of all bad records' texts; then maxRawLate each
	maxRawLate = 256

	// maxKept is what a text of maxRaw bytes becomes at most: each NUL is replaced by three.
	maxKept = 3 * maxRaw
)

// Bad is a record that DuckDB must not see.
type Bad struct {
	Number int64 // 1 is the first record; the header is not counted
	Offset int64 // of its first byte in the decompressed and decoded text
	Length int64 // bytes, line end included
	Reason Reason
	Fields int    // as counted; 0 where they cannot be (Quote, LineTooLong)
	Raw    string // its text without the line end, cut at 64 KiB (256 bytes once 64 MiB are kept); what is not UTF-8 is replaced
}

// reasonCodes are the reasons in the order of their numbers in a list of bad records.
func reasonCodes() []Reason { return []Reason{FieldCount, Quote, Encoding, LineTooLong, JSON} }

// badList hands on the bad records of a text one by one: a sender can make a million
// of them out of a few kilobytes, so memory has only their number.
type badList struct {
	out  *bufio.Writer // nil before the first
	hash hash.Hash     // of all that was written
	last Bad
	line []byte
	raw  int // bytes of texts so far
}

// add counts a bad record in rep and writes it to w, unless that is nil.
func (l *badList) add(rep *Report, w io.Writer, b Bad, raw []byte) error {
	if l.out == nil {
		l.hash = sha256.New()
		to := io.Writer(l.hash)
		if w != nil {
			to = io.MultiWriter(l.hash, w)
		}
		l.out = bufio.NewWriterSize(to, 64<<10)
		rep.Bad = map[Reason]int64{}
		rep.firstBad = b.Reason
	}
	room := maxRaw
	if l.raw >= rawBudget {
		room = maxRawLate
	}
	raw = raw[:min(len(raw), room)]
	l.raw += len(raw)
	b.Number = rep.Records
	b.Raw = strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "\uFFFD")
	rep.Bad[b.Reason]++
	if err := l.write(b); err != nil {
		return fmt.Errorf("keep broken records: %w", err)
	}
	if rep.Broken() >= MaxBad {
		return &TooManyBadError{Records: rep.Records, First: rep.firstBad}
	}
	return nil
}

// write adds a record: its numbers, those that grow less those of the record before,
// then its text with its length in front.
func (l *badList) write(b Bad) error {
	l.line = l.line[:0]
	for _, n := range []int64{b.Number - l.last.Number, b.Offset - l.last.Offset, b.Length,
		int64(slices.Index(reasonCodes(), b.Reason)), int64(b.Fields), int64(len(b.Raw))} {
		l.line = binary.AppendUvarint(l.line, uint64(n))
	}
	l.last = b
	_, err := l.out.Write(l.line)
	if err == nil {
		_, err = l.out.WriteString(b.Raw)
	}
	return err
}

// end hands on what is left, and puts the hash of all into rep.
func (l *badList) end(rep *Report) error {
	if l.out == nil {
		return nil
	}
	if err := l.out.Flush(); err != nil {
		return fmt.Errorf("keep broken records: %w", err)
	}
	copy(rep.badSum[:], l.hash.Sum(nil))
	return nil
}

// errBadList says that a list of broken records is not one that a scan has written to
// its end.
var errBadList = errors.New("the list of broken records is damaged")

// ReadBad reads the broken records that a scan has written to r, in order and one at a
// time. It ends with an error, or with the list.
func ReadBad(r io.Reader) iter.Seq2[Bad, error] {
	return func(yield func(Bad, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		var last Bad
		var raw bytes.Buffer
		for {
			b, err := nextBad(in, last, &raw)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Bad{}, fmt.Errorf("read broken records: %w", err))
				return
			}
			if !yield(b, nil) {
				return
			}
			last = b
		}
	}
}

// nextBad reads the record behind last; io.EOF where there is none.
func nextBad(in *bufio.Reader, last Bad, raw *bytes.Buffer) (Bad, error) {
	if _, err := in.Peek(1); err != nil {
		return Bad{}, err
	}
	var n [6]uint64
	for i := range n {
		var err error
		if n[i], err = binary.ReadUvarint(in); err != nil {
			return Bad{}, errors.Join(errBadList, err)
		}
	}
	reasons := reasonCodes()
	if n[3] >= uint64(len(reasons)) || n[5] > maxKept {
		return Bad{}, errBadList
	}
	raw.Reset()
	if _, err := io.CopyN(raw, in, int64(n[5])); err != nil {
		return Bad{}, errors.Join(errBadList, err)
	}
	return Bad{Number: last.Number + int64(n[0]), Offset: last.Offset + int64(n[1]), Length: int64(n[2]),
		Reason: reasons[n[3]], Fields: int(n[4]), Raw: raw.String()}, nil
}
