package duckdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// spillPrefix begins the names of the engines' directories in a shared one.
const spillPrefix = "ledgermill-"

// spill is an engine's own directory in one that engines share: for what it spills
// and parks. A lock beside it tells others that it lives.
type spill struct {
	dir  string
	lock *os.File
}

// openSpill makes a directory below shared, and removes those of dead engines. A run
// that opens its engine before it has the lake's lock may lose shared meanwhile, to
// the sweep of the run that has it: then it is made again.
func openSpill(shared string) (*spill, error) {
	const attempts = 10
	for attempt := 1; ; attempt++ {
		s, err := tryOpenSpill(shared)
		if err == nil || attempt == attempts || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errTaken) {
			return s, err
		}
	}
}

// errTaken says that another engine took a new lock for a dead engine's, and removes it.
var errTaken = errors.New("the lock was taken for a dead engine's")

func tryOpenSpill(shared string) (*spill, error) {
	if err := os.MkdirAll(shared, 0o700); err != nil {
		return nil, fmt.Errorf("spill directory: %w", err)
	}
	if err := sweepSpill(shared); err != nil {
		return nil, fmt.Errorf("sweep spill directory: %w", err)
	}
	lock, err := os.CreateTemp(shared, spillPrefix+"*.lock")
	if err != nil {
		return nil, fmt.Errorf("spill directory: %w", err)
	}
	if !hold(lock) {
		return nil, errors.Join(fmt.Errorf("spill directory: %w", errTaken), lock.Close())
	}
	s := &spill{dir: strings.TrimSuffix(lock.Name(), ".lock"), lock: lock}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("spill directory: %w", err), s.close())
	}
	return s, nil
}

// hold takes the lock and reports whether its file is still the one at its name.
func hold(lock *os.File) bool {
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false
	}
	mine, err := lock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(lock.Name())
	return err == nil && os.SameFile(mine, named)
}

// sweepSpill removes the directories whose engine was killed.
func sweepSpill(shared string) error {
	entries, err := os.ReadDir(shared)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), spillPrefix) || !strings.HasSuffix(entry.Name(), ".lock") {
			continue
		}
		path := filepath.Join(shared, entry.Name())
		lock, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue // removed meanwhile, or another user's
		}
		if err != nil {
			return err
		}
		dead := &spill{dir: strings.TrimSuffix(path, ".lock"), lock: lock}
		if !hold(lock) {
			err = lock.Close()
		} else {
			err = dead.close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// close removes the directory and gives the lock back. A run that has removed its
// own directory has removed both.
func (s *spill) close() error {
	err := os.Remove(s.lock.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(os.RemoveAll(s.dir), err, s.lock.Close())
}
