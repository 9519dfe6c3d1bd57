package ledger_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// store is a directory lake that notes what is asked of it.
type store struct {
	*lake.Directory
	root string

	mu        sync.Mutex
	opened    []string
	completed []string
	onCreate  func()
}

func newStore(t *testing.T) *store {
	t.Helper()
	root := t.TempDir()
	return &store{Directory: lake.NewDirectory(root), root: root}
}

func (s *store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	s.mu.Lock()
	s.opened = append(s.opened, key)
	s.mu.Unlock()
	return s.Directory.Open(ctx, key)
}

func (s *store) Complete(ctx context.Context, u lake.Upload) (lake.Object, error) {
	s.mu.Lock()
	s.completed = append(s.completed, u.Key)
	s.mu.Unlock()
	return s.Directory.Complete(ctx, u)
}

func (s *store) Create(ctx context.Context, key string, data []byte) error {
	err := s.Directory.Create(ctx, key, data)
	if s.onCreate != nil {
		s.onCreate()
	}
	return err
}

// stage makes an upload of a text, below the staging directory of a run.
func (s *store) stage(t *testing.T, key, text string) lake.Upload {
	t.Helper()
	dir, err := s.StagingDir("run")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(key + text))
	path := filepath.Join(dir, hex.EncodeToString(sum[:8]))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	upload, err := s.Stage(t.Context(), key, path)
	if err != nil {
		t.Fatal(err)
	}
	return upload
}

// text is what a reader finds at a key; "" where there is nothing.
func (s *store) text(t *testing.T, key string) string {
	t.Helper()
	data, err := os.ReadFile(s.Location(key))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

func (s *store) replace(t *testing.T, key string, edit func(string) string) {
	t.Helper()
	before := s.text(t, key)
	after := edit(before)
	if before == "" || before == after {
		t.Fatalf("%s is not edited", key)
	}
	if err := os.WriteFile(s.Location(key), []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s *store) remove(t *testing.T, key string) {
	t.Helper()
	if err := os.Remove(s.Location(key)); err != nil {
		t.Fatal(err)
	}
}

func entryKey(n int) string { return fmt.Sprintf("%s%020d.json", ledger.Prefix, n) }
func doneKey(n int) string  { return fmt.Sprintf("%s%020d.done.json", ledger.Prefix, n) }

// clock never gives the same time twice, so that no two entries are equal by chance.
func clock() func() time.Time {
	var mu sync.Mutex
	now := time.Date(2025, 1, 31, 2, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func open(t *testing.T, s ledger.Store) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), s, "bank", clock())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func commit(t *testing.T, l *ledger.Ledger, e ledger.Entry) {
	t.Helper()
	if err := l.Commit(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// commitLosing commits an entry of which the store has lost the objects of some keys.
func commitLosing(t *testing.T, l *ledger.Ledger, e ledger.Entry, keys ...string) {
	t.Helper()
	var lost *ledger.LostError
	if err := l.Commit(t.Context(), e); !errors.As(err, &lost) || l.Pending() || !slices.Equal(lost.Keys, keys) {
		t.Fatalf("commit: %v, pending %t", err, l.Pending())
	}
}

func unit(dataset, name, print string) ledger.UnitRecord {
	return ledger.UnitRecord{Dataset: dataset, Unit: name, Fingerprint: print, Key: dataset + "/" + name}
}
