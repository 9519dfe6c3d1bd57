package config

import (
	"strconv"
	"strings"
)

// Error is one fault of the configuration.
type Error struct {
	// Source is where the fault is: file:line:col, an environment variable, or
	// "flag". Empty where a Config was made by hand.
	Source string
	// Key is the dotted name of the setting; empty if the file itself is wrong.
	Key string
	// Value is the text at fault, masked if it is a secret; may be empty.
	Value string
	// Problem says what is wrong; Remedy, if known, what to do.
	Problem, Remedy string
}

// Error returns "source: key: "value" problem", without the parts not known.
func (e *Error) Error() string {
	var out strings.Builder
	for _, part := range []string{e.Source, e.Key} {
		if part != "" {
			out.WriteString(part + ": ")
		}
	}
	if e.Value != "" {
		out.WriteString(strconv.Quote(e.Value) + " ")
	}
	out.WriteString(e.Problem)
	return out.String()
}

// Try returns what the user may do, or "".
func (e *Error) Try() string { return e.Remedy }

// Errors is all that is wrong with a configuration, never empty.
type Errors []*Error

// Error returns the faults, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, fault := range e {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Try returns the first remedy known among the faults, or "".
func (e Errors) Try() string {
	for _, fault := range e {
		if fault.Remedy != "" {
			return fault.Remedy
		}
	}
	return ""
}

// Unwrap gives the faults to errors.As and errors.Is.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, fault := range e {
		out[i] = fault
	}
	return out
}

// asError keeps a nil list from becoming an error that is not nil.
func (e Errors) asError() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// nearest returns the name most like the given one, or "" if none is close.
func nearest(name string, known []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, candidate := range known {
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the least number of letters inserted, removed or replaced, two
// letters exchanged counting as two.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func didYouMean(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "one of " + strings.Join(known, ", ")
}
