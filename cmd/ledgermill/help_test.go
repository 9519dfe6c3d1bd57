package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"ledgermill/engine"
)

// typed runs the program in this process.
func typed(ctx context.Context, args ...string) (exit int, stdout, stderr string) {
	var out, err bytes.Buffer
	exit = run(ctx, append([]string{"ledgermill"}, args...), nil, strings.NewReader(""), &out, &err)
	return exit, out.String(), err.String()
}

// TestHelp compares the help of every command with testdata/help.
func TestHelp(t *testing.T) {
	t.Parallel()
	paths := [][]string{nil}
	var add func(path []string, commands []*cli.Command)
	add = func(path []string, commands []*cli.Command) {
		for _, c := range commands {
			own := append(slices.Clone(path), c.Name)
			paths = append(paths, own)
			add(own, c.Subcommands)
		}
	}
	add(nil, (&app{}).command().Commands)
	kept := map[string]bool{}
	for _, path := range paths {
		exit, got, complaints := typed(t.Context(), append(slices.Clone(path), "--help")...)
		if exit != engine.ExitDone || complaints != "" {
			t.Errorf("%v --help: exit %d, %s", path, exit, complaints)
		}
		name := strings.Join(append([]string{"ledgermill"}, path...), "-") + ".txt"
		kept[name] = true
		golden(t, filepath.Join("testdata", "help", name), got)
		if _, again, _ := typed(t.Context(), append([]string{"help"}, path...)...); len(path) < 2 && again != got {
			t.Errorf("help %v and %v --help differ:\n%s", path, path, cmp.Diff(again, got))
		}
	}
	entries, err := os.ReadDir(filepath.Join("testdata", "help"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !kept[e.Name()] {
			t.Errorf("%s is the help of no command", e.Name())
		}
	}
}

// golden compares a text with a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}
