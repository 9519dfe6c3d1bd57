package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// brokenFile is the list of an object's broken records. They wait on disk for the
// file of rejects: a few kilobytes that a sender packs hold a million of them, and any
// number of such objects may wait at once. It is made with the first.
type brokenFile struct {
	path, key string
	out       *os.File
}

func (m *Mill) brokenPath(f *feed, key string) string {
	return filepath.Join(m.Work, "broken", ledger.Fingerprint(f.contract.Name, key))
}

// Write adds to the list. A disk that is full is a *job.SpaceError.
func (b *brokenFile) Write(p []byte) (n int, err error) {
	if b.out == nil {
		if err = os.MkdirAll(filepath.Dir(b.path), 0o755); err == nil {
			b.out, err = os.Create(b.path)
		}
	}
	if err == nil {
		n, err = b.out.Write(p)
	}
	if err != nil {
		err = &job.SpaceError{Err: fmt.Errorf("object %s: %w", b.key, err)}
	}
	return n, err
}

func (b *brokenFile) Close() error {
	if b.out == nil {
		return nil
	}
	return b.out.Close()
}

// forgetBroken removes the broken records of an object whose rejects are written, or
// never will be.
func (m *Mill) forgetBroken(f *feed, key string) error {
	if err := os.Remove(m.brokenPath(f, key)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
