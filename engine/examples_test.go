package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ledgermill/engine"
)

// TestExamples runs the other projects of examples/ over real input, to the cent.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, contract string
		records        int64
		sum            string
		units          int
	}{
		{"anz", "raw_account_movements", 12_043, "2263284.2", 91},
		{"tabformer", "raw_card_events", 19_963, "1622991.69", 19},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := example(t, c.name, c.name, site{})
			report := b.run(engine.Selection{})
			if report.Exit != engine.ExitDone {
				t.Fatalf("exit %d: %v", report.Exit, report.Verdicts)
			}
			read, accepted := sumOf(b.open(false).State(), c.contract)
			if read.Records != c.records || read.Groups[0].Sums[0].String() != c.sum {
				t.Errorf("read %d records, %v; want %d, %s", read.Records, read.Groups, c.records, c.sum)
			}
			if d := report.Accounts[0].Lake.Difference(accepted); d != "" {
				t.Errorf("in the lake, and accepted: %s", d)
			}
			if n := len(madeUnits(report, c.contract)); n != c.units {
				t.Errorf("%d units, want %d", n, c.units)
			}
			if again := b.run(engine.Selection{}); !again.NothingToDo() {
				t.Errorf("a second run made %v", again.Units)
			}
		})
	}
}

// TestExamplesAreShort counts what it takes to run the mill on other people's tables:
// SQL and settings alone, and less than 60 lines of SQL.
func TestExamplesAreShort(t *testing.T) {
	t.Parallel()
	projects, err := os.ReadDir("../examples")
	if err != nil {
		t.Fatal(err)
	}
	if len(projects) < 7 {
		t.Errorf("%d examples", len(projects))
	}
	for _, project := range projects {
		files, lines := os.DirFS(filepath.Join("../examples", project.Name())), 0
		err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(files, path)
			switch filepath.Ext(path) {
			case ".sql":
				lines += strings.Count(strings.TrimSuffix(string(text), "\n"), "\n") + 1
			case ".json":
			default:
				t.Errorf("%s has %s, which is neither SQL nor settings", project.Name(), path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if lines == 0 || lines >= 60 {
			t.Errorf("%s has %d lines of SQL", project.Name(), lines)
		}
	}
}
