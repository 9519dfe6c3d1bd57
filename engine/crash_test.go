package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

var (
	kills     = flag.Int("kills", 20, "how many runs TestCrash kills")
	crashSeed = flag.Uint64("crash.seed", 1, "which moments TestCrash kills at")
)

// crashChild is the variable that says which run TestCrashChild is for, as JSON.
const crashChild = "LEDGERMILL_CRASH_CHILD"

// crashing is a run in a process of its own. It kills itself right before or right
// after its Step-th call that changes the lake; 0: it is killed from outside, or
// not at all.
type crashing struct {
	Dir   string
	Step  int64
	After bool
	Fail  bool // the call fails, and the process goes on

	Bucket *crashBucket // nil: both sides are directories in Dir

	project *model.Project              // nil: it is loaded
	input   func(lake.Store) lake.Store // wraps the input; nil: it is as it is
}

var errCable = errors.New("the cable is out")

// fatal is a lake whose process dies at one of its writes.
type fatal struct {
	lake.Store
	crashing
	calls atomic.Int64
}

func (f *fatal) around(write func() error) error {
	if f.calls.Add(1) != f.Step {
		return write()
	}
	var err error
	if f.After {
		err = write()
	}
	if f.Fail {
		return errors.Join(errCable, err)
	}
	die()
	return nil
}

func die() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {}
}

func (f *fatal) Stage(ctx context.Context, key, path string) (u lake.Upload, err error) {
	err = f.around(func() (err error) { u, err = f.Store.Stage(ctx, key, path); return err })
	return u, err
}

func (f *fatal) Create(ctx context.Context, key string, data []byte) error {
	return f.around(func() error { return f.Store.Create(ctx, key, data) })
}

func (f *fatal) Complete(ctx context.Context, u lake.Upload) (o lake.Object, err error) {
	err = f.around(func() (err error) { o, err = f.Store.Complete(ctx, u); return err })
	return o, err
}

func (f *fatal) Put(ctx context.Context, key string, data []byte) error {
	return f.around(func() error { return f.Store.Put(ctx, key, data) })
}

func (f *fatal) Remove(ctx context.Context, key string) error {
	return f.around(func() error { return f.Store.Remove(ctx, key) })
}

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

// run runs the library's project in Dir and returns how many writes it took.
func (c crashing) run(ctx context.Context) (writes int64, err error) {
	if c.project == nil {
		if c.project, err = libraryProject(ctx); err != nil {
			return 0, err
		}
	}
	input, root, err := c.stores()
	if err != nil {
		return 0, err
	}
	if err := root.Prepare(ctx); err != nil {
		return 0, err
	}
	id := engine.NewRun()
	work, err := root.StagingDir(id)
	if err != nil {
		return 0, err
	}
	settings := duckdb.Settings{MemoryLimit: 256_000_000, Threads: 1, Work: work}
	reading := c.reach(&settings, input, root)
	duck, err := duckdb.Open(ctx, settings)
	if err != nil {
		return 0, err
	}
	// The budget holds two objects of the input, so that a run lands them in pieces.
	store := &fatal{Store: root, crashing: c}
	if c.input != nil {
		input = c.input(input)
	}
	m, err := engine.Open(ctx, engine.Options{Project: c.project, Name: "library", Input: input, Lake: store, Engine: duck, Work: work, BatchDays: 2,
		Budget: 16 << 10, Run: id, Command: "run", Program: "test", Reading: reading}, true)
	if err != nil {
		return 0, errors.Join(err, duck.Close())
	}
	report, err := m.Execute(ctx, engine.Selection{})
	err = errors.Join(err, m.Close(), duck.Close())
	if err == nil && report.Exit != engine.ExitDone {
		err = fmt.Errorf("exit %d: %v", report.Exit, report.Verdicts)
	}
	return store.calls.Load(), err
}

// TestCrashChild is the process that TestCrash kills.
func TestCrashChild(t *testing.T) {
	spec := os.Getenv(crashChild)
	if spec == "" {
		t.Skip("a part of TestCrash")
	}
	var c crashing
	if err := json.Unmarshal([]byte(spec), &c); err != nil {
		t.Fatal(err)
	}
	if _, err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// process starts the run in a process and kills it after a while, unless it does so
// itself; it reports whether the process was killed.
func (c crashing) process(t *testing.T, after time.Duration) bool {
	t.Helper()
	spec, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), crashChild+"="+string(spec))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err = cmd.Wait()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || err != nil && !status.Signaled() {
		t.Fatalf("%+v: %v\n%s", c, err, out.String())
	}
	return status.Signaled()
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
			u.Run, u.At = "", time.Time{}
			units[name] = u
		}
	}
	text, err := json.MarshalIndent(map[string]any{"objects": s.Objects, "units": s.Units, "verdicts": s.Verdicts}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// crashSite is a published lake, the input that a run finds next, and what an
// undisturbed run makes of it.
type crashSite struct {
	project   *model.Project
	first     string            // directory of the published lake, with the first input
	old, want map[string]string // digests before and after
	books     string            // accounts after
	writes    int               // to the lake, of an undisturbed run
	took      time.Duration
}

func newCrashSite(t *testing.T) *crashSite {
	t.Helper()
	s := &crashSite{first: t.TempDir()}
	var err error
	if s.project, err = libraryProject(t.Context()); err != nil {
		t.Fatal(err)
	}
	loanDays(t, s.first, 1)
	s.run(t, s.first)
	s.old = readable(t, filepath.Join(s.first, "lake"))
	second := s.site(t)
	began := time.Now()
	s.writes = s.run(t, second)
	s.took = time.Since(began)
	s.want, s.books = readable(t, filepath.Join(second, "lake")), accounts(t, filepath.Join(second, "lake"))
	gone := "/_rejects/raw_loans/year=2025/month=5/day=3/part-0000.parquet"
	if s.old[gone] == "" || s.want[gone] != "" {
		t.Errorf("%s: before %q, afterwards %q, and should be gone", gone, s.old[gone], s.want[gone])
	}
	if s.writes < 20 || cmp.Equal(s.want, s.old) {
		t.Fatalf("%d files, before %d, by %d writes: too little to disturb", len(s.want), len(s.old), s.writes)
	}
	return s
}

// run is an undisturbed run; it returns the number of its writes.
func (s *crashSite) run(t *testing.T, dir string) int {
	t.Helper()
	writes, err := crashing{Dir: dir, project: s.project}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(writes)
}

// site is a copy of the published lake with the next input.
func (s *crashSite) site(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "site")
	if err := os.CopyFS(dir, os.DirFS(s.first)); err != nil {
		t.Fatal(err)
	}
	loanDays(t, dir, 2)
	return dir
}

// either checks that every file is as it was or as it will be.
func (s *crashSite) either(t *testing.T, dir string) {
	t.Helper()
	now := readable(t, filepath.Join(dir, "lake"))
	for name, digest := range now {
		if digest != s.old[name] && digest != s.want[name] {
			t.Errorf("%s is neither the old nor the new one", name)
		}
	}
	for name := range s.old {
		if _, stays := s.want[name]; stays && now[name] == "" {
			t.Errorf("%s is gone", name)
		}
	}
}

// repaired runs once more and compares with the undisturbed run.
func (s *crashSite) repaired(t *testing.T, dir string) {
	t.Helper()
	s.run(t, dir)
	root := filepath.Join(dir, "lake")
	if d := cmp.Diff(s.want, readable(t, root)); d != "" {
		t.Errorf("files (-undisturbed +repaired):\n%s", d)
	}
	if d := cmp.Diff(s.books, accounts(t, root)); d != "" {
		t.Errorf("accounts (-undisturbed +repaired):\n%s", d)
	}
	staged, err := filepath.Glob(filepath.Join(root, "_staging", "*", "*"))
	if err != nil || staged != nil {
		t.Errorf("left in staging: %v, %v", staged, err)
	}
	if n := s.run(t, dir); n != 0 {
		t.Errorf("one more run wrote %d times", n)
	}
}

// TestCrash kills runs at their writes to the lake and at any moment. Readers find
// each file as it was or as it will be; the next run ends where an undisturbed one
// ends, to the byte and to the cent.
func TestCrash(t *testing.T) {
	t.Parallel()
	s := newCrashSite(t)
	random := rand.New(rand.NewPCG(*crashSeed, 0))
	steps := random.Perm(2 * s.writes)
	for i := range *kills {
		c, after := crashing{}, time.Duration(0)
		if at := i - i/4; i%4 == 3 || at >= len(steps) {
			after = time.Duration(random.Int64N(int64(2 * s.took)))
		} else {
			c.Step, c.After = int64(steps[at]/2+1), steps[at]%2 == 1
		}
		again := random.IntN(3) == 0
		t.Run(fmt.Sprintf("%d step %d after %t", i, c.Step, c.After), func(t *testing.T) {
			t.Parallel()
			c.Dir = s.site(t)
			if killed := c.process(t, after); !killed && after == 0 {
				t.Fatal("the run was not killed")
			}
			s.either(t, c.Dir)
			if again { // and the run that repairs it, too
				(crashing{Dir: c.Dir, Step: 3}).process(t, 0)
				s.either(t, c.Dir)
			}
			s.repaired(t, c.Dir)
		})
	}
}

// TestFailingWrites lets a write of a run fail, whether it was made or not: the run
// fails, and the next one ends where an undisturbed one ends.
func TestFailingWrites(t *testing.T) {
	t.Parallel()
	s := newCrashSite(t)
	random := rand.New(rand.NewPCG(*crashSeed, 1))
	steps := random.Perm(2 * s.writes)
	for _, step := range steps[:min(len(steps), 1+*kills/2)] {
		c := crashing{Step: int64(step/2 + 1), After: step%2 == 1, Fail: true, project: s.project}
		t.Run(fmt.Sprintf("step %d after %t", c.Step, c.After), func(t *testing.T) {
			t.Parallel()
			c.Dir = s.site(t)
			if _, err := c.run(t.Context()); !errors.Is(err, errCable) {
				t.Fatalf("error %v", err)
			}
			s.either(t, c.Dir)
			s.repaired(t, c.Dir)
		})
	}
}
