package lake

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// abandoned is how old a file of no run must be to have no writer any more.
const abandoned = 24 * time.Hour

// StagingDir implements Publisher: <root>/_staging/<run>, since a rename cannot
// leave its file system.
func (d *Directory) StagingDir(run string) (string, error) {
	if err := checkRun(run); err != nil {
		return "", err
	}
	dir := filepath.Join(d.Location(stagingName), run)
	return dir, failed("create staging directory", dir, d.makeDirs(dir))
}

func checkRun(run string) error {
	if err := CheckKey(run); err != nil || strings.Contains(run, "/") || strings.HasPrefix(run, ".") {
		return &KeyError{Key: run, Fault: "is no name for a run's staging directory"}
	}
	return nil
}

// Sweep implements Publisher. A file that Put, Create or Stage left behind goes
// once it is a day old.
func (d *Directory) Sweep(ctx context.Context, keep func(run string) bool) (runs []string, err error) {
	dir := d.Location(stagingName)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("sweep", dir, err)
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return runs, context.Cause(ctx)
		}
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, temporary):
			err = d.sweepFile(entry)
		case keep(name):
			continue
		default:
			runs = append(runs, name)
			err = os.RemoveAll(filepath.Join(dir, name))
		}
		if err != nil {
			return runs, failed("sweep", filepath.Join(dir, name), err)
		}
	}
	return runs, nil
}

func (d *Directory) sweepFile(entry fs.DirEntry) error {
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its writer was still there
	}
	if err != nil || time.Since(info.ModTime()) < abandoned {
		return err
	}
	return removed(filepath.Join(d.Location(stagingName), entry.Name()))
}
