package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ledgermill/engine"
)

// TestNewContract: a draft goes to stdout or a file, what it saw to stderr; where a
// sample allows two readings and nobody can be asked, the call ends and names them.
func TestNewContract(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain, twice, strange := filepath.Join(dir, "cards_2025-01-31.csv"), filepath.Join(dir, "days.csv"), filepath.Join(dir, "cities.csv")
	for path, text := range map[string]string{plain: "id,day,amount\n1,2025-01-31,1.50\n2,2025-01-31,2.50\n", twice: "id,day\n1,03/04/2025\n", strange: "name,city\nx,y\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output := filepath.Join(dir, "sql", "contracts", "raw_cards.sql")
	for _, c := range []struct {
		args           []string
		exit           int
		stdout, stderr string
	}{
		{[]string{plain}, engine.ExitDone, "-- objects: cards_*.csv{,.gz,.zst}\n", "key: id"},
		{[]string{"--name", "events", plain}, engine.ExitDone, "create or replace table raw_events (", "control total: sum(amount)"},
		{[]string{plain, "--output", output}, engine.ExitDone, "", "wrote " + output},
		{[]string{plain, "--output", output}, engine.ExitUsage, "", "exists"},
		{[]string{plain, "--output", "cards.sql"}, engine.ExitUsage, "", "raw_<feed>.sql"},
		{[]string{twice}, engine.ExitUsage, "", "%d/%m/%Y or %m/%d/%Y\ntry: "},
		{[]string{twice, "--yes"}, engine.ExitDone, "\n-- Nobody chose this: day: every 03/04/2025 fits both", "--yes takes %d/%m/%Y"},
		{[]string{plain, strange}, engine.ExitUsage, "", "looks like another feed"},
		{[]string{filepath.Join(dir, "absent.csv")}, engine.ExitFailed, "", "open sample"},
		{nil, engine.ExitUsage, "", "needs samples"},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"ledgermill", "new", "contract"}, c.args...)
		exit := run(t.Context(), args, nil, strings.NewReader(""), &stdout, &stderr)
		if exit != c.exit || !strings.Contains(stdout.String(), c.stdout) || c.stdout == "" && stdout.Len() > 0 || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%q: exit %d, want %d\nstdout %s\nstderr %s", c.args, exit, c.exit, &stdout, &stderr)
		}
	}
}
