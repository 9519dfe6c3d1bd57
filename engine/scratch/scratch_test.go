package scratch_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ledgermill/engine/scratch"
)

// TestDirectories opens two beside that of a process that was killed: each has its own
// and says what for, the dead one's goes with what is in it, and nothing else does.
func TestDirectories(t *testing.T) {
	t.Parallel()
	shared := filepath.Join(t.TempDir(), "deep", "shared")
	dead, others := filepath.Join(shared, "ledgermill-query-1"), filepath.Join(shared, "ledgermill-run")
	for _, dir := range []string{dead, others} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{filepath.Join(dead, "rows"), dead + ".lock"} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var open []*scratch.Dir
	for range 2 {
		d, err := scratch.Open(shared, "plan-")
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(d.Path()); !strings.HasPrefix(name, "ledgermill-plan-") {
			t.Errorf("it is called %s", name)
		}
		if err := os.WriteFile(filepath.Join(d.Path(), "rows"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		open = append(open, d)
	}
	if entries, err := filepath.Glob(filepath.Join(shared, "*")); err != nil || len(entries) != 5 {
		t.Errorf("two have %v, %v; want a directory and a lock each, and somebody else's", entries, err)
	}
	for _, d := range open {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if entries, err := filepath.Glob(filepath.Join(shared, "*")); err != nil || len(entries) != 1 || entries[0] != others {
		t.Errorf("closed, they leave %v, %v", entries, err)
	}
}

// TestOwn refuses what others may read or change.
func TestOwn(t *testing.T) {
	t.Parallel()
	root := scratch.Root(filepath.Join(t.TempDir(), "tmp"))
	for range 2 {
		if err := scratch.Own(root); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := scratch.Own(root); err == nil {
		t.Error("a directory that everybody may read is taken")
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if err := scratch.Own(link); err == nil {
		t.Error("a link is taken")
	}
}

// TestLeftoversThatStay are no fault of who opens a directory beside them: what only looks
// like a lock, the lock of another user, what cannot be removed.
func TestLeftoversThatStay(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	name := func(parts ...string) string { return filepath.Join(append([]string{shared}, parts...)...) }
	err := errors.Join(
		os.Mkdir(name("ledgermill-a.lock"), 0o700),
		os.Symlink("ledgermill-b.lock", name("ledgermill-b.lock")),
		os.Symlink("c", name("ledgermill-c.lock")), os.WriteFile(name("c"), nil, 0o600), os.Mkdir(name("ledgermill-c"), 0o700))
	stay := []string{"ledgermill-a.lock", "ledgermill-b.lock", "ledgermill-c.lock", "ledgermill-c", "c"}
	inside := name("ledgermill-d", "deep")
	err = errors.Join(err, os.MkdirAll(inside, 0o700), os.WriteFile(filepath.Join(inside, "rows"), nil, 0o600), os.WriteFile(name("ledgermill-d.lock"), nil, 0o600))
	stay = append(stay, "ledgermill-d", "ledgermill-d.lock")
	if os.Geteuid() == 0 { // who may remove everything, and give files away
		err = errors.Join(err, os.Chown(name("ledgermill-d.lock"), 65534, -1))
	} else {
		err = errors.Join(err, os.Chmod(inside, 0o500))
		t.Cleanup(func() { _ = os.Chmod(inside, 0o700) })
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := scratch.Open(shared, "plan-")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for _, entry := range stay {
		if _, err := os.Lstat(name(entry)); err != nil {
			t.Error(err)
		}
	}
}
