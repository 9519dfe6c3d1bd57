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
