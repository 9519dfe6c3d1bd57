package lake_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
)

// until calls done until it holds; the test's own deadline bounds it.
func until(t *testing.T, done func() bool) {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for !done() {
		select {
		case <-ticks.C:
		case <-t.Context().Done():
			t.Fatal("it never came to that")
		}
	}
}

func TestLeaseIsTakenOverWhenStale(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			server := program.Shared(t)
			place := server.Bucket(t) + "/x"
			first, second := store(t, server, place), store(t, server, place)
			first.Beat(300*time.Millisecond, time.Hour)
			unlock, err := first.Lock(t.Context(), lake.Info{Host: "there", PID: 42})
			if err != nil {
				t.Fatal(err)
			}
			second.Beat(time.Hour, 0) // for it, any lock is stale
			var release func() error
			until(t, func() bool {
				release, err = second.Lock(t.Context(), lake.Info{Host: "here", PID: 43})
				return err == nil
			})
			until(t, first.LockLost)
			for i, err := range []error{first.Put(t.Context(), "a", nil), first.Create(t.Context(), "a", nil), first.Remove(t.Context(), "a")} {
				var locked *lake.LockedError
				if !errors.As(err, &locked) || locked.Holder.PID != 43 {
					t.Errorf("operation %d of who has lost the lock: %v", i, err)
				}
			}
			if err := errors.Join(unlock(), second.Put(t.Context(), "a", nil)); err != nil {
				t.Errorf("unlock what was lost: %v", err)
			}
			if _, err := first.Lock(t.Context(), lake.Info{}); !errors.Is(err, lake.ErrLocked) {
				t.Errorf("the lock of the other is gone: %v", err)
			}
			if err := release(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLeaseIsRenewed watches a lock being written again and again by its holder.
func TestLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	server := s3test.MinIO().Shared(t)
	place := server.Bucket(t) + "/x"
	first, second := store(t, server, place), store(t, server, place)
	first.Beat(20*time.Millisecond, time.Hour)
	unlock, err := first.Lock(t.Context(), lake.Info{PID: 42})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	until(t, func() bool {
		r, err := second.Open(t.Context(), "_ledger/lock")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); errors.Is(err, lake.ErrChanged) {
			return false // renewed while it was read
		} else if err != nil {
			t.Fatal(err)
		}
		texts[string(text)] = true
		return len(texts) > 3
	})
	if _, err := second.Lock(t.Context(), lake.Info{}); !errors.Is(err, lake.ErrLocked) {
		t.Errorf("a lock that is renewed was taken over: %v", err)
	}
	if err := unlock(); err != nil || first.LockLost() {
		t.Errorf("unlock: %v, lost %v", err, first.LockLost())
	}
}

// TestLeaseEndsWithItsProcess kills a process of this machine that holds the lock:
// nobody waits for it to go stale.
func TestLeaseEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	if place := os.Getenv("LAKE_TEST_LEASE"); place != "" {
		s, err := lake.Open(place, lake.Options{S3: config.S3{Endpoint: os.Getenv("LAKE_TEST_ENDPOINT"), Region: os.Getenv("LAKE_TEST_REGION"),
			AccessKey: config.Secret(os.Getenv("LAKE_TEST_ACCESS")), SecretKey: config.Secret(os.Getenv("LAKE_TEST_SECRET"))}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Lock(t.Context(), lake.Info{Host: "there", PID: os.Getpid()}); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("locked\n")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
		return
	}
	server := s3test.MinIO().Shared(t)
	place := server.Bucket(t) + "/x"
	other := exec.Command(os.Args[0], "-test.run=^TestLeaseEndsWithItsProcess$")
	other.Env = append(os.Environ(), "LAKE_TEST_LEASE="+place, "LAKE_TEST_ENDPOINT="+server.Settings.Endpoint, "LAKE_TEST_REGION="+server.Settings.Region,
		"LAKE_TEST_ACCESS="+server.Settings.AccessKey.Reveal(), "LAKE_TEST_SECRET="+server.Settings.SecretKey.Reveal())
	in, err1 := other.StdinPipe()
	out, err2 := other.StdoutPipe()
	if err := errors.Join(err1, err2, other.Start()); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	line := make([]byte, 7)
	if _, err := out.Read(line); err != nil || string(line) != "locked\n" {
		t.Errorf("the other process said %q, %v", line, err)
	}
	s := store(t, server, place)
	_, err := s.Lock(t.Context(), lake.Info{})
	var locked *lake.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != other.Process.Pid {
		t.Errorf("while the other process lives: %v", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // killed
	unlock, err := s.Lock(context.WithoutCancel(t.Context()), lake.Info{PID: 7})
	if err != nil {
		t.Fatalf("after its end: %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}
