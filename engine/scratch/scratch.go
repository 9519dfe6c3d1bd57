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
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !own(info) {
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
	if err := take(lock); err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}
	d := &Dir{path: strings.TrimSuffix(lock.Name(), ".lock"), lock: lock}
	if err := os.Mkdir(d.path, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("scratch directory: %w", err), d.Close())
	}
	return d, nil
}

// take holds a lock that was made just now, or leaves none behind: one that a sweep holds
// is removed by it, and one that cannot be held at all, as where files have no locks,
// would stay for ever.
func take(lock *os.File) error {
	held, err := hold(lock)
	switch {
	case held:
		return nil
	case err == nil:
		return errors.Join(errTaken, lock.Close())
	}
	return errors.Join(err, os.Remove(lock.Name()), lock.Close())
}

// hold takes the lock and reports whether it has it and its file is still the one at its
// name. An error says that this file cannot be locked by anybody.
func hold(lock *os.File) (bool, error) {
	err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "lock", Path: lock.Name(), Err: err}
	}
	mine, err := lock.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(lock.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, named), err
}

// sweep removes the directories whose process was killed. What cannot be opened, locked
// or removed stays for a later one: it is no fault of who opens a directory of its own.
func sweep(shared string) error {
	entries, err := os.ReadDir(shared)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) && strings.HasSuffix(entry.Name(), ".lock") && entry.Type().IsRegular() {
			removeDead(filepath.Join(shared, entry.Name()))
		}
	}
	return nil
}

// removeDead removes the directory of a lock that nobody holds, and the lock, if that is
// this user's: where everybody may make files, another user can put a lock beside any
// directory.
func removeDead(name string) {
	lock, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return // removed meanwhile, or another user's
	}
	info, err := lock.Stat()
	if err == nil && own(info) {
		if held, _ := hold(lock); held {
			_ = (&Dir{path: strings.TrimSuffix(name, ".lock"), lock: lock}).Close()
			return
		}
	}
	_ = lock.Close() // nothing was written
}

// own reports whether a file is this user's, as far as the system tells.
func own(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Getuid()
}

// Close removes the directory, and only then its lock: what it cannot remove, or is killed
// before it has, the next sweep finds by the lock. Until the lock's file is gone nobody
// can make another of its name, and who has opened it meanwhile finds it held, or no
// longer at its name. Where a run has removed the directory above, both are gone.
func (d *Dir) Close() error {
	err := os.RemoveAll(d.path)
	if err == nil {
		err = os.Remove(d.lock.Name())
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, d.lock.Close())
}
