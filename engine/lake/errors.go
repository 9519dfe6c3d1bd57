package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// What callers decide by; errors.Is finds them, beside fs.ErrNotExist and
// fs.ErrPermission.
var (
	ErrMissing    = errors.New("the directory does not exist")
	ErrExists     = errors.New("the object exists")
	ErrUploadGone = errors.New("the staged bytes are gone")
	ErrFull       = errors.New("no space left")
	ErrLocked     = errors.New("another process holds the lock")
	ErrChanged    = errors.New("the object changed while it was read")
)

// Error is a failed operation on a store or one of its objects.
type Error struct {
	Op    string // "put object"
	Place string // key or path
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Place, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Is tells a full disk and a spent quota as ErrFull.
func (e *Error) Is(target error) bool {
	return target == ErrFull && (errors.Is(e.Err, syscall.ENOSPC) || errors.Is(e.Err, syscall.EDQUOT))
}

// Try returns the remedy, or "".
func (e *Error) Try() string {
	var access *AccessError
	switch {
	case errors.As(e.Err, &access):
		return access.Try()
	case errors.Is(e, ErrFull):
		return "free space on the file system of " + e.Place + ", then run again: nothing was half written"
	case errors.Is(e.Err, ErrNotEmpty):
		return "remove what is in it first: ledgermill lake rm --recursive"
	case errors.Is(e.Err, ErrMissing):
		return "correct the path, or mount what belongs there"
	case errors.Is(e.Err, fs.ErrPermission):
		return "give the user that runs ledgermill access to " + e.Place
	case errors.Is(e.Err, syscall.EROFS):
		return "mount the file system of " + e.Place + " writable"
	}
	return ""
}

// failed wraps an error with what was tried, once: the operating system's own
// naming of call and path is dropped for ours.
func failed(op, place string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path) && err == error(path):
		err = path.Err
	case errors.As(err, &link) && err == error(link):
		err = link.Err
	}
	return &Error{Op: op, Place: place, Err: err}
}

// KeyError says that a text cannot be the key of an object.
type KeyError struct{ Key, Fault string }

func (e *KeyError) Error() string { return fmt.Sprintf("object key %q: %s", e.Key, e.Fault) }

// SchemeError says that a place is no store that this program can open.
type SchemeError struct{ Place, Scheme string }

func (e *SchemeError) Error() string {
	switch {
	case e.Place == "":
		return "open store: no path given"
	case e.Scheme == "file":
		return fmt.Sprintf("open store %s: not a file URL of this machine", e.Place)
	case e.Scheme == "s3":
		return fmt.Sprintf("open store %s: not of the form s3://bucket/prefix", e.Place)
	case e.Scheme == "endpoint":
		return "the endpoint of an S3 store is not a URL of the form https://host:port"
	}
	return fmt.Sprintf("open store %s: unsupported store scheme %q", e.Place, e.Scheme)
}

// Try returns the remedy.
func (e *SchemeError) Try() string {
	return "give a directory, as a path or as file:///path, or a bucket, as s3://bucket/prefix"
}

// LockedError says who holds the lock. Its Holder is zero where that could not
// be read.
type LockedError struct {
	Place  string
	Holder Info
}

func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("lock %s: %v", e.Place, ErrLocked)
	}
	return fmt.Sprintf("lock %s: held by process %d on %s since %s: %s", e.Place, e.Holder.PID, e.Holder.Host,
		e.Holder.Started.UTC().Format("2006-01-02 15:04:05 UTC"), e.Holder.Command)
}

// Is tells it as ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// Try returns the remedy.
func (e *LockedError) Try() string {
	free := ""
	if strings.HasPrefix(e.Place, "s3://") {
		free = "; without a sign of life for a minute the lock is free"
	}
	if e.Holder.PID == 0 {
		return "wait until the other run ends" + free
	}
	return fmt.Sprintf("wait until it ends, or end process %d on %s: what it left is repaired by the next run%s", e.Holder.PID, e.Holder.Host, free)
}
