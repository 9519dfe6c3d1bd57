package records

import (
	"fmt"
	"io"
)

// TooLargeError says that a text goes on behind the most that is read of one:
// a compressed object can be a thousand times its size.
type TooLargeError struct {
	Max int64 // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the text has more than %d bytes", e.Max)
}

// Try returns the remedy.
func (e *TooLargeError) Try() string {
	return "ask the sender for smaller objects, or raise engine.max_object"
}

// BombError says that a compressed object unpacks to far more than records do: what
// is left of it is not unpacked, whatever it would come to.
type BombError struct {
	Packed, Text int64 // bytes, as far as they were read
	Ratio        int64 // at most
}

func (e *BombError) Error() string {
	return fmt.Sprintf("%d bytes unpack to %d and more, over %d times as many", e.Packed, e.Text, e.Ratio)
}

// Try returns the remedy.
func (e *BombError) Try() string {
	return "look at the object: records do not compress so; if it is right, ask for it uncompressed, or raise engine.max_ratio"
}

// ratioFrom is the text from which on a ratio is held: less does no harm, and of an
// object's first bytes the ratio says little.
const ratioFrom = 64 << 20

// Bounds say how much an object may unpack to.
type Bounds struct {
	Text  int64 // bytes; 0: any number
	Ratio int64 // of text to compressed bytes, behind the first 64 MiB of text; 0: any
}

// Open is [Open] within bounds: behind them reading ends with a *TooLargeError or a
// *BombError.
func (b Bounds) Open(name string, r io.Reader) (io.ReadCloser, error) {
	unpacked, err := Open(name, r)
	if err != nil {
		return nil, err
	}
	within := &bounded{ReadCloser: unpacked, text: unpacked, ratio: b.Ratio}
	if b.Text > 0 {
		within.text = Limit(unpacked, b.Text)
	}
	within.packed, _ = unpacked.(*unpacker)
	return within, nil
}

type bounded struct {
	io.ReadCloser
	text   io.Reader
	packed *unpacker // nil: it is not compressed
	ratio  int64
	read   int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	b.read += int64(n)
	if b.ratio > 0 && b.packed != nil && b.read > ratioFrom && b.read/b.ratio > b.packed.src.read {
		return n, &BombError{Packed: b.packed.src.read, Text: b.read, Ratio: b.ratio}
	}
	return n, err
}

// Limit is r as long as r has no more than max bytes; else reading ends with a
// *TooLargeError behind them. It stands round what Open returns.
func Limit(r io.Reader, max int64) io.Reader { return &limited{r: r, left: max, max: max} }

type limited struct {
	r         io.Reader
	left, max int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if int64(n) > l.left {
		return int(l.left), &TooLargeError{l.max}
	}
	l.left -= int64(n)
	return n, err
}
