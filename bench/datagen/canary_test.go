package datagen

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCanary: the canary is in every private field of every customer, and the private
// fields are those of the contract.
func TestCanary(t *testing.T) {
	t.Parallel()
	contract, err := os.ReadFile(filepath.Join("..", "..", "sql", "contracts", "raw_customers.sql"))
	if err != nil {
		t.Fatal(err)
	}
	_, private, _ := strings.Cut(string(contract), "\n-- private: ")
	private, _, _ = strings.Cut(private, "\n")
	if d := cmp.Diff(strings.Split(private, ", "), PrivateColumns()); d != "" {
		t.Errorf("the contract's private columns (-contract +generator):\n%s", d)
	}
	dir := t.TempDir()
	o := Defaults(time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC))
	o.Output, o.RowsPerDay, o.Canary = Directory(dir), 100, "Zebra7"
	if _, err := Generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, customersKey))
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(strings.TrimSpace(customersHeader), ",")
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	if len(lines) != 100 {
		t.Errorf("%d customers", len(lines))
	}
	for _, line := range lines {
		for i, field := range splitLine(line) {
			if has := strings.Contains(strings.ToLower(field), "zebra"); has != slices.Contains(PrivateColumns(), names[i]) {
				t.Fatalf("%s of %s: a canary is %t", names[i], line, has)
			}
		}
	}
	o.Canary = "Zebra 7"
	if _, err := Generate(t.Context(), o); err == nil || !strings.Contains(err.Error(), "canary") {
		t.Errorf("a canary with a blank: %v", err)
	}
}
