package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"ledgermill/engine"
)

// TestBenchInterruptedAtOnce: a run of the bench that ends before its first sample leaves
// the samples of another one where they are.
func TestBenchInterruptedAtOnce(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ledgermill"); err != nil {
		t.Skip("the tests' own main puts the program into the path")
	}
	output := filepath.Join(t.TempDir(), "bench.json")
	if err := os.WriteFile(output, []byte("of two hours"), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, out := signalled(t, syscall.SIGINT, "data: 100000 rows a day, 1 days", "ledgermill", "bench", "run", "storage/csv", "--rows", "100000", "--days", "1", "--dir", t.TempDir(), "--output", output)
	text, err := os.ReadFile(output)
	if err != nil || string(text) != "of two hours" || exit != engine.ExitInterrupted {
		t.Errorf("%v, exit %d, %d bytes of samples\n%s", err, exit, len(text), out)
	}
}
