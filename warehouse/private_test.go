package warehouse_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// holdVariable makes the test binary hold the private server of that name
// until its standard input ends.
const holdVariable = "WAREHOUSE_TEST_HOLD"

func holdServer() (handled bool, exit int) {
	name := os.Getenv(holdVariable)
	if name == "" {
		return false, 0
	}
	ctx := context.Background()
	if handled, exit := warehouse.Helper(); handled {
		return true, exit
	}
	s, err := warehouse.StartPrivate(ctx, quick(name))
	if err == nil {
		status, statusErr := warehouse.StatusPrivate(ctx, quick(name))
		fmt.Println(status.PID, s.Dir())
		_, readErr := io.ReadAll(os.Stdin)
		err = errors.Join(statusErr, readErr, s.Close(ctx))
	}
	if err != nil {
		fmt.Println("error:", err)
		return true, 1
	}
	return true, 0
}

func quick(name string) warehouse.PrivateOptions {
	return warehouse.PrivateOptions{Name: name, Version: warehousetest.Version(), Settings: map[string]string{"fsync": "off", "shared_buffers": "16MB"}}
}

// private returns options of a server of the test's own, removed at its end.
func private(t *testing.T) warehouse.PrivateOptions {
	t.Helper()
	o := quick("test" + strconv.Itoa(os.Getpid()) + strings.ToLower(t.Name()))
	t.Cleanup(func() {
		ctx := context.Background()
		if err := warehouse.StopPrivate(ctx, o); err != nil {
			t.Error(err)
		}
		status, err := warehouse.StatusPrivate(ctx, o)
		if err != nil || status.Running {
			t.Errorf("after the test: %+v, %v", status, err)
		}
		if err := os.RemoveAll(status.Dir); err != nil {
			t.Error(err)
		}
	})
	return o
}

func start(t *testing.T, o warehouse.PrivateOptions) *warehouse.Server {
	t.Helper()
	s, err := warehouse.StartPrivate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func status(t *testing.T, o warehouse.PrivateOptions) warehouse.PrivateStatus {
	t.Helper()
	s, err := warehouse.StatusPrivate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t *testing.T, s *warehouse.Server) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestPrivateLookingMakesNothing: who asks after a server that was never made learns that
// it is down, and leaves no directory.
func TestPrivateLookingMakesNothing(t *testing.T) {
	t.Parallel()
	o := quick("never")
	o.Home = filepath.Join(t.TempDir(), "home")
	if s := status(t, o); s.Running || s.Dir != filepath.Join(o.Home, "servers", "never") {
		t.Errorf("%+v", s)
	}
	if _, err := warehouse.PrivateURL(t.Context(), o); !errors.Is(err, warehouse.ErrDown) {
		t.Error(err)
	}
	if err := warehouse.StopPrivate(t.Context(), o); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(o.Home); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %v", o.Home, err)
	}
}

func TestPrivateLastOneOutStops(t *testing.T) {
	t.Parallel()
	o := private(t)
	first, second := start(t, o), start(t, o)
	diff(t, "same server", first.URL(), second.URL())
	pid := status(t, o).PID
	stop(t, first)
	if now := status(t, o); now.PID != pid || !now.InUse {
		t.Errorf("after the first close: %+v", now)
	}
	if err := warehouse.StopPrivate(t.Context(), o); !errors.Is(err, warehouse.ErrInUse) {
		t.Errorf("stop while in use: %v", err)
	}
	stop(t, second)
	stop(t, second)
	if now := status(t, o); now.Running || now.InUse {
		t.Errorf("after the last close: %+v", now)
	}
	gone(t, pid)
}

func TestPrivatePin(t *testing.T) {
	t.Parallel()
	o := private(t)
	o.Project = "Bank of Ü"
	s := start(t, o)
	if err := s.Pin(); err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	now := status(t, o)
	if !now.Running || !now.Pinned || now.InUse {
		t.Errorf("pinned: %+v", now)
	}
	if len(now.Databases) != 1 || now.Databases[0].Bytes == 0 || !strings.HasPrefix(now.Databases[0].Name, "ledgermill_bank_of__") {
		t.Errorf("databases %+v", now.Databases)
	}
	diff(t, "psql", s.Psql(), now.Psql)
	if strings.Contains(now.Psql, "mill:") || !strings.Contains(now.Psql, "PGPASSFILE=") {
		t.Errorf("psql line %s", now.Psql)
	}
	other := o
	other.Project = ""
	s = start(t, other)
	diff(t, "port", now.Port, status(t, o).Port)
	stop(t, s)
	if err := warehouse.StopPrivate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if status(t, o).Running {
		t.Error("still running after stop")
	}
}

// hold starts this test binary to hold the server.
func hold(t *testing.T, name string, env ...string) (cmd *exec.Cmd, input io.Closer, pid int, dir string) {
	t.Helper()
	cmd = exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), append(env, holdVariable+"="+name)...)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if len(env) > 0 && os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Dir = "/"
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("holder: %v", err)
	}
	if _, err := fmt.Sscan(line, &pid, &dir); err != nil {
		t.Fatalf("holder said %q", line)
	}
	return cmd, input, pid, dir
}

func TestPrivateOrphanIsAdopted(t *testing.T) {
	t.Parallel()
	o := private(t)
	holder, _, pid, _ := hold(t, o.Name)
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	if now := status(t, o); now.PID != pid || now.InUse {
		t.Fatalf("after SIGKILL of its user: %+v, want the server %d unused", now, pid)
	}
	s := start(t, o)
	diff(t, "adopted", pid, status(t, o).PID)
	stop(t, s)
	gone(t, pid)
}

func TestPrivateServerItselfKilled(t *testing.T) {
	t.Parallel()
	o := private(t)
	s := start(t, o)
	execute(t, s, "create table kept as select 1 as n")
	pid := status(t, o).PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s2 := start(t, o)
	execute(t, s2, "insert into kept values (2)")
	stop(t, s)
	stop(t, s2)
	if status(t, o).Running {
		t.Error("still running")
	}
}

func TestPrivateHalfMadeDataIsMadeAgain(t *testing.T) {
	t.Parallel()
	o := private(t)
	s := start(t, o)
	stop(t, s)
	owned := filepath.Join(s.Dir(), "pg")
	// As an initdb leaves it that was killed at its end.
	if err := errors.Join(os.Remove(filepath.Join(owned, "data.complete")), os.Remove(filepath.Join(owned, "data", "global", "pg_control"))); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, o))
}

func TestPrivateAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	o := private(t)
	s := start(t, o)
	defer stop(t, s)
	if os.Geteuid() != 0 {
		return
	}
	// Its own home, with the binaries that are here already.
	state, err := os.MkdirTemp("", "ledgermill-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(state) })
	home := filepath.Join(state, "ledgermill")
	if err := os.CopyFS(filepath.Join(home, "postgresql"), os.DirFS(filepath.Join(s.Dir(), "..", "..", "postgresql"))); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(state, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, 65534, 65534))
	})
	if err != nil {
		t.Fatal(err)
	}
	holder, input, pid, dir := hold(t, "main", "XDG_STATE_HOME="+state, "HOME=/nonexistent", "TMPDIR=/tmp")
	if !strings.HasPrefix(dir, home) {
		t.Errorf("server in %s, want below %s", dir, home)
	}
	if err := errors.Join(input.Close(), holder.Wait()); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}

func execute(t *testing.T, s *warehouse.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), sql)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// gone waits for the end of a server that was stopped: it takes its files away, by
// which its stop is known, a moment before.
func gone(t *testing.T, pid int) {
	t.Helper()
	late := time.After(time.Minute)
	for look := time.Tick(5 * time.Millisecond); alive(pid); {
		select {
		case <-look:
		case <-late:
			t.Errorf("process %d is still there", pid)
			return
		}
	}
}

// alive tells whether a test's own server runs: the number of a process is soon
// another's, and other servers may be about.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	command := string(text)
	return err == nil && strings.Contains(command, "postgres") &&
		(strings.Contains(command, fmt.Sprintf("/test%d", os.Getpid())) || strings.Contains(command, "/ledgermill-test"))
}
