package lake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	// stagingName is the directory below the root that holds what is not yet,
	// or no longer, an object.
	stagingName = "_staging"
	// lockName lies where the ledger does: a lake without one needs no lock.
	lockName = "_ledger/lock"
)

// Directory is a store in a directory of one file system. Objects are plain
// files that any tool can read. It is safe for concurrent use by many processes.
type Directory struct{ root string }

var _ Store = (*Directory)(nil)

// NewDirectory returns the store at an absolute path, which it does not touch.
func NewDirectory(root string) *Directory { return &Directory{root: filepath.Clean(root)} }

// URL implements Reader.
func (d *Directory) URL() string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(d.root)}).String()
}

// Location implements Reader: the absolute path.
func (d *Directory) Location(key string) string {
	return filepath.Join(d.root, filepath.FromSlash(key))
}

// Prepare implements Store: it creates the directory and its parents.
func (d *Directory) Prepare(context.Context) error {
	return failed("create store", d.root, makeDirs(d.root))
}

// Stat implements Reader.
func (d *Directory) Stat(ctx context.Context, key string) (Object, error) {
	if err := begin(ctx, key); err != nil {
		return Object{}, err
	}
	info, err := os.Stat(d.Location(key))
	if err == nil && !info.Mode().IsRegular() || errors.Is(err, syscall.ENOTDIR) {
		err = fs.ErrNotExist // keys are no tree: an object above this key does not matter
	}
	if err != nil {
		return Object{}, failed("stat object", key, err)
	}
	return object(key, info), nil
}

func object(key string, info fs.FileInfo) Object {
	o := Object{Key: key, Size: info.Size(), ModTime: info.ModTime()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		o.Inode = stat.Ino
	}
	return o
}

// Open implements Reader.
func (d *Directory) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if _, err := d.Stat(ctx, key); err != nil {
		return nil, err
	}
	f, err := os.Open(d.Location(key))
	if err != nil {
		return nil, failed("open object", key, err)
	}
	return f, nil
}

// Put implements Writer.
func (d *Directory) Put(ctx context.Context, key string, data []byte) error {
	return d.place(ctx, "put object", key, data, os.Rename)
}

// Create implements Writer: link(2) fails where the name is taken.
func (d *Directory) Create(ctx context.Context, key string, data []byte) error {
	return d.place(ctx, "create object", key, data, func(from, to string) error {
		err := os.Link(from, to)
		switch {
		case errors.Is(err, fs.ErrExist):
			return ErrExists
		case err == nil:
			// The object exists now, whatever becomes of its other name: that is Sweep's.
			_ = os.Remove(from)
		}
		return err
	})
}

// place writes data beside the objects and moves it to its key.
func (d *Directory) place(ctx context.Context, op, key string, data []byte, move func(from, to string) error) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	temporary, err := d.write(ctx, bytes.NewReader(data))
	if err != nil {
		return failed(op, key, err)
	}
	target := d.Location(key)
	err = d.makeDirs(filepath.Dir(target))
	if err == nil {
		err = move(temporary, target)
	}
	if err != nil {
		return failed(op, key, both(err, removed(temporary)))
	}
	return failed(op, key, syncDir(filepath.Dir(target)))
}

// Copy implements Writer by a second name for the same bytes: objects are replaced
// by renames and never written to.
func (d *Directory) Copy(ctx context.Context, from, to string) error {
	if err := errors.Join(begin(ctx, from), CheckKey(to)); err != nil {
		return err
	}
	target := d.Location(to)
	err := d.makeDirs(filepath.Dir(target))
	if err == nil {
		err = os.Link(d.Location(from), target)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return failed("copy object", from, err)
	}
	return failed("copy object", from, syncDir(filepath.Dir(target)))
}

// Remove implements Writer.
func (d *Directory) Remove(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	target := d.Location(key)
	if err := os.Remove(target); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	} else if err != nil {
		return failed("remove object", key, err)
	}
	return failed("remove object", key, syncDir(filepath.Dir(target)))
}

// List implements Reader. Links are followed, a link to a directory above it is
// an error, and so is one that leads nowhere. Pipes, sockets and devices are no
// objects. Names that CheckKey refuses are listed: whoever wants them is told.
func (d *Directory) List(ctx context.Context, prefix string) ([]Object, error) {
	root, err := os.Stat(d.root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failed("list store", d.root, ErrMissing)
	case err == nil && !root.IsDir():
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, failed("list store", d.root, err)
	}
	w := walk{ctx: ctx, d: d, prefix: prefix}
	if err := w.directory("", []fs.FileInfo{root}); err != nil {
		return nil, err
	}
	slices.SortFunc(w.found, func(a, b Object) int { return Compare(a.Key, b.Key) })
	return w.found, nil
}

type walk struct {
	ctx    context.Context
	d      *Directory
	prefix string
	found  []Object
}

func (w *walk) directory(dir string, above []fs.FileInfo) error {
	if err := w.ctx.Err(); err != nil {
		return context.Cause(w.ctx)
	}
	entries, err := os.ReadDir(w.d.Location(dir))
	if errors.Is(err, fs.ErrNotExist) && dir != "" {
		return nil // removed since it was listed
	}
	if err != nil {
		return failed("list directory", w.d.Location(dir), err)
	}
	for _, entry := range entries {
		key := path.Join(dir, entry.Name())
		if key == stagingName || key == lockName || !w.leadsTo(key) {
			continue
		}
		if err := w.entry(key, entry, above); err != nil {
			return err
		}
	}
	return nil
}

// leadsTo reports whether key begins with the prefix, or may be a directory of
// keys that do.
func (w *walk) leadsTo(key string) bool {
	return strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key+"/")
}

func (w *walk) entry(key string, entry fs.DirEntry, above []fs.FileInfo) error {
	info, err := os.Stat(w.d.Location(key))
	switch {
	case errors.Is(err, fs.ErrNotExist) && entry.Type()&fs.ModeSymlink == 0:
		return nil // removed since it was listed
	case err != nil:
		return failed("list object", key, err)
	case info.IsDir():
		if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
			return failed("list directory", key, errors.New("is a link to a directory above it"))
		}
		return w.directory(key, append(above[:len(above):len(above)], info))
	case info.Mode().IsRegular() && strings.HasPrefix(key, w.prefix):
		w.found = append(w.found, object(key, info))
	}
	return nil
}

func begin(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return CheckKey(key)
}
