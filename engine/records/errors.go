package records

import (
	"errors"
	"fmt"
)

// ErrChanged says that the text is not the one that was scanned.
var ErrChanged = errors.New("the text changed since it was scanned")

// HeaderError says that the header itself is broken or absent, so that no
// record of the text can be judged.
type HeaderError struct {
	Reason Reason // of the header; "": see Detail
	Detail string
}

func (e *HeaderError) Error() string {
	if e.Detail != "" {
		return "read header: " + e.Detail
	}
	return fmt.Sprintf("read header: %s", e.Reason)
}

// FrameError says that a record which must stand before or behind the others
// does not: the text is not whole. It is an ErrTruncated.
type FrameError struct {
	Which  string // "first" or "last"
	Marker Marker
	Detail string // "": there is none
}

func (e *FrameError) Error() string {
	detail := e.Detail
	if detail == "" {
		detail = "there is none"
	}
	return fmt.Sprintf("read the %s record, with %q in field %d: %s", e.Which, e.Marker.Literal, e.Marker.Field+1, detail)
}

// Is makes the object one that ended too early.
func (e *FrameError) Is(target error) bool { return target == ErrTruncated }

// Try returns the remedy.
func (e *FrameError) Try() string {
	return fmt.Sprintf("ask the sender for the object again, or compare it with the contract's `%s record` directive", e.Which)
}

// TooManyBadError says that the text was given up after MaxBad broken records.
type TooManyBadError struct {
	Records int64  // read up to there
	First   Reason // of the first broken record
}

func (e *TooManyBadError) Error() string {
	return fmt.Sprintf("scan records: %d of the first %d are broken (first: %s)", MaxBad, e.Records, e.First)
}

// Try returns the remedy.
func (e *TooManyBadError) Try() string {
	if e.First == JSON {
		return "look at the first of them: the object must hold one JSON object a line"
	}
	return "compare the object's delimiter, quote and escape with the contract's csv directive"
}
