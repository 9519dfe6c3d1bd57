package check_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"ledgermill/engine/check"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
)

var update = flag.Bool("update", false, "rewrite the wanted parts of testdata")

func run(t testing.TB, files fs.FS, selection string) *check.Result {
	t.Helper()
	return runWith(t, check.Options{Options: model.Options{FS: files}, Select: selection})
}

// runWith checks with a real DuckDB.
func runWith(t testing.TB, o check.Options) *check.Result {
	t.Helper()
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := judge.Close(); err != nil {
			t.Error(err)
		}
	}()
	binder, err := duckdb.NewBinder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := binder.Close(); err != nil {
			t.Error(err)
		}
	}()
	o.Judge, o.Binder = judge, binder
	r, err := check.Files(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sound(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("testdata/project")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func printed(t testing.TB, r *check.Result) string {
	t.Helper()
	r.Took = 0
	var out strings.Builder
	if err := r.Text(&out, 80); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestSoundProject: what the mistakes are made in has none.
func TestSoundProject(t *testing.T) {
	t.Parallel()
	if got := printed(t, run(t, sound(t), "")); !strings.HasPrefix(got, "2 contracts, 2 models, 3 tests, 0 unit tests, 1 data tests, 1 queries: no faults (0.00 s)") {
		t.Errorf("got\n%s", got)
	}
}

// TestMistakes makes the mistakes that people make, one by one, and compares what is
// said of each.
func TestMistakes(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d cases: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := sound(t)
			for _, f := range archive.Files {
				if f.Name != "want" {
					files[f.Name] = &fstest.MapFile{Data: f.Data}
				}
			}
			r := run(t, files, "")
			if len(r.Findings) == 0 {
				t.Errorf("nothing is found")
			}
			got := printed(t, r)
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *update {
				if i < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: "want"})
					i = len(archive.Files) - 1
				}
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 {
				t.Fatalf("no want in %s; got\n%s", path, got)
			}
			if diff := cmp.Diff(string(archive.Files[i].Data), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestHandbook: an example of the handbook is one to follow, on either engine.
func TestHandbook(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, b := range regexp.MustCompile("(?ms)^```sql (\\S+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		files[b[1]] = &fstest.MapFile{Data: []byte(b[2])}
	}
	for _, engine := range []string{"", check.Spark} {
		r := runWith(t, check.Options{Options: model.Options{FS: files}, Engine: engine})
		for _, f := range r.Findings {
			t.Errorf("%q: %s:%d:%d: %s: %s", engine, f.File, f.Line, f.Column, f.Rule, f.Message)
		}
	}
	if len(files) < 10 {
		t.Errorf("%d files", len(files))
	}
}

// TestBank: the project that ships is an example to others.
func TestBank(t *testing.T) {
	t.Parallel()
	r := run(t, os.DirFS("../.."), "")
	for _, f := range r.Findings {
		t.Errorf("%s:%d:%d: %s: %s", f.File, f.Line, f.Column, f.Rule, f.Message)
	}
	fmt.Fprintln(t.Output(), printed(t, r))
}
