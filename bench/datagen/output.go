package datagen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Output is the place that takes the objects. Keys are relative and use '/'.
type Output interface {
	// Create starts an object, replacing one of that key. The object appears
	// whole when Close returns nil; Close after the context is done discards it.
	Create(ctx context.Context, key string) (io.WriteCloser, error)
	// Open reads an object; its error is fs.ErrNotExist if there is none.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Remove removes an object; its error is fs.ErrNotExist if there is none.
	Remove(ctx context.Context, key string) error
}

// Directory is the Output that keeps objects as files below a directory, which
// it makes when needed.
type Directory string

var _ Output = Directory("")

func (d Directory) path(key string) string { return filepath.Join(string(d), filepath.FromSlash(key)) }

// Create writes a temporary file beside the object and renames it.
func (d Directory) Create(ctx context.Context, key string) (io.WriteCloser, error) {
	path := d.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("create object %s: %w", key, err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("create object %s: %w", key, err)
	}
	return &fileWriter{File: file, ctx: ctx, path: path}, nil
}

// Open opens the object's file.
func (d Directory) Open(_ context.Context, key string) (io.ReadCloser, error) {
	return os.Open(d.path(key))
}

// Remove removes the object's file.
func (d Directory) Remove(_ context.Context, key string) error { return os.Remove(d.path(key)) }

// fileWriter keeps the context because io.WriteCloser leaves no other way to
// tell it whether the object is complete.
type fileWriter struct {
	*os.File
	ctx    context.Context
	path   string
	failed error
}

func (w *fileWriter) Write(p []byte) (int, error) {
	n, err := w.File.Write(p)
	if err != nil {
		w.failed = err
	}
	return n, err
}

func (w *fileWriter) Close() error {
	temporary := w.Name()
	err := errors.Join(w.failed, context.Cause(w.ctx))
	if err == nil {
		// CreateTemp's 0600 would hide the object from other users' programs.
		err = w.Chmod(0o644)
	}
	err = errors.Join(err, w.File.Close())
	if err == nil {
		err = os.Rename(temporary, w.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write object %s: %w", w.path, err), os.Remove(temporary))
	}
	return nil
}
