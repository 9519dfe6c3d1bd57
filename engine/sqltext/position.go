package sqltext

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file. Line and Col count from 1; Col counts characters.
// The zero Line means the file as a whole.
type Pos struct {
	File string
	Line int
	Col  int
}

// String prints file:line:col, or what of it is known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Error is a fault at a place in a file, with an optional remedy.
type Error struct {
	Pos    Pos
	Msg    string
	Remedy string
}

// Error prints file:line:col: message.
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// Try returns the remedy, or "".
func (e *Error) Try() string { return e.Remedy }

// Errorf makes an Error at p.
func Errorf(p Pos, format string, args ...any) *Error {
	return &Error{Pos: p, Msg: fmt.Sprintf(format, args...)}
}

// Errors are all the faults of a check, so that one reading shows every one of them.
type Errors []*Error

// Error prints a fault a line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Try returns the first remedy there is.
func (es Errors) Try() string {
	for _, e := range es {
		if e.Remedy != "" {
			return e.Remedy
		}
	}
	return ""
}

// Add appends err, taking an Error or Errors apart; others are put at p.
func (es *Errors) Add(p Pos, err error) {
	var many Errors
	var one *Error
	switch {
	case err == nil:
	case errors.As(err, &many):
		*es = append(*es, many...)
	case errors.As(err, &one):
		*es = append(*es, one)
	default:
		*es = append(*es, &Error{Pos: p, Msg: err.Error()})
	}
}

// Err returns the faults sorted by place, or nil where there are none.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	sorted := slices.Clone(es)
	slices.SortStableFunc(sorted, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return sorted
}
