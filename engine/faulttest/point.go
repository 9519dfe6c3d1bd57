package faulttest

import (
	"fmt"
	"os"
)

// pointMark is how the text of a point begins.
const pointMark = "faulttest point: "

// UnsupportedError says that calls cannot be watched here.
type UnsupportedError struct{ Err error }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("system calls of a child process cannot be watched here: %v", e.Err)
}

// Unwrap returns the kernel's error.
func (e *UnsupportedError) Unwrap() error { return e.Err }

// Points are places in a child's own code that count like its system calls.
type Points struct{ file *os.File }

// OpenPoints is for the child.
func OpenPoints() (*Points, error) {
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return &Points{file}, nil
}

// Pass counts a point. Its error is the fault that happens there.
func (p *Points) Pass(name string) error {
	if _, err := p.file.WriteString(pointMark + name); err != nil {
		return fmt.Errorf("injected at %s: %w", name, err)
	}
	return nil
}
