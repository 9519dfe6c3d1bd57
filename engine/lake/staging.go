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

// StagingRoot is the local directory above those of the runs, which need not exist.
func (d *Directory) StagingRoot() string { return d.Location(stagingName) }

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

// Leftovers implements Publisher.
func (d *Directory) Leftovers(ctx context.Context) ([]Leftover, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return leftDirs(d.Location(stagingName))
}

// leftDirs lists the staging directories of runs, and files of no run that are a
// day old.
func leftDirs(dir string) (left []Leftover, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("list directory", dir, err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // swept since
		}
		if err != nil {
			return nil, failed("list directory", dir, err)
		}
		one := Leftover{Run: entry.Name(), Place: filepath.Join(dir, entry.Name()), Since: info.ModTime()}
		if strings.HasPrefix(one.Run, temporary) {
			if one.Run = ""; time.Since(one.Since) < abandoned {
				continue
			}
		}
		if one.Size, err = treeSize(one.Place); err != nil {
			return nil, failed("list directory", one.Place, err)
		}
		left = append(left, one)
	}
	return left, nil
}

// treeSize is the bytes of all files below a path; what vanishes meanwhile has none.
func treeSize(path string) (size int64, err error) {
	err = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				size += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return size, err
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
