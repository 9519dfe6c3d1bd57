package records

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hostile = "../../../shared/data/hostile/"

func readHostile(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{hostile}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func hostileFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(hostile + pattern)
	if err != nil || len(files) == 0 {
		t.Skipf("%s is absent", hostile+pattern)
	}
	return files
}

// pollockDialect is what a contract would say of the file: its parameters, as
// far as a contract can.
func pollockDialect(t *testing.T, name string) Dialect {
	t.Helper()
	var p struct {
		Delimiter, Quotechar, Escapechar string
		Preamble                         int      `json:"preamble_lines"`
		Header                           int      `json:"header_lines"`
		Columns                          int      `json:"n_columns"`
		Names                            []string `json:"column_names"`
	}
	if err := json.Unmarshal(readHostile(t, "pollock/parameters", name+"_parameters.json"), &p); err != nil {
		t.Fatal(err)
	}
	first := func(text string) byte { return append([]byte(text), 0)[0] }
	d := Dialect{Delimiter: first(p.Delimiter), Quote: first(p.Quotechar), Escape: first(p.Escapechar), NoHeader: p.Header == 0, Columns: max(p.Columns, 1)}
	if strings.Contains(name, "0xD") {
		d.NewLine = '\r' // git made LF of every other line end
	}
	if p.Preamble > 0 {
		d.HeaderWithin = p.Preamble + 1
		d.IsHeader = func(fields []string) bool { return slices.Equal(fields, p.Names) }
	}
	return d
}

// pollockOutcome scans one file and holds its good records against the clean
// answer.
func pollockOutcome(t *testing.T, name string) (outcome string, detail string) {
	t.Helper()
	d := pollockDialect(t, name)
	text := readHostile(t, "pollock/csv", name)
	var clean bytes.Buffer
	rep, err := Copy(t.Context(), &clean, bytes.NewReader(text), d, nil)
	if err != nil {
		return "refused", err.Error()
	}
	want := parseCSV(t, readHostile(t, "pollock/clean", name))
	if !d.NoHeader && len(want) > 0 {
		want = want[1:]
	}
	good := refer(clean.String(), bare(d), MaxRecord).good
	if int64(len(good)) != rep.Good() {
		t.Fatalf("%s: %d good records in the copy, %d counted", name, len(good), rep.Good())
	}
	wrong, at := 0, 0
	for _, record := range good { // in order, each once
		next := slices.IndexFunc(want[at:], func(w []string) bool { return slices.Equal(w, record) })
		if next < 0 {
			wrong++
			continue
		}
		at += next + 1
	}
	detail = fmt.Sprintf("%d good, %d rejected %s, of %d", rep.Good(), rep.Broken(), reasons(rep), len(want))
	switch {
	case wrong == 0 && len(good) == len(want):
		return "exact", detail
	case wrong == 0 && int64(len(good))+rep.Broken() >= int64(len(want)):
		return "rejected", detail
	}
	return "wrong", fmt.Sprintf("%s; %d good records that are none", detail, wrong)
}

func reasons(rep Report) string {
	if rep.Bad == nil {
		return ""
	}
	return strings.TrimPrefix(fmt.Sprint(rep.Bad), "map")
}

func parseCSV(t *testing.T, text []byte) [][]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPollock scores the scanner alone. Of the records that it takes though
// they are none, in files of several tables or header lines, each has a text in
// the place of a number or date, which the contract's types refuse.
func TestPollock(t *testing.T) {
	t.Parallel()
	score := map[string]int{}
	for _, file := range hostileFiles(t, "pollock/csv/*.csv") {
		name := filepath.Base(file)
		outcome, detail := pollockOutcome(t, name)
		score[outcome]++
		t.Logf("%-9s %-42s %s", outcome, name, detail)
		typed := slices.Contains([]string{"file_header_multirow_2.csv", "file_header_multirow_3.csv", "file_multitable_same.csv"}, name)
		if outcome == "wrong" && !typed {
			t.Errorf("%s comes out wrong: %s", name, detail)
		}
	}
	t.Logf("score: %d exact, %d with their bad records rejected, %d refused, %d left to the types", score["exact"], score["rejected"], score["refused"], score["wrong"])
}

func TestCSVSpectrum(t *testing.T) {
	t.Parallel()
	for _, file := range hostileFiles(t, "csv_spectrum/csvs/*.csv") {
		name := strings.TrimSuffix(filepath.Base(file), ".csv")
		var want []map[string]string
		if err := json.Unmarshal(readHostile(t, "csv_spectrum/json", name+".json"), &want); err != nil {
			t.Fatal(err)
		}
		var clean bytes.Buffer
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := Copy(t.Context(), &clean, bytes.NewReader(text), RFC4180(), nil)
		if err != nil || rep.Broken() > 0 {
			t.Fatalf("%s: %v, %v", name, rep.Bad, err)
		}
		var got []map[string]string
		for _, record := range refer(clean.String(), RFC4180(), MaxRecord).good {
			fields := map[string]string{}
			for i, field := range record {
				fields[rep.Header[i]] = field
			}
			got = append(got, fields)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestDuckDBRejects reads the cases that DuckDB's own rejects are tested with:
// of each, DuckDB finds the good records and no other.
func TestDuckDBRejects(t *testing.T) {
	t.Parallel()
	d := openDuck(t)
	files := append(hostileFiles(t, "duckdb_csv_rejects/rejects/*.csv"), hostileFiles(t, "duckdb_csv_rejects/rejects/*/*.csv")...)
	good, bad := int64(0), int64(0)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, dialect := range []Dialect{RFC4180(), {Delimiter: ',', Quote: '"', NoHeader: true, Columns: 4}, {Delimiter: ';', Quote: '"', Escape: '\\'}} {
			rep, err := Scan(t.Context(), bytes.NewReader(text), dialect, nil)
			if err != nil {
				t.Logf("%s: %v", filepath.Base(file), err)
				continue
			}
			good, bad = good+rep.Good(), bad+rep.Broken()
			d.check(t, string(text), dialect)
		}
	}
	t.Logf("%d files in three dialects: %d good records, %d bad", len(files), good, bad)
}
