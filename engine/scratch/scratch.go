// Package scratch makes directories of the local disk that go with their process. A lock
// beside each tells others that its process lives; who opens one removes those of
// processes that were killed.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// prefix begins the names of all directories in a shared one.
const prefix = "ledgermill-"

// Dir is a directory of one process in one that processes share. Close it.
type Dir struct {
	path string
	lock *os.File
}

// Path is where the directory is.
func (d *Dir) Path() string { return d.path }

// Root is the directory of this user alone below the one for temporary files, "" for the
// system's. It need not exist.
func Root(temporary string) string {
	if temporary == "" {
		temporary = os.TempDir()
	}
	return filepath.Join(temporary, fmt.Sprintf("ledgermill-staging-%d", os.Getuid()))
}

// Own makes a root, or refuses one that another user has made where everybody may: to
// read what is staged there, or to change it.
func Own(root string) error {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(root)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || ok && int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a directory of this user alone", root)
	}
	return nil
}

// Open makes a directory below shared, which is made too, and removes those of dead
// processes. What it is for is in its name. A run that opens its engine before it has
// the lake's lock may lose shared meanwhile, to the sweep of the run that has it: then it
// is made again.
func Open(shared, purpose string) (*Dir, error) {
	const attempts = 10
	for attempt := 1; ; attempt++ {
		d, err := tryOpen(shared, purpose)
		if err == nil || attempt == attempts || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errTaken) {
			return d, err
		}
	}
}

// errTaken says that another process took a new lock for a dead one's, and removes it.
var errTaken = errors.New("the lock was taken for a dead process's")

func tryOpen(shared, purpose string) (*Dir, error) {
	if err := os.MkdirAll(shared, 0o700); err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}
	if err := sweep(shared); err != nil {
		return nil, fmt.Errorf("sweep %s: %w", shared, err)
	}
	lock, err := os.CreateTemp(shared, prefix+purpose+"*.lock")
	if err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}
	if !hold(lock) {
		return nil, errors.Join(fmt.Errorf("scratch directory: %w", errTaken), lock.Close())
	}
	d := &Dir{path: strings.TrimSuffix(lock.Name(), ".lock"), lock: lock}
	if err := os.Mkdir(d.path, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("scratch directory: %w", err), d.Close())
	}
	return d, nil
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

// sweep removes the directories whose process was killed.
func sweep(shared string) error {
	entries, err := os.ReadDir(shared)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), prefix) || !strings.HasSuffix(entry.Name(), ".lock") {
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
		dead := &Dir{path: strings.TrimSuffix(path, ".lock"), lock: lock}
		if !hold(lock) {
			err = lock.Close()
		} else {
			err = dead.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close removes the directory and gives the lock back. A run that has removed its
// own directory has removed both.
func (d *Dir) Close() error {
	err := os.Remove(d.lock.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(os.RemoveAll(d.path), err, d.lock.Close())
}
