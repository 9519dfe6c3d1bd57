package result_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/bench/result"
)

func example() *result.Result {
	return &result.Result{
		Schema: result.Schema, Commit: "0123abc", Started: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC), Command: "ledgermill bench run",
		Machine:  result.Machine{CPU: "a CPU", Cores: 2, Memory: 1 << 34, Disk: "ext4", Kernel: "linux"},
		Versions: []result.Pair{{Name: "go", Value: "go1.26"}}, Seed: 42, Data: "ab", Budget: 600,
		Suites: []result.Suite{{Name: "ladder", Answers: "what gave it?", Cases: []result.Case{
			{Name: "naive", Answers: "the naive pipeline", Wanted: 10, Warmups: 1, Samples: []result.Sample{
				{Wall: 2, CPU: 1.5, PeakRSS: 1 << 20, Rows: 3, Read: 5, Written: 7, BlocksHit: 1, BlocksRead: 2, Hash: "cd",
					Stages: []result.Stage{{Name: "read", Wall: 1}}}}},
			{Name: "copy", Wanted: 10, Parameters: []result.Pair{{Name: "rows", Value: "3"}}, Skipped: "the budget had ended",
				Against: []result.Comparison{{Kind: result.Naive, Case: "naive"}}},
		}}},
	}
}

func TestResultKeepsEverything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.json")
	want := example()
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := result.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s := got.Suite("ladder")
	if !s.Case("naive").Counts() || s.Case("copy").Counts() {
		t.Error("the naive case counts, the skipped one does not")
	}
	if c := s.Case("copy"); c.Parameter("rows") != "3" || c.Baseline(result.Naive) != "naive" || c.Baseline(result.Peer) != "" {
		t.Errorf("%+v", c)
	}
	if got.Suite("none") != nil || s.Case("none") != nil {
		t.Error("what is not there was found")
	}
	if s.Case("naive").Samples[0].Blocks() != 3 {
		t.Error("blocks")
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.json")
	if err := example().Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown key", `"rows": 3`, `"rows": 3, "colour": "red"`, `unknown field "colour"`},
		{"another schema", `"schema": 1`, `"schema": 7`, "schema 7"},
		{"no JSON", `"schema"`, `schema`, "invalid character"},
		{"two of a name", `"name": "copy"`, `"name": "naive"`, `two cases of ladder are named "naive"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			changed := filepath.Join(t.TempDir(), "bench.json")
			if err := os.WriteFile(changed, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := result.Read(changed)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			var schema *result.SchemaError
			if errors.As(err, &schema) && schema.Try() == "" {
				t.Error("no remedy")
			}
		})
	}
}

func TestWriteLeavesNothingBehindWhenItFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "bench.json")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := example().Write(path); err == nil {
		t.Fatal("a directory was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v: %v", entries, err)
	}
}
