package engine

import (
	"errors"
	"fmt"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// UnitError says that a dataset has no such unit.
type UnitError struct {
	Dataset string
	Unit    job.Unit   // "": any
	Have    []job.Unit // in order
	What    string     // of units: "published", or ""
}

func (e *UnitError) Error() string {
	if e.Unit == "" && e.What != "" {
		return "no unit of " + e.Dataset + " is " + e.What
	}
	if e.Unit == "" {
		return e.Dataset + " has no unit: there is no data"
	}
	if e.What != "" {
		return fmt.Sprintf("%s of %s is not %s", e.Dataset, e.Unit, e.What)
	}
	return fmt.Sprintf("%s has no unit %s", e.Dataset, e.Unit)
}

// Try tells which units there are.
func (e *UnitError) Try() string {
	switch n := len(e.Have); {
	case n == 0 && e.What != "":
		return "ledgermill run, or --against a git revision"
	case n == 0:
		return "ledgermill plan tells what is read, and from where"
	case n <= 5:
		var names []string
		for _, u := range e.Have {
			names = append(names, string(u))
		}
		return "there is " + strings.Join(names, ", ")
	default:
		return fmt.Sprintf("there are %d, from %s to %s", n, e.Have[0], e.Have[n-1])
	}
}

// ExitCode is that of usage.
func (e *UnitError) ExitCode() int { return ExitUsage }

// HeldError says that a unit cannot be made of its raw objects.
type HeldError struct {
	Dataset string
	Unit    job.Unit
	Reason  string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s of %s cannot be made: %s", e.Dataset, e.Unit, e.Reason)
}

// ExitCode is that of a held unit.
func (e *HeldError) ExitCode() int { return ExitHeld }

// Discreet takes the values out of an engine's message where a column of the project
// is private.
func (m *Mill) Discreet(err error) error {
	if err == nil || len(m.private()) == 0 {
		return err
	}
	text := m.discreet(err.Error())
	var bind *model.BindError
	if errors.As(err, &bind) && strings.Contains(err.Error(), bind.Msg) { // all of it is the engine's
		text = strings.Replace(err.Error(), bind.Msg, m.valueless(bind.Msg), 1)
	}
	if text == err.Error() {
		return err
	}
	return &discreetError{error: err, text: text}
}

// discreetError is an error whose values are masked.
type discreetError struct {
	error
	text string
}

func (e *discreetError) Error() string { return e.text }

// Unwrap returns the error for its type alone.
func (e *discreetError) Unwrap() error { return errors.Unwrap(e.error) }
