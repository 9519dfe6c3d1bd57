package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX

	lockPoll = 20 * time.Millisecond
)

// lock is a flock(2) on a file: the kernel drops it when its holder dies,
// however it dies.
type lock struct {
	file *os.File
}

func openLock(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	return &lock{file: file}, nil
}

// try takes the lock, or turns a shared one into an exclusive one, if that is
// possible at once.
func (l *lock) try(how int) (bool, error) {
	for {
		err := syscall.Flock(int(l.file.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		default:
			return false, fmt.Errorf("lock %s: %w", l.file.Name(), err)
		}
	}
}

// acquire asks again and again: a blocking flock could not be cancelled.
func (l *lock) acquire(ctx context.Context, how int) error {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		if ok, err := l.try(how); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s: %w", l.file.Name(), context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// close gives the lock back by its own word. Closing alone would leave it with a program
// that this one is just starting, which has the file open until it runs.
func (l *lock) close() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}
