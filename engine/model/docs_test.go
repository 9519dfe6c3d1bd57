package model_test

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/model"
)

const handbook = "../../docs/models.md"

var fence = regexp.MustCompile("(?ms)^```(\\S[^\n]*)\n(.*?)^```$")

// TestDocs loads the files of docs/models.md as one project and runs its unit tests.
// What is said to be at fault is, beside the others, and in the words below it.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(handbook)
	if err != nil {
		t.Fatal(err)
	}
	blocks := fence.FindAllStringSubmatch(string(text), -1)
	files, wrong := fstest.MapFS{}, map[string]string{}
	for i, b := range blocks {
		kind, name, _ := strings.Cut(b[1], " ")
		wrongName, fault := strings.CutPrefix(name, "fault ")
		switch {
		case kind == "text":
		case kind != "sql" || !strings.HasSuffix(name, ".sql"):
			t.Errorf("a block of %q, which nothing proves", b[1])
		case !fault:
			files[name] = file(b[2])
		case i+1 == len(blocks) || blocks[i+1][1] != "text":
			t.Errorf("%s: nothing is said of what is wrong", wrongName)
		default:
			with := maps.Clone(files)
			with[wrongName] = file(b[2])
			_, binder, err := load(t, with, nil)
			wrong[wrongName] = printed(t.Context(), nil, binder, err)
			if diff := cmp.Diff(blocks[i+1][2], wrong[wrongName]); err != nil && diff != "" {
				t.Errorf("%s (-docs +check):\n%s", wrongName, diff)
			} else if err == nil {
				t.Errorf("%s has no fault", wrongName)
			}
		}
	}
	p, binder, err := load(t, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range p.UnitTests {
		if result, err := p.RunUnitTest(t.Context(), binder, u); err != nil || !result.Passed() {
			t.Errorf("%s: %v, missing %v, unexpected %v", u.Name, err, result.Missing, result.Unexpected)
		}
	}
	if len(p.Models) < 5 || len(p.UnitTests) < 4 || len(p.Queries) < 1 || len(wrong) < 2 {
		t.Errorf("too few: %d models, %d unit tests, %d queries, %d with faults", len(p.Models), len(p.UnitTests), len(p.Queries), len(wrong))
	}
}

// TestDocsNameEveryDirective holds the handbook against the words that are read.
func TestDocsNameEveryDirective(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(handbook)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range model.OwnWords() {
		if !regexp.MustCompile(`(?m)^\| ` + "`" + word + `[ :]`).Match(text) {
			t.Errorf("no row of the table is about `%s`", word)
		}
	}
}
