package lake

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// temporary marks files in the staging directory that belong to no run.
const temporary = ".write-"

// makeDirs creates a directory below the root, which must exist: one whose file
// system is not mounted is not silently replaced.
func (d *Directory) makeDirs(dir string) error {
	if _, err := os.Stat(d.root); errors.Is(err, fs.ErrNotExist) {
		return &Error{Op: "use store", Place: d.root, Err: ErrMissing}
	}
	return makeDirs(dir)
}

// makeDirs creates a directory and its parents, and makes their names durable.
func makeDirs(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return syscall.ENOTDIR
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeDirs(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// write copies r into a new durable file in the staging directory.
func (d *Directory) write(ctx context.Context, r io.Reader) (name string, err error) {
	dir := d.Location(stagingName)
	if err := d.makeDirs(dir); err != nil {
		return "", err
	}
	name = filepath.Join(dir, temporary+rand.Text())
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, &stoppable{ctx, r})
	if err == nil {
		err = f.Sync()
	}
	if err = both(err, f.Close()); err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return "", both(err, removed(name))
	}
	return name, nil
}

// both joins an error and that of cleaning up, and leaves a lone one as it is.
func both(err, cleaning error) error {
	if err == nil || cleaning == nil {
		return cmp.Or(err, cleaning)
	}
	return errors.Join(err, cleaning)
}

// removed removes a file that may be gone.
func removed(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncFile(name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = both(err, f.Close()) }()
	return f.Sync()
}

// syncDir makes names in a directory durable. Some network file systems refuse
// it with EINVAL: they have nothing to write behind.
func syncDir(dir string) error {
	err := syncFile(dir)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// stoppable ends a copy when its context does.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s *stoppable) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.r.Read(p)
}
