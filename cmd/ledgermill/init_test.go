package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

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

// TestInitLeavesWhatS3ToolsShare takes a store's place from the variables that other
// tools use: the file that init writes names these settings, and leaves them empty.
func TestInitLeavesWhatS3ToolsShare(t *testing.T) {
	t.Parallel()
	files, err := builtinFiles()
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Options{FS: fstest.MapFS{config.FileName: {Data: files[config.FileName]}},
		Env: []string{"AWS_ENDPOINT_URL=https://minio.example", "AWS_REGION=eu-central-1", "AWS_CA_BUNDLE=/etc/ca.pem", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []config.S3{c.InputS3(), c.LakeS3()} {
		if got := []string{s.Endpoint, s.Region, s.CAFile, s.AccessKey.Reveal()}; !slices.Equal(got, []string{"https://minio.example", "eu-central-1", "/etc/ca.pem", "a"}) {
			t.Errorf("%s: %q", s.Section, got)
		}
	}
}
