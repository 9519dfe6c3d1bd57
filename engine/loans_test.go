package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// library are the files of a project that is no bank's.
func library() fs.FS {
	return os.DirFS(filepath.Join("..", "cmd", "ledgermill", "testdata", "library"))
}

func libraryProject(ctx context.Context) (*model.Project, error) {
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		return nil, err
	}
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		return nil, errors.Join(err, judge.Close())
	}
	project, err := model.Load(ctx, model.Options{FS: library(), Judge: judge, Binder: binder})
	return project, errors.Join(err, judge.Close(), binder.Close())
}

// lending is a run of the library's project on both sides in a directory.
type lending struct {
	dir     string
	project *model.Project
	input   func(lake.Store) lake.Store // wraps the input; nil: it is as it is
}

// run runs the project. Its budget holds two objects of the input, so that a run lands
// them in pieces.
func (l lending) run(ctx context.Context) error {
	var input lake.Store = lake.NewDirectory(filepath.Join(l.dir, "raw"))
	root := lake.NewDirectory(filepath.Join(l.dir, "lake"))
	if err := root.Prepare(ctx); err != nil {
		return err
	}
	id := engine.NewRun()
	work, err := root.StagingDir(id)
	if err != nil {
		return err
	}
	duck, err := duckdb.Open(ctx, duckdb.Settings{MemoryLimit: 256_000_000, Threads: 1, Work: work, Readable: []string{input.Location(""), root.Location("")}})
	if err != nil {
		return err
	}
	if l.input != nil {
		input = l.input(input)
	}
	m, err := engine.Open(ctx, engine.Options{Project: l.project, Name: "library", Input: input, Lake: root, Engine: duck, Work: work, BatchDays: 2,
		Budget: 16 << 10, Run: id, Command: "run", Program: "test"}, true)
	if err != nil {
		return errors.Join(err, duck.Close())
	}
	report, err := m.Execute(ctx, engine.Selection{})
	err = errors.Join(err, m.Close(), duck.Close())
	if err == nil && report.Exit != engine.ExitDone {
		err = fmt.Errorf("exit %d: %v", report.Exit, report.Verdicts)
	}
	return err
}

// loanDays writes the days that the runs work on. In the second version an object
// is corrected, one has lost its rejects, one brings late rows, and one is new.
func loanDays(t *testing.T, dir string, version int) {
	t.Helper()
	for day := range 5 + version {
		var b strings.Builder
		b.WriteString("Loan No,lent_on,lent_at,desk,reader,book_no,fee\n")
		date := fmt.Sprintf("2025-05-%02d", day+1)
		for i := range 120 {
			fee := fmt.Sprintf("%d.%02d", i%50, i%100)
			if i%60 == 0 && (version == 1 || day != 2) {
				fee = "99"
			}
			fmt.Fprintf(&b, "L%d-%d,%s,%s 09:%02d:00,desk %d,reader,B%d,%s\n", day, i, date, date, i%60, i%3, i%2, fee)
		}
		if version == 2 && day == 1 {
			b.WriteString("L1-0,2025-05-02,2025-05-02 12:00:00,desk 9,reader,B1,1.00\n")
		}
		if version == 2 && day == 4 {
			b.WriteString("late,2025-05-01,2025-05-01 12:00:00,desk 9,reader,B1,1.00\n")
		}
		if version == 2 && day == 6 { // a reject without a date, in an object that the first batches do not land
			b.WriteString(",,,,,,\n")
		}
		writeFile(t, filepath.Join(dir, "raw", "loans", date+".csv"), b.String())
	}
	writeFile(t, filepath.Join(dir, "raw", "books", "books.csv"), fmt.Sprintf("book_no,title,shelf\nB0,Emma,A%d\nB1,Ivanhoe,\n", version))
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// readable are the digests of what readers of the lake find.
func readable(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, root)
		if err != nil || d.IsDir() || strings.HasPrefix(name, "/_ledger/") || strings.HasPrefix(name, "/_staging/") {
			return err
		}
		data, err := os.ReadFile(path)
		files[name] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// accounts is what the ledger says of objects and units, without who made them when
// and what a file system says of the objects.
func accounts(t *testing.T, root string) string {
	t.Helper()
	l, err := ledger.Open(t.Context(), lake.NewDirectory(root), "library", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := l.State()
	for _, objects := range s.Objects {
		for key, o := range objects {
			o.ModTime, o.Inode, o.Seen = time.Time{}, 0, ""
			objects[key] = o
		}
	}
	for _, units := range s.Units {
		for name, u := range units {
			u.Run, u.At, u.First = "", time.Time{}, time.Time{}
			units[name] = u
		}
	}
	text, err := json.MarshalIndent(map[string]any{"objects": s.Objects, "units": s.Units, "verdicts": s.Verdicts}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// loanSite is a published lake with the input that a run finds next.
type loanSite struct {
	project *model.Project
	first   string            // directory of the published lake, with the first input
	old     map[string]string // digests before
	books   string            // accounts after an undisturbed run
}

func newLoanSite(t *testing.T) *loanSite {
	t.Helper()
	s := &loanSite{first: t.TempDir()}
	var err error
	if s.project, err = libraryProject(t.Context()); err != nil {
		t.Fatal(err)
	}
	loanDays(t, s.first, 1)
	s.run(t, s.first)
	s.old = readable(t, filepath.Join(s.first, "lake"))
	second := s.site(t)
	s.run(t, second)
	s.books = accounts(t, filepath.Join(second, "lake"))
	gone := "/_rejects/raw_loans/year=2025/month=5/day=3/part-0000.parquet"
	if want := readable(t, filepath.Join(second, "lake")); s.old[gone] == "" || want[gone] != "" {
		t.Errorf("%s: before %q, afterwards %q, and should be gone", gone, s.old[gone], want[gone])
	}
	return s
}

// run is an undisturbed run.
func (s *loanSite) run(t *testing.T, dir string) {
	t.Helper()
	if err := (lending{dir: dir, project: s.project}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// site is a copy of the published lake with the next input.
func (s *loanSite) site(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "site")
	if err := os.CopyFS(dir, os.DirFS(s.first)); err != nil {
		t.Fatal(err)
	}
	loanDays(t, dir, 2)
	return dir
}
