package monitor_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/sql"
	"ledgermill/warehouse/monitor"
	"ledgermill/warehouse/warehousetest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

func TestMain(m *testing.M) { os.Exit(warehousetest.Main(m)) }

// theViews are those that the program carries.
func theViews(t testing.TB) []monitor.View {
	t.Helper()
	views, err := monitor.ReadViews(subFS(t, sql.FS, "monitor"))
	if err != nil {
		t.Fatal(err)
	}
	return views
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func subFS(t testing.TB, files fs.FS, dir string) fs.FS {
	t.Helper()
	sub, err := fs.Sub(files, dir)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}
