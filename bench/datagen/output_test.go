package datagen_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/bench/datagen"
)

// memory is an Output for tests.
type memory struct {
	mutex   sync.Mutex
	objects map[string][]byte
	fail    string // key whose Write fails
}

type memoryWriter struct {
	bytes.Buffer
	ctx context.Context
	m   *memory
	key string
}

var errDiskFull = errors.New("no space left on device")

func newMemory() *memory { return &memory{objects: map[string][]byte{}} }

func (m *memory) Create(ctx context.Context, key string) (io.WriteCloser, error) {
	return &memoryWriter{ctx: ctx, m: m, key: key}, nil
}

func (m *memory) Open(_ context.Context, key string) (io.ReadCloser, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	object, ok := m.objects[key]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: key, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(object)), nil
}

func (m *memory) Remove(_ context.Context, key string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.objects, key)
	return nil
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	if w.key == w.m.fail {
		return 0, errDiskFull
	}
	return w.Buffer.Write(p)
}

func (w *memoryWriter) Close() error {
	if err := context.Cause(w.ctx); err != nil {
		return err
	}
	w.m.mutex.Lock()
	defer w.m.mutex.Unlock()
	w.m.objects[w.key] = w.Bytes()
	return nil
}

func TestAnotherGenerationIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := datagen.Directory(filepath.Join(t.TempDir(), "raw"))
	o := options(func(o *datagen.Options) { o.Output, o.RowsPerDay, o.Days = dir, 100, 2 })
	first, err := datagen.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	before := listing(t, string(dir))
	again, err := datagen.Generate(t.Context(), o)
	if err != nil || !again.Reused {
		t.Fatalf("the same options: reused %t, error %v", again.Reused, err)
	}
	again.Reused = false
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the report read back differs:\n%s", diff)
	}
	o.Days, o.As = 1, "csv.gz"
	if _, err := datagen.Generate(t.Context(), o); !isExists(err) {
		t.Errorf("other options: %v", err)
	}
	if diff := cmp.Diff(before, listing(t, string(dir))); diff != "" {
		t.Errorf("the output was changed:\n%s", diff)
	}
	o.Overwrite = true
	if _, err := datagen.Generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []string{"customers/customers.csv", "customers/customers.csv.control.json", "generated.json",
		"merchants/merchants.csv", "merchants/merchants.csv.control.json",
		"transactions/transactions_2025-01-31.csv.gz", "transactions/transactions_2025-01-31.csv.gz.control.json"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(listing(t, string(dir))))); diff != "" {
		t.Errorf("objects after overwriting (-want +got):\n%s", diff)
	}
}

func isExists(err error) bool {
	exists, ok := errors.AsType[*datagen.ExistsError](err)
	return ok && exists.Try() != ""
}

// listing returns the files below a directory with their modification times.
func listing(t *testing.T, root string) map[string]time.Time {
	t.Helper()
	out := map[string]time.Time{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		key, err := filepath.Rel(root, path)
		out[filepath.ToSlash(key)] = info.ModTime()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestForeignObjectsAreNotReplaced(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.objects["customers/customers.csv"] = []byte("precious")
	o := options(func(o *datagen.Options) { o.Output, o.RowsPerDay = m, 10 })
	if _, err := datagen.Generate(t.Context(), o); !isExists(err) || len(m.objects) != 1 {
		t.Errorf("error %v, %d objects", err, len(m.objects))
	}
	m.objects = map[string][]byte{datagen.ReportKey: []byte("not a report")}
	if _, err := datagen.Generate(t.Context(), o); !isExists(err) || len(m.objects) != 1 {
		t.Errorf("error %v, %d objects", err, len(m.objects))
	}
}

func TestFailureLeavesNoHalfObject(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.fail = "transactions/transactions_2025-01-31.csv"
	o := options(func(o *datagen.Options) { o.Output = m })
	if _, err := datagen.Generate(t.Context(), o); !errors.Is(err, errDiskFull) || !strings.Contains(err.Error(), m.fail) {
		t.Fatalf("error %v", err)
	}
	for _, key := range []string{m.fail, m.fail + ".control.json"} {
		if _, ok := m.objects[key]; ok {
			t.Errorf("%s was published", key)
		}
	}
	m.fail = ""
	report, err := datagen.Generate(t.Context(), o)
	if err != nil || report.Reused {
		t.Fatalf("the same generation again: reused %t, error %v", report.Reused, err)
	}
}

func TestCancelledGenerationLeavesNoHalfObject(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped by the test")
	dir := t.TempDir()
	o := options(func(o *datagen.Options) {
		o.Output, o.RowsPerDay = datagen.Directory(dir), 50_000
		o.Progress = func(done, total int64) { cancel(stop) }
	})
	if _, err := datagen.Generate(ctx, o); !errors.Is(err, stop) {
		t.Fatalf("error %v", err)
	}
	for key := range listing(t, dir) {
		if strings.HasPrefix(key, "transactions/") {
			t.Errorf("%s is left", key)
		}
	}
}
