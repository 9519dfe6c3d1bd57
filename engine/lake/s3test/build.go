package s3test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Program is a server that can be built.
type Program struct {
	Name    string
	Package string
	Version string
	ready   string // what the line of its output holds that says that it answers
}

// MinIO is the reference among the servers.
func MinIO() Program {
	return Program{Name: "minio", Package: "github.com/minio/minio", Version: "v0.0.0-20260212201848-7aac2a2c5b7c", ready: "API: "}
}

// Versity is versitygw: a gateway to a directory, and so another implementation of
// everything.
func Versity() Program {
	return Program{Name: "versitygw", Package: "github.com/versity/versitygw/cmd/versitygw", Version: "v1.8.0", ready: "service listening on"}
}

// Build returns the path of the program, which it builds where no process of this
// user has done so before, saying so to log.
func (p Program) Build(ctx context.Context, log io.Writer) (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	return p.buildIn(ctx, filepath.Join(cache, "ledgermill", "servers"), log)
}

func (p Program) buildIn(ctx context.Context, cache string, log io.Writer) (path string, err error) {
	dir := filepath.Join(cache, p.Name+"@"+p.Version)
	path = filepath.Join(dir, p.Name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	unlock, err := exclusive(dir + ".lock")
	if err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := os.Stat(path); err == nil {
		return path, nil // by whom we waited for
	}
	_, _ = fmt.Fprintf(log, "building %s %s into %s: once, some minutes\n", p.Name, p.Version, cache)
	building, err := os.MkdirTemp(cache, p.Name+"-")
	if err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(building)) }()
	if err := p.install(ctx, building); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("build %s: %w", p.Name, err)
	}
	return path, os.Rename(filepath.Join(building, p.Name), path)
}

// install runs `go install` outside of any module, at the least priority: other
// tests are running.
func (p Program) install(ctx context.Context, bin string) error {
	arguments := []string{"go", "install", p.Package + "@" + p.Version}
	if nice, err := exec.LookPath("nice"); err == nil {
		arguments = append([]string{nice, "-n", "19"}, arguments...)
	}
	cmd := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	cmd.Dir = bin
	cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", p.Name, err, lastLines(string(out), 20))
	}
	return nil
}

// exclusive waits for the lock on a file, which its process' end frees.
func exclusive(name string) (unlock func() error, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
