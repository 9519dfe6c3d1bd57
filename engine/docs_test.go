package engine_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

var (
	fence       = regexp.MustCompile("(?ms)^```(\\S[^\n]*)\n(.*?)^```$")
	createTable = regexp.MustCompile(`(?m)^create (?:or replace )?table raw_([a-z0-9_]+)`)
)

// TestDocs runs the objects of docs/contracts.md that are no CSV, each by the contract
// above it: what comes of them is what the block below says.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/contracts.md")
	if err != nil {
		t.Fatal(err)
	}
	contract, ran := "", 0
	blocks := fence.FindAllStringSubmatch(string(text), -1)
	for i, b := range blocks {
		kind, key, _ := strings.Cut(b[1], " ")
		switch kind {
		case "sql":
			contract = b[2]
		case "json", "parquet":
			ran++
			if d := cmp.Diff(blocks[i+1][2], documented(t, contract, kind, key, b[2])); d != "" {
				t.Errorf("%s (-docs +run):\n%s", key, d)
			}
		}
	}
	if ran < 4 {
		t.Errorf("%d objects", ran)
	}
}

// documented runs one object and prints what comes of it.
func documented(t *testing.T, contract, kind, key, text string) string {
	t.Helper()
	name := createTable.FindStringSubmatch(contract)[1]
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_" + name + ".sql": &fstest.MapFile{Data: []byte("-- about: of the handbook\n" + contract)},
		"sql/models/" + name + ".sql":        &fstest.MapFile{Data: []byte("-- publish: whole\nselect device, city, price, seen from raw_" + name + "\n")},
	})
	if kind == "json" {
		b.write(key, text)
	} else {
		parquetFile(t, b, key, text)
	}
	b.run(engine.Selection{})
	if refused := b.open(false).State().Objects["raw_"+name][key].Refused; refused != nil {
		return "refused: " + refused.Reason + ": " + refused.Detail + "\n"
	}
	var lines []string
	for _, row := range lakeRows(t, b, "select coalesce(columns(*)::varchar, 'null') from "+name+" order by all") {
		lines = append(lines, strings.Join(row, " | "))
	}
	files, err := filepath.Glob(filepath.Join(b.lake, "_rejects", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, row := range lakeRows(t, b, "select reasons from '"+file+"'") {
			lines = append(lines, "rejected: "+strings.ReplaceAll(row[0], ",", ", "))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
