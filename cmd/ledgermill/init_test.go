package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/config"
)

// TestRootSettings holds the settings of the repository's own project, and what editors
// know of them, against what init writes.
func TestRootSettings(t *testing.T) {
	t.Parallel()
	files, err := builtinFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{config.FileName, config.SchemaFile} {
		path := filepath.Join("..", "..", filepath.FromSlash(name))
		if *update {
			if err := os.WriteFile(path, files[name], 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(files[name]), string(got)); d != "" {
			t.Errorf("%s (-as init writes it +as it is):\n%s", name, d)
		}
	}
}

// TestFirstEditCountsFiles: the transcript that is the first thing a reader sees has as
// many files as init writes now; with another number it is to be taken anew.
func TestFirstEditCountsFiles(t *testing.T) {
	t.Parallel()
	files, err := builtinFiles()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/first-edit.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\nwrote %d files to bank\n", len(files)); !strings.Contains(string(text), want) {
		t.Errorf("docs/first-edit.md does not say %q", want)
	}
}
