package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/lake"
)

// loans is a copy of the library's project, for running the program on it.
type loans struct {
	*testing.T
	dir, lake string
}

func newLoans(t *testing.T) *loans {
	t.Helper()
	p := &loans{T: t, dir: t.TempDir()}
	p.lake = filepath.Join(p.dir, "lake")
	if err := os.CopyFS(p.dir, os.DirFS(filepath.Join("testdata", "library"))); err != nil {
		t.Fatal(err)
	}
	return p
}

// days adds objects of n further days with rows loans each.
func (p *loans) days(n, rows int) {
	p.Helper()
	date := time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC)
	for day := range n {
		var b bytes.Buffer
		b.WriteString("Loan No,lent_on,lent_at,desk,reader,book_no,fee\n")
		text := date.AddDate(0, 0, day).Format(time.DateOnly)
		for i := range rows {
			fmt.Fprintf(&b, "D%d-%d,%s,%s 09:%02d:%02d,desk %d,reader %d,B%d,%d.%02d\n", day, i, text, text, i/60%60, i%60, i%7, i%31, i%3, i%50, i%100)
		}
		if err := os.WriteFile(filepath.Join(p.dir, "raw", "loans", text+".csv"), b.Bytes(), 0o644); err != nil {
			p.Fatal(err)
		}
	}
}

// run runs the program until the lake and returns what it wrote on both streams.
func (p *loans) run(want int, args ...string) string {
	p.Helper()
	exit, stdout, stderr := typed(p.Context(), append([]string{"--project", p.dir, "--setting", "engine.cache_directory=" + p.dir + "/cache", "--setting", "lake.root=" + p.lake}, args...)...)
	if exit != want {
		p.Fatalf("%v: exit %d, want %d\n%s%s", args, exit, want, stdout, stderr)
	}
	return stdout + stderr
}

// published are the digests of the lake's files; the ledger and what is staged are
// none of its readers' business.
func (p *loans) published() map[string]string {
	p.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(p.lake, func(path string, d fs.DirEntry, err error) error {
		if name := strings.TrimPrefix(path, p.lake); err != nil || d.IsDir() || name == "/_ballast" || strings.HasPrefix(name, "/_ledger") || strings.HasPrefix(name, "/_staging") {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, p.lake)] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	return files
}

// staged are the files that wait in the lake for being published.
func (p *loans) staged() []string {
	p.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(p.lake, "_staging"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.Fatal(err)
	}
	return files
}

func (p *loans) same(want map[string]string, when string) {
	p.Helper()
	if d := cmp.Diff(want, p.published()); d != "" {
		p.Errorf("%s the lake changed (-want +got):\n%s", when, d)
	}
	if staged := p.staged(); staged != nil {
		p.Errorf("%s there are left in staging: %v", when, staged)
	}
}

func (p *loans) says(text string, parts ...string) {
	p.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			p.Errorf("no %q in:\n%s", part, text)
		}
	}
}

// TestFullDisk fills the lake's file system at two moments.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	p := newLoans(t)
	if err := os.Mkdir(p.lake, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", p.lake, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small file system needs the right to mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(p.lake, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p.run(engine.ExitDone, "run", "--until", "lake")
	before := p.published()
	p.days(3, 4000)
	ballast := filepath.Join(p.lake, "_ballast")
	for _, free := range []int64{64 << 10, 0} {
		fill(t, ballast, free)
		out := p.run(engine.ExitFailed, "run", "--until", "lake")
		p.says(out, "error: ", "o space left", "try: ")
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		p.same(before, "with a full disk")
	}
	p.run(engine.ExitDone, "run", "--until", "lake")
	p.says(p.run(engine.ExitDone, "run", "--until", "lake"), "nothing to do")
	if n := len(p.published()); n != len(before)+6 {
		t.Errorf("%d files, want %d and 6", n, len(before))
	}
}

// fill writes a file that leaves so many bytes free.
func fill(t *testing.T, path string, free int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	var written int64
	for err == nil {
		_, err = f.Write(block)
		written += int64(len(block))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(max(0, written-int64(len(block))-free)), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestReadOnlyLake runs on a file system that takes no writes.
func TestReadOnlyLake(t *testing.T) {
	t.Parallel()
	p := newLoans(t)
	p.run(engine.ExitDone, "run", "--until", "lake")
	before := p.published()
	p.days(1, 10)
	if err := syscall.Mount(p.lake, p.lake, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("a read-only file system needs the right to mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(p.lake, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mount("", p.lake, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	p.says(p.run(engine.ExitUnreachable, "run", "--until", "lake"), "read-only file system", "try: mount the file system of ")
	p.same(before, "read-only")
	p.says(p.run(engine.ExitDone, "status"), "object  new        loans/2025-04-01.csv")
	p.says(p.run(engine.ExitDone, "plan"), "make    loans 2025-04-01: new")
	p.says(p.run(engine.ExitDone, "query", "busiest_desks", "--on", "lake"), "north")
}

// readable is a directory with the library's project that every user can read.
func readable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledgermill-readable-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	library := filepath.Join("testdata", "library")
	if err := errors.Join(os.Chmod(dir, 0o755), os.CopyFS(filepath.Join(dir, library), os.DirFS(library))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestNoPermission(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		// As root nothing is forbidden: the test runs again as an ordinary user.
		child := exec.CommandContext(t.Context(), "/proc/self/exe", asAnother, "-test.v")
		child.Dir = readable(t)
		child.Env = append(os.Environ(), "TMPDIR=/tmp", "HOME=/nonexistent")
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestNoPermission ") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	p := newLoans(t)
	p.run(engine.ExitDone, "run", "--until", "lake")
	before := p.published()
	p.days(1, 10)
	secret := filepath.Join(p.dir, "raw", "loans", "2025-04-01.csv")
	forbid := func(path string, mode fs.FileMode) func() {
		info, err := os.Stat(path)
		if err == nil {
			err = os.Chmod(path, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Chmod(path, info.Mode().Perm()); err != nil {
				t.Error(err)
			}
		}
	}
	for _, c := range []struct {
		path string
		mode fs.FileMode
		says string
	}{
		{filepath.Join(p.lake, "_ledger"), 0o500, "permission denied"},
		{p.lake, 0, "permission denied"},
		{filepath.Join(p.dir, "raw", "loans"), 0, "permission denied"},
		{secret, 0, "permission denied"},
	} {
		allow := forbid(c.path, c.mode)
		out := p.run(engine.ExitUnreachable, "run", "--until", "lake")
		allow()
		p.says(out, "error: ", c.says, "try: ")
		p.same(before, "without permission for "+c.path)
	}
	p.run(engine.ExitDone, "run", "--until", "lake")
}

// TestLocked runs while another process holds the lake.
func TestLocked(t *testing.T) {
	t.Parallel()
	p := newLoans(t)
	p.run(engine.ExitDone, "run", "--until", "lake")
	before := p.published()
	unlock, err := lake.NewDirectory(p.lake).Lock(t.Context(), lake.Info{Host: "night.example", PID: 4711, Command: "run", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	p.days(1, 10)
	out := p.run(engine.ExitLocked, "run", "--until", "lake")
	p.says(out, "held by process 4711 on night.example", "try: wait until it ends, or end process 4711 on night.example")
	p.same(before, "locked")
	p.run(engine.ExitDone, "status")
	p.run(engine.ExitDone, "plan")
	p.run(engine.ExitDone, "query", "busiest_desks", "--on", "lake")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	p.run(engine.ExitDone, "run", "--until", "lake")
}

// TestInterrupted sends signals to runs under way. What they had published is whole,
// the rest is as it was, and the next run ends where an undisturbed one does.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ledgermill"); err != nil {
		t.Skip("the tests' own main puts the program into the path")
	}
	undisturbed := newLoans(t)
	undisturbed.days(30, 1500)
	undisturbed.run(engine.ExitDone, "run", "--until", "lake")
	whole := undisturbed.published()
	for _, c := range []struct {
		signal syscall.Signal
		line   string // on standard error, upon which the signal is sent
		exit   int
	}{
		{syscall.SIGINT, "run: read", engine.ExitInterrupted},
		{syscall.SIGINT, "run: models", engine.ExitInterrupted},
		{syscall.SIGTERM, "run: models", engine.ExitTerminated},
	} {
		t.Run(c.signal.String()+" "+c.line[5:], func(t *testing.T) {
			t.Parallel()
			p := newLoans(t)
			p.run(engine.ExitDone, "run", "--until", "lake")
			before := p.published()
			p.days(30, 1500)
			exit, out := p.interrupt(c.signal, c.line)
			if exit != c.exit {
				t.Fatalf("exit %d, want %d\n%s", exit, c.exit, out)
			}
			p.says(out, "error: interrupted by "+c.signal.String())
			half := p.published()
			for name, digest := range before {
				if half[name] != digest {
					t.Errorf("%s changed", name)
				}
			}
			p.run(engine.ExitDone, "run", "--until", "lake")
			p.same(whole, "after the next run")
			if len(half) >= len(whole) {
				t.Errorf("the run was through before the signal came")
			}
			for name, digest := range half {
				if digest != whole[name] {
					t.Errorf("%s was published half", name)
				}
			}
		})
	}
}

// TestInterruptIgnored starts a run as the background job of a script, which is not
// told of interrupts, and interrupts it.
func TestInterruptIgnored(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ledgermill"); err != nil {
		t.Skip("the tests' own main puts the program into the path")
	}
	p := newLoans(t)
	if exit, out := p.interrupt(syscall.SIGINT, "run: models", "sh", "-c", `trap "" INT; exec "$@"`, "sh"); exit != engine.ExitDone {
		t.Errorf("exit %d, want %d\n%s", exit, engine.ExitDone, out)
	}
}

// interrupt starts a run as a process, by another command if one is given, and
// signals it once it has written a line.
func (p *loans) interrupt(s syscall.Signal, line string, by ...string) (exit int, out string) {
	p.Helper()
	args := append(by[:len(by):len(by)], "ledgermill", "run", "--until", "lake", "--project", p.dir, "--setting", "engine.batch_days=5", "--setting", "engine.cache_directory="+p.dir+"/cache")
	return signalled(p.T, s, line, args...)
}

// signalled starts a command and signals it once it has written a line to standard
// error, which is returned whole.
func signalled(t *testing.T, s syscall.Signal, line string, args ...string) (exit int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
		b.WriteString(scanner.Text() + "\n")
		if scanner.Text() == line {
			if err := cmd.Process.Signal(s); err != nil {
				t.Error(err)
			}
		}
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), b.String()
}
