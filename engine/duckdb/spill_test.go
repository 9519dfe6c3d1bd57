package duckdb_test

import (
	"os"
	"path/filepath"
	"testing"

	"ledgermill/engine/duckdb"
)

// TestSpillDirectories opens engines on one directory: each has its own, those of
// engines that were killed are removed, and nothing else is.
func TestSpillDirectories(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	dead := filepath.Join(shared, "ledgermill-1")
	others := filepath.Join(shared, "somebody.else")
	for _, dir := range []string{dead, others} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dead+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *duckdb.Engine {
		e, err := duckdb.Open(t.Context(), duckdb.Settings{Work: t.TempDir(), Spill: shared})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first, second := open(), open()
	entries, err := filepath.Glob(filepath.Join(shared, "*"))
	if err != nil || len(entries) != 5 {
		t.Errorf("two engines keep %v, %v; want a directory and a lock each, and somebody else's", entries, err)
	}
	for _, e := range []*duckdb.Engine{first, second} {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if entries, err = filepath.Glob(filepath.Join(shared, "*")); err != nil || len(entries) != 1 || entries[0] != others {
		t.Errorf("closed, they leave %v, %v", entries, err)
	}
}
