package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/bench/report"
	"ledgermill/bench/result"
)

var update = flag.Bool("update", false, "write the reports of testdata anew")

// sample is the result that the tests report on.
func sample(t *testing.T) *result.Result {
	t.Helper()
	r, err := result.Read(filepath.Join("testdata", "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReport compares the whole report with testdata/golden.
func TestReport(t *testing.T) {
	t.Parallel()
	d, err := report.Of(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	dir, wanted := t.TempDir(), filepath.Join("testdata", "golden")
	if *update {
		if err := os.RemoveAll(wanted); err != nil {
			t.Fatal(err)
		}
		dir = wanted
	}
	if _, err := d.Write(dir, "report"); err != nil {
		t.Fatal(err)
	}
	want, got := files(t, wanted), files(t, dir)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// files are the files below a directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
