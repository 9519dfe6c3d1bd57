package s3test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"ledgermill/engine/lake"
)

// shared is what the tests of one binary use together: a server of each program,
// started by the first test that needs it and stopped when the last of them ends.
type shared struct {
	mu      sync.Mutex
	servers map[string]*use
}

type use struct {
	server *Server
	err    error
	users  int
}

// one is the binary's own.
var one = shared{servers: map[string]*use{}}

// Shared returns the server that the tests of this binary share. A test fails
// where it cannot be had, unless LEDGERMILL_TEST_NO_S3 is set: then it is skipped.
func (p Program) Shared(t testing.TB) *Server {
	t.Helper()
	one.mu.Lock()
	defer one.mu.Unlock()
	u := one.servers[p.Name]
	if u == nil {
		u = &use{}
		if u.server, u.err = p.fresh(t); u.err == nil {
			one.servers[p.Name] = u
		}
	}
	var unsupported *UnsupportedError
	switch {
	case errors.As(u.err, &unsupported):
		t.Skip(unsupported)
	case u.err != nil && !Wanted():
		t.Skipf("no %s: %v", p.Name, u.err)
	case u.err != nil:
		t.Fatalf("%s for tests (LEDGERMILL_TEST_NO_S3=1 skips): %v", p.Name, u.err)
	}
	u.users++
	t.Cleanup(func() {
		one.mu.Lock()
		defer one.mu.Unlock()
		if u.users--; u.users == 0 {
			delete(one.servers, p.Name)
			if err := errors.Join(u.server.Stop(), os.RemoveAll(u.server.Data)); err != nil {
				t.Error(err)
			}
		}
	})
	return u.server
}

// Wanted reports whether a test fails without a server: not with
// LEDGERMILL_TEST_NO_S3 in the environment.
func Wanted() bool { return os.Getenv("LEDGERMILL_TEST_NO_S3") == "" }

// Own returns a server for one test alone, which may change how it is started.
func (p Program) Own(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	o := Options{Data: t.TempDir(), Log: os.Stderr}
	if err := p.supported(o.Data); err != nil {
		t.Skip(err)
	}
	if change != nil {
		change(&o)
	}
	s, err := p.Start(t.Context(), o)
	if err != nil && !Wanted() {
		t.Skipf("no %s: %v", p.Name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// fresh starts a server in a directory that outlives the test that needs it first.
func (p Program) fresh(t testing.TB) (*Server, error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledgermill-"+p.Name+"-")
	if err != nil {
		return nil, err
	}
	err = p.supported(dir)
	var s *Server
	if err == nil {
		s, err = p.Start(t.Context(), Options{Data: dir, Log: os.Stderr})
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// UnsupportedError says that a server cannot work here.
type UnsupportedError struct {
	Program string
	Err     error
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s keeps metadata in extended attributes, which the file system of the temporary directory refuses: %v", e.Program, e.Err)
}

// Unwrap returns the cause.
func (e *UnsupportedError) Unwrap() error { return e.Err }

// supported tries what versitygw needs of a file system.
func (p Program) supported(dir string) error {
	if p.Name == MinIO().Name {
		return nil
	}
	file := filepath.Join(dir, "xattr")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	err := syscall.Setxattr(file, "user.ledgermill", []byte("x"), 0)
	if err := os.Remove(file); err != nil {
		return err
	}
	if err != nil {
		return &UnsupportedError{Program: p.Name, Err: err}
	}
	return nil
}

// Bucket makes a bucket and returns its place, s3://name.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	place := "s3://test-" + strings.ToLower(rand.Text())
	store, err := lake.Open(place, lake.Options{S3: s.Settings})
	if err == nil {
		err = store.Make(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return place
}
