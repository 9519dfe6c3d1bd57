//go:build !linux

package faulttest

import (
	"context"
	"errors"
	"time"
)

// Boot does nothing here.
func Boot() {}

// Child cannot be watched here.
type Child struct {
	Args   []string
	Env    []string
	Dir    string
	Places map[string]string
	Ports  map[uint16]string
	At     int
	Kill   bool
	Limit  time.Duration
}

// Ended is what came of a child.
type Ended struct {
	Points []string
	Hit    string
	Killed bool
	Hung   bool
	Exit   int
	Output string
}

// Run fails.
func (Child) Run(context.Context) (Ended, error) {
	return Ended{}, &UnsupportedError{Err: errors.ErrUnsupported}
}
