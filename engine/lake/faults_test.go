package lake_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ledgermill/engine/lake"
)

func tries(t *testing.T, err error) {
	t.Helper()
	var hint interface{ Try() string }
	if !errors.As(err, &hint) || hint.Try() == "" {
		t.Errorf("no remedy for: %v", err)
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
