package engine_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/lake"
)

// moving is an input of which an object changes right after a run has read it for
// the first time: between counting its records and landing them.
type moving struct {
	lake.Store
	key    string
	change func()
}

func (m *moving) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := m.Store.Open(ctx, key)
	if key == m.key && m.change != nil && err == nil {
		return &movingReader{r, m}, nil
	}
	return r, err
}

type movingReader struct {
	io.ReadCloser
	m *moving
}

func (r *movingReader) Close() error {
	if change := r.m.change; change != nil {
		r.m.change = nil
		change()
	}
	return r.ReadCloser.Close()
}

// TestObjectReplacedMidRun replaces an object while a run reads it. What is
// published is never a mixture: the run fails, the lake stays, and the next run
// reads what is there then.
func TestObjectReplacedMidRun(t *testing.T) {
	t.Parallel()
	s := newLoanSite(t)
	const object, control = "loans/2025-05-02.csv", "loans/2025-05-02.csv.control.json"
	replace := func(key string, change func(string) string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, "raw", filepath.FromSlash(key))
			data, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path+".new", []byte(change(string(data))), 0o644)
			}
			if err == nil {
				err = os.Rename(path+".new", path)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
	}{
		{"same records", replace(object, func(text string) string { return strings.Replace(text, ",1.01", ",1.02", 1) })},
		{"more records", replace(object, func(text string) string {
			return text + "more,2025-05-02,2025-05-02 13:00:00,desk 1,reader,B1,1.00\n"
		})},
		{"garbage", replace(object, func(string) string { return "\"" })},
		{"written to in place", func(t *testing.T, dir string) {
			f, err := os.OpenFile(filepath.Join(dir, "raw", object), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("more,2025-05-02,2025-05-02 13:00:00,desk 1,reader,B1,1.00\n")
				err = errors.Join(err, f.Close())
			}
			if err != nil {
				t.Error(err)
			}
		}},
		{"removed", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "raw", object)); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := s.site(t)
			site := lending{dir: dir, project: s.project, input: func(in lake.Store) lake.Store {
				return &moving{Store: in, key: object, change: func() { c.change(t, dir) }}
			}}
			err := site.run(t.Context())
			var changed *engine.ChangedError
			if !errors.As(err, &changed) || changed.Object != object || changed.Try() == "" {
				t.Fatalf("error %v", err)
			}
			if d := cmp.Diff(s.old, readable(t, filepath.Join(dir, "lake"))); d != "" {
				t.Errorf("the lake changed (-before +after):\n%s", d)
			}
			// The next run makes what one makes that never saw the object before.
			later := filepath.Join(t.TempDir(), "later")
			if err := errors.Join(os.CopyFS(filepath.Join(later, "raw"), os.DirFS(filepath.Join(dir, "raw"))),
				os.CopyFS(filepath.Join(later, "lake"), os.DirFS(filepath.Join(dir, "lake")))); err != nil {
				t.Fatal(err)
			}
			site.input = nil
			err = site.run(t.Context())
			wantErr := lending{dir: later, project: s.project}.run(t.Context())
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("the next run: %v, and a run that was not disturbed: %v", err, wantErr)
			}
			if d := cmp.Diff(readable(t, filepath.Join(later, "lake")), readable(t, filepath.Join(dir, "lake"))); d != "" {
				t.Errorf("files (-undisturbed +next):\n%s", d)
			}
			if d := cmp.Diff(accounts(t, filepath.Join(later, "lake")), accounts(t, filepath.Join(dir, "lake"))); d != "" {
				t.Errorf("accounts (-undisturbed +next):\n%s", d)
			}
		})
	}
	t.Run("a control file that is touched", func(t *testing.T) {
		t.Parallel()
		dir := s.site(t)
		writeFile(t, filepath.Join(dir, "raw", control), `{"records": 121}`)
		s.run(t, dir)
		before := readable(t, filepath.Join(dir, "lake"))
		replace(control, func(text string) string { return text })(t, dir)
		s.run(t, dir)
		if d := cmp.Diff(before, readable(t, filepath.Join(dir, "lake"))); d != "" {
			t.Errorf("the lake changed (-before +after):\n%s", d)
		}
		if d := cmp.Diff(s.books, accounts(t, filepath.Join(dir, "lake"))); d == "" {
			t.Error("the control file is in no account")
		}
	})
}
