package faulttest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// SmallDisk is a directory on a small file system of its own.
type SmallDisk struct {
	t   testing.TB
	dir string
}

// NewSmallDisk puts a directory with what is in it on a file system of so many bytes
// in memory. The test is skipped where that takes a right it does not have.
func NewSmallDisk(t testing.TB, dir, size string) *SmallDisk {
	t.Helper()
	info, err := os.Stat(dir)
	before := dir + ".before"
	if err == nil {
		err = errors.Join(os.Rename(dir, before), os.Mkdir(dir, info.Mode().Perm()))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := mountSmall(dir, size); err != nil {
		t.Skipf("a small file system needs the right to mount one: %v", err)
	}
	d := &SmallDisk{t: t, dir: dir}
	t.Cleanup(d.Release)
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", before+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := errors.Join(os.Chmod(dir, info.Mode().Perm()), os.RemoveAll(before)); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *SmallDisk) ballast() string { return filepath.Join(d.dir, "_ballast") }

// Fill leaves so many bytes free, in a file beside the others.
func (d *SmallDisk) Fill(free int64) {
	d.t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Fatal(err)
	}
	block := make([]byte, 4096)
	var written int64
	for err == nil {
		var n int
		n, err = f.Write(block)
		written += int64(n)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(max(0, written-free)), f.Close()); err != nil {
		d.t.Fatal(err)
	}
}

// Free makes room again.
func (d *SmallDisk) Free() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Error(err)
	}
}

// Release gives the file system up with what is on it.
func (d *SmallDisk) Release() {
	if err := unmount(d.dir); err != nil && !errors.Is(err, syscall.EINVAL) { // it is released already
		d.t.Error(err)
	}
}
