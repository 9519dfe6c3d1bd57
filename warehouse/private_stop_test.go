package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ledgermill/warehouse"
)

// A server that an older ledgermill left is of a release whose binaries the newer one
// does not know. It is stopped all the same, by the last one out and by request.
func TestPrivateOfAnotherReleaseIsStopped(t *testing.T) {
	t.Parallel()
	known := private(t)
	lender := start(t, known)
	stop(t, lender)
	binaries := filepath.Join(lender.Dir(), "..", "..", "postgresql")
	releases, err := filepath.Glob(filepath.Join(binaries, "*", ".complete"))
	if err != nil || len(releases) == 0 {
		t.Fatalf("releases in %s: %v, %v", binaries, releases, err)
	}
	o := warehouse.PrivateOptions{Home: ownHome(t), Version: known.Version, Settings: known.Settings}
	t.Cleanup(func() {
		if err := warehouse.StopPrivate(context.Background(), o); err != nil {
			t.Error(err)
		}
	})
	lent := lend(t, o.Home, binaries, releases)

	s := start(t, o)
	pid := status(t, o).PID
	forget(t, lent)
	stop(t, s)
	gone(t, pid)

	lent = lend(t, o.Home, binaries, releases)
	s = start(t, o)
	pid = status(t, o).PID
	if err := s.Pin(); err != nil {
		t.Fatal(err)
	}
	forget(t, lent)
	stop(t, s)
	stop(t, start(t, o))
	diff(t, "pinned and adopted", pid, status(t, o).PID)
	if err := warehouse.StopPrivate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}

// ownHome is a directory that the server's user can walk into.
func ownHome(t *testing.T) string {
	t.Helper()
	state, err := os.MkdirTemp("", "ledgermill-test")
	if err == nil {
		err = os.Chmod(state, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(state); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(state, "home")
}

// The server's user may write any number where the server's process is named. Root ends
// none that is not that user's.
func TestPrivateStopEndsNoOtherProcess(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the system keeps others from a process of somebody else's")
	}
	o := warehouse.PrivateOptions{Home: ownHome(t)}
	const user = 65534
	owned, binaries := filepath.Join(status(t, o).Dir, "pg"), filepath.Join(o.Home, "postgresql")
	data := filepath.Join(owned, "data")
	if err := errors.Join(os.MkdirAll(data, 0o711), os.Mkdir(binaries, 0o755), os.Chown(binaries, user, user), os.Chown(owned, user, user)); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "600")
	other.Args[0] = "postgres"
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	named := fmt.Sprintf("%d\n%s\n0\n5432\n", other.Process.Pid, data)
	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(named), 0o600); err != nil {
		t.Error(err)
	}
	if err := warehouse.StopPrivate(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is not of user") {
		t.Errorf("stop: %v", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := other.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the other process ended with %v", err)
	}
}

// lend makes the releases of one home known in another.
func lend(t *testing.T, home, binaries string, releases []string) (lent []string) {
	t.Helper()
	info, err := os.Stat(binaries)
	if err != nil {
		t.Fatal(err)
	}
	own, owner := filepath.Join(home, "postgresql"), info.Sys().(*syscall.Stat_t)
	err = errors.Join(os.MkdirAll(own, 0o711), os.Chmod(own, 0o755), os.Chown(own, int(owner.Uid), int(owner.Gid)))
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range releases {
		release := filepath.Dir(mark)
		link := filepath.Join(own, filepath.Base(release))
		if err := os.Symlink(release, link); err != nil {
			t.Fatal(err)
		}
		lent = append(lent, link)
	}
	return lent
}

func forget(t *testing.T, lent []string) {
	t.Helper()
	for _, link := range lent {
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}
