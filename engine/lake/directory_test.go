package lake_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
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
		s, err := lake.Open(filepath.Join(t.TempDir(), "the lake", "ü"))
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

func tries(t *testing.T, err error) {
	t.Helper()
	var hint interface{ Try() string }
	if !errors.As(err, &hint) || hint.Try() == "" {
		t.Errorf("no remedy for: %v", err)
	}
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
		s, err := lake.Open(place)
		if err != nil || s.URL() != want {
			t.Errorf("open %s: %v, %v; want %s", place, s, err, want)
		}
	}
	for _, place := range []string{"", "s3://bucket/raw", "https://x/y", "file://host/a", "file://", "file:///a?b", "file:///%zz"} {
		_, err := lake.Open(place)
		var scheme *lake.SchemeError
		if !errors.As(err, &scheme) {
			t.Errorf("open %q: %v", place, err)
			continue
		}
		tries(t, err)
	}
}

func TestMissingDirectory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := lake.NewDirectory(filepath.Join(t.TempDir(), "not", "there"))
	_, listErr := d.List(ctx, "")
	_, stagingErr := d.StagingDir("run")
	_, lockErr := d.Lock(ctx, lake.Info{})
	for i, err := range []error{listErr, stagingErr, lockErr, d.Put(ctx, "a", nil), d.Create(ctx, "a", nil)} {
		if !errors.Is(err, lake.ErrMissing) {
			t.Errorf("operation %d: %v, want a missing directory", i, err)
			continue
		}
		tries(t, err)
	}
	if removed, err := d.Sweep(ctx, func(string) bool { return false }); err != nil || removed != nil {
		t.Errorf("sweep: %v, %v", removed, err)
	}
}

func TestFileInPlaceOfADirectory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, root := directory(t)
	if err := d.Put(ctx, "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"put below an object":    d.Put(ctx, "a/b", nil),
		"create below an object": d.Create(ctx, "a/b", nil),
		"prepare over a file":    lake.NewDirectory(filepath.Join(root, "a")).Prepare(ctx),
	} {
		if !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := lake.NewDirectory(filepath.Join(root, "a")).List(ctx, ""); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("list a file: %v", err)
	}
	wantNothingStaged(t, root)
}

func wantNothingStaged(t *testing.T, root string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(root, "_staging"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
		t.Errorf("left in staging: %v, %v", left, err)
	}
}

func TestFullDisk(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small file system needs the right to mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(root, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ctx := t.Context()
	d := lake.NewDirectory(root)
	if err := d.Put(ctx, "a", []byte("old")); err != nil {
		t.Fatal(err)
	}
	big := []byte(strings.Repeat("x", 1<<20))
	elsewhere := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(elsewhere, big, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stageErr := d.Stage(ctx, "a", elsewhere)
	for i, err := range []error{d.Put(ctx, "a", big), d.Create(ctx, "b", big), stageErr} {
		if !errors.Is(err, lake.ErrFull) {
			t.Errorf("operation %d on a full disk: %v", i, err)
			continue
		}
		tries(t, err)
	}
	objects, err := d.List(ctx, "")
	if err != nil || len(objects) != 1 || objects[0].Size != 3 {
		t.Errorf("objects after a full disk: %v, %v", objects, err)
	}
	wantNothingStaged(t, root)
}

func TestNoPermission(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("permissions do not bind root; TestNoPermissionAsAnother runs this as an ordinary user")
	}
	checkNoPermission(t)
}

// TestNoPermissionAsAnother runs TestNoPermission with the credentials of nobody.
func TestNoPermissionAsAnother(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, and without root TestNoPermission says it all")
	}
	run := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestNoPermission$", "-test.v")
	run.Dir = "/"
	run.Env = append(os.Environ(), "TMPDIR=/tmp")
	run.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestNoPermission ") {
		t.Errorf("%v\n%s", err, out)
	}
}

func checkNoPermission(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	d, root := directory(t)
	if err := errors.Join(d.Put(ctx, "a/x", nil), d.Put(ctx, "b", nil), os.Chmod(filepath.Join(root, "b"), 0), os.Chmod(filepath.Join(root, "a"), 0)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(root, "a"), 0o700) })
	_, openErr := d.Open(ctx, "b")
	_, listErr := d.List(ctx, "")
	_, statErr := d.Stat(ctx, "a/x")
	for i, err := range []error{openErr, listErr, statErr, d.Put(ctx, "a/y", nil), d.Remove(ctx, "a/x")} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("operation %d: %v, want no permission", i, err)
			continue
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
