package lake

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Info names the holder of a lock.
type Info struct {
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Started time.Time `json:"started"`
}

// Lock implements Locker by flock(2) on a file that stays: the kernel frees it
// with its process, and what it says is then a dead holder's. Its text is the
// holder as JSON.
func (d *Directory) Lock(ctx context.Context, holder Info) (unlock func() error, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	place := d.Location(lockName)
	if err := d.makeDirs(filepath.Dir(place)); err != nil {
		return nil, failed("lock", place, err)
	}
	f, err := os.OpenFile(place, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, failed("lock", place, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, both(&LockedError{Place: place, Holder: readHolder(f)}, f.Close())
	}
	if err == nil {
		err = writeHolder(f, holder)
	}
	if err != nil {
		return nil, failed("lock", place, both(err, f.Close()))
	}
	return func() error {
		// Closing alone would leave the lock with a program that this one is just starting,
		// which has the file open until it runs.
		free := both(f.Truncate(0), syscall.Flock(int(f.Fd()), syscall.LOCK_UN))
		return failed("unlock", place, both(free, f.Close()))
	}, nil
}

// readHolder returns the zero Info if the holder has not written its own yet.
func readHolder(f *os.File) Info {
	text := make([]byte, 64<<10)
	n, _ := f.ReadAt(text, 0) // io.EOF is how it ends
	var holder Info
	if json.Unmarshal(text[:n], &holder) != nil {
		return Info{}
	}
	return holder
}

func writeHolder(f *os.File, holder Info) error {
	text, err := json.Marshal(holder)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(text, '\n'), 0)
	return err
}
