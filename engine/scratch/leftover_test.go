package scratch

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// newLock is the file of a lock in a directory of its own.
func newLock(t *testing.T) *os.File {
	t.Helper()
	lock, err := os.CreateTemp(t.TempDir(), prefix+"*.lock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	return lock
}

// TestCloseKeepsTheLockOfWhatIsLeft lets the next sweep find what a Close has not removed.
func TestCloseKeepsTheLockOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	lock := newLock(t)
	if err := take(lock); err != nil {
		t.Fatal(err)
	}
	d := &Dir{path: filepath.Dir(lock.Name()) + "/.", lock: lock} // which no RemoveAll takes
	if err := d.Close(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("closed what cannot be removed: %v", err)
	}
	again, err := os.OpenFile(lock.Name(), os.O_RDWR, 0)
	if err != nil {
		t.Fatalf("no lock tells of the directory: %v", err)
	}
	if held, err := hold(again); !held || err != nil {
		t.Errorf("the lock is not given back: %t, %v", held, err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestTakeLeavesNoLockThatCannotBeHeld and tells why it cannot.
func TestTakeLeavesNoLockThatCannotBeHeld(t *testing.T) {
	t.Parallel()
	lock := newLock(t)
	if err := lock.Close(); err != nil { // flock fails, as on a file system without it
		t.Fatal(err)
	}
	if err := take(lock); !errors.Is(err, syscall.EBADF) || errors.Is(err, errTaken) {
		t.Errorf("taken: %v", err)
	}
	if _, err := os.Lstat(lock.Name()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock is left: %v", err)
	}
}

// TestTakeLeavesALockToItsHolder who is about to remove it.
func TestTakeLeavesALockToItsHolder(t *testing.T) {
	t.Parallel()
	lock := newLock(t)
	sweeper, err := os.OpenFile(lock.Name(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if held, err := hold(sweeper); !held || err != nil {
		t.Fatal(held, err)
	}
	if err := take(lock); !errors.Is(err, errTaken) {
		t.Errorf("taken: %v", err)
	}
	if err := os.Remove(sweeper.Name()); err != nil {
		t.Errorf("the lock of another process is removed: %v", err)
	}
	if err := sweeper.Close(); err != nil {
		t.Error(err)
	}
}
