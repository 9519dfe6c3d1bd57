//go:build !linux

package faulttest

import (
	"context"
	"errors"
)

// Boot does nothing here.
func Boot() {}

// Run fails.
func (Child) Run(context.Context) (Ended, error) {
	return Ended{}, &UnsupportedError{Err: errors.ErrUnsupported}
}
