package lake_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
	"ledgermill/engine/lake/laketest"
)

func TestDirectory(t *testing.T) {
	t.Parallel()
	laketest.Suite(t, func(t *testing.T) lake.Store {
		s, err := lake.Open(filepath.Join(t.TempDir(), "the lake", "ü"), lake.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func directory(t *testing.T) (*lake.Directory, string) {
	t.Helper()
	root := t.TempDir()
	return lake.NewDirectory(root), root
}

func TestOpen(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]string{
		"/a/b": "file:///a/b", "/a/b/": "file:///a/b", "raw": "file://" + here + "/raw", "file:///a%20b": "file:///a%20b",
		"/a b": "file:///a%20b", "file://localhost/a": "file:///a", "FILE:///a": "file:///a",
	} {
		s, err := lake.Open(place, lake.Options{})
		if err != nil || s.URL() != want {
			t.Errorf("open %s: %v, %v; want %s", place, s, err, want)
		}
	}
	for _, place := range []string{"", "s3://", "s3://b", "s3://key:secret@bucket/x", "s3:///x", "https://x/y", "https://key:secret@x/y", "file://key:secret@x/y", "file://host/a", "file://", "file:///a?b", "file:///%zz"} {
		_, err := lake.Open(place, lake.Options{})
		var scheme *lake.SchemeError
		if !errors.As(err, &scheme) {
			t.Errorf("open %q: %v", place, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("open %q tells the secret: %v", place, err)
		}
		tries(t, err)
	}
}

func TestListFollowsLinks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, root := directory(t)
	other := t.TempDir()
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(other, "x"), []byte("abc"), 0o600),
		syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600), os.WriteFile(filepath.Join(root, "new\nline"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	link(other, "linked")
	link(filepath.Join(other, "x"), "file")
	objects, err := d.List(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	if diff := cmp.Diff([]string{"file", "linked/x", "new\nline"}, keys); diff != "" || objects[0].Size != 3 {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if _, err := d.Open(ctx, "pipe"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opened a pipe: %v", err)
	}
	link(root, "loop")
	if _, err := d.List(ctx, ""); err == nil || !strings.Contains(err.Error(), "above it") {
		t.Errorf("a link to a directory above: %v", err)
	}
	if _, err := d.List(ctx, "linked/"); err != nil {
		t.Errorf("a prefix beside the loop: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	link("nowhere", "dangling")
	if _, err := d.List(ctx, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link that leads nowhere: %v", err)
	}
}

func TestStageMovesWhatIsInStaging(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, root := directory(t)
	dir, err := d.StagingDir("run")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "part")
	if err := os.WriteFile(file, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.Stage(ctx, "a", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Complete(ctx, u); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(root, "a"))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was copied, not moved (%v)", err)
	}
}

func TestCompleteTrustsNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, root := directory(t)
	if err := os.WriteFile(filepath.Join(root, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, staged := range []string{"secret", "../x", "_staging/../secret", "/etc/passwd", "", "_staging"} {
		u := lake.Upload{Key: "a", Staged: staged, Size: 1}
		_, err := d.Complete(ctx, u)
		var bad *lake.KeyError
		if !errors.As(err, &bad) || !errors.As(d.Abort(ctx, u), &bad) {
			t.Errorf("completed from %q: %v", staged, err)
		}
	}
	u, err := d.Stage(ctx, "a", filepath.Join(root, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"y", "yy"} {
		if err := os.WriteFile(d.Location(u.Staged), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Complete(ctx, u); !errors.Is(err, lake.ErrUploadGone) {
			t.Errorf("completed bytes that are not the staged ones: %v", err)
		}
	}
}

func TestSweepRemovesOldTemporaryFiles(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, root := directory(t)
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	young, err1 := d.Stage(ctx, "a", file)
	old, err2 := d.Stage(ctx, "a", file)
	past := time.Now().Add(-25 * time.Hour)
	if err := errors.Join(err1, err2, os.Chtimes(d.Location(old.Staged), past, past)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sweep(ctx, func(string) bool { t.Error("asked about a file of no run"); return false }); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Complete(ctx, old); !errors.Is(err, lake.ErrUploadGone) {
		t.Errorf("the old file: %v", err)
	}
	if _, err := d.Complete(ctx, young); err != nil {
		t.Errorf("the young file: %v", err)
	}
	wantNothingStaged(t, root)
}

// TestLockEndsWithItsProcess kills a process that holds the lock.
func TestLockEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	if root := os.Getenv("LAKE_TEST_LOCK"); root != "" {
		if _, err := lake.NewDirectory(root).Lock(t.Context(), lake.Info{Host: "there", PID: os.Getpid(), Command: "test"}); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("locked\n")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
		return
	}
	d, root := directory(t)
	other := exec.Command(os.Args[0], "-test.run=^TestLockEndsWithItsProcess$")
	other.Env = append(os.Environ(), "LAKE_TEST_LOCK="+root)
	in, err1 := other.StdinPipe()
	out, err2 := other.StdoutPipe()
	if err := errors.Join(err1, err2, other.Start()); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if line := make([]byte, 7); true {
		if _, err := out.Read(line); err != nil || string(line) != "locked\n" {
			t.Errorf("the other process said %q, %v", line, err)
		}
	}
	_, err := d.Lock(t.Context(), lake.Info{})
	var locked *lake.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != other.Process.Pid {
		t.Errorf("while the other process lives: %v", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // killed
	unlock, err := d.Lock(context.WithoutCancel(t.Context()), lake.Info{PID: 7})
	if err != nil {
		t.Fatalf("after its end: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(root, "_ledger", "lock"))
	var holder lake.Info
	if err = errors.Join(err, json.Unmarshal(text, &holder)); err != nil || holder.PID != 7 {
		t.Errorf("lock file %s: %v", text, err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}

// TestUnlockReachesWhatIsInherited: a program that is being started has the lock's file
// open, as a duplicate here, and keeps nobody out once the lock is given back.
func TestUnlockReachesWhatIsInherited(t *testing.T) {
	t.Parallel()
	d, root := directory(t)
	unlock, err := d.Lock(t.Context(), lake.Info{PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	inherited := duplicate(t, filepath.Join(root, "_ledger", "lock"))
	defer syscall.Close(inherited)
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := d.Lock(t.Context(), lake.Info{PID: 2})
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// duplicate finds an open file of this process by its name.
func duplicate(t *testing.T, name string) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("open files are not listed here: %v", err)
	}
	for _, e := range open {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == name {
			fd, err := strconv.Atoi(e.Name())
			if err == nil {
				fd, err = syscall.Dup(fd)
			}
			if err != nil {
				t.Fatal(err)
			}
			return fd
		}
	}
	t.Fatalf("%s is not open", name)
	return -1
}
