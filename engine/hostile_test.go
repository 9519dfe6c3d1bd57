package engine_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// hostileFile is a file of input that a small contract of its own reads.
type hostileFile struct {
	name    string // of contract (raw_<name>) and model
	key     string
	path    string
	csv     string // of the csv directive, "" for none
	more    string // further directives, each with its line end
	columns string // DDL of the columns and CHECKs
	names   []string
}

// outcome is what became of a hostile file.
type outcome struct {
	refused  *ledger.Refusal
	cell     ledger.Cell
	accepted [][]string // as published, sorted
}

// hostile runs all files in one project, each by its own contract.
func hostile(t *testing.T, files []hostileFile) map[string]outcome {
	t.Helper()
	return hostileBy(t, files, func(b *bench) { b.run(engine.Selection{}) })
}

// hostileBy is hostile by another way to run.
func hostileBy(t *testing.T, files []hostileFile, run func(*bench)) map[string]outcome {
	t.Helper()
	project := fstest.MapFS{}
	b := newBench(t, project)
	for _, f := range files {
		header := "-- about: hostile input\n"
		if f.csv != "" {
			header += "-- csv: " + f.csv + "\n"
		}
		header += f.more + "-- objects: " + f.key + "\n"
		project["sql/contracts/raw_"+f.name+".sql"] = &fstest.MapFile{Data: []byte(header + "create table raw_" + f.name + " (\n" + f.columns + "\n);\n")}
		project["sql/models/"+f.name+".sql"] = &fstest.MapFile{Data: []byte("-- publish: whole\nselect " + strings.Join(f.names, ", ") + " from raw_" + f.name + "\n")}
		data, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		b.write(f.key, string(data))
	}
	run(b)
	state := b.open(false).State()
	outcomes := map[string]outcome{}
	for _, f := range files {
		object := state.Objects["raw_"+f.name][f.key]
		o := outcome{refused: object.Refused}
		if unit, ok := state.Unit("raw_"+f.name, "whole"); ok && o.refused == nil {
			o.cell = ledger.Sum(unit.Cells)
			o.accepted = lakeRows(t, b, "select * from "+f.name)
			slices.SortFunc(o.accepted, slices.Compare)
		} else if o.refused == nil {
			t.Errorf("%s was neither read nor refused", f.key)
		}
		outcomes[f.name] = o
	}
	return outcomes
}

// textColumns are columns of text as a DDL.
func textColumns(names []string) string {
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = "  " + name + " varchar"
	}
	return strings.Join(lines, ",\n")
}

// TestCSVSpectrum: quoting and line ends, with the answers beside them.
func TestCSVSpectrum(t *testing.T) {
	t.Parallel()
	dir := shared(t, "hostile/csv_spectrum")
	paths, err := filepath.Glob(filepath.Join(dir, "csvs", "*.csv"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	var files []hostileFile
	want := map[string][][]string{}
	for _, path := range paths {
		base := filepath.Base(path)
		f := hostileFile{name: "s_" + strings.TrimSuffix(base, ".csv"), key: base, path: path}
		data, err := os.ReadFile(filepath.Join(dir, "json", strings.TrimSuffix(base, ".csv")+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var answer []map[string]string
		if err := json.Unmarshal(data, &answer); err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(firstLine(t, path), "\r")
		f.names = strings.Split(header, ",")
		f.columns = textColumns(f.names)
		for _, record := range answer {
			row := make([]string, len(f.names))
			for i, name := range f.names {
				row[i] = record[name]
			}
			want[f.name] = append(want[f.name], row)
		}
		slices.SortFunc(want[f.name], slices.Compare)
		files = append(files, f)
	}
	for name, got := range hostile(t, files) {
		if d := cmp.Diff(want[name], got.accepted); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func firstLine(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return string(line)
}

// TestDuckDBRejects: DuckDB's own reject cases; no record is lost on the way.
func TestDuckDBRejects(t *testing.T) {
	t.Parallel()
	root := shared(t, "hostile/duckdb_csv_rejects")
	types := map[string]string{"age": "integer", "barks": "integer", "current_day": "date", "tomorrow": "date", "date": "date",
		"datetime": "timestamp", "timestamp": "timestamp", "number": "decimal(18, 6)"}
	var files []hostileFile
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(root, path)
		f := hostileFile{key: filepath.ToSlash(key), path: path, name: strings.TrimSuffix(strings.NewReplacer("/", "_").Replace(filepath.ToSlash(key)), ".csv")}
		var columns []string
		for _, field := range strings.Split(firstLine(t, path), ",") {
			name := strings.Trim(field, "\" \r")
			f.names = append(f.names, name)
			typed := types[name]
			if typed == "" {
				typed = "varchar"
			}
			columns = append(columns, "  "+name+" "+typed)
		}
		f.columns = strings.Join(columns, ",\n")
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := hostile(t, files)
	for _, f := range files {
		o := outcomes[f.name]
		rejected := sumOfValues(rejectedRecords(o.cell))
		t.Logf("%-55s in %5d = %5d accepted + %3d rejected %v %s", f.key, o.cell.Read.Records, len(o.accepted), rejected, rejectedRecords(o.cell), refusal(o))
		if o.refused != nil {
			t.Errorf("%s refused: %v", f.key, o.refused)
			continue
		}
		if in := recordsIn(t, f); o.cell.Read.Records != in {
			t.Errorf("%s: read %d records of %d", f.key, o.cell.Read.Records, in)
		}
		if got := int64(len(o.accepted)) + rejected; got != o.cell.Read.Records {
			t.Errorf("%s: %d records came out of %d", f.key, got, o.cell.Read.Records)
		}
	}
}

// recordsIn are the records of a file of rejects, counted by its lines: but for the
// header and empty lines each is one, also where a quote is not closed.
func recordsIn(t *testing.T, f hostileFile) int64 {
	t.Helper()
	data, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	records := int64(-1)
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) > 0 {
			records++
		}
	}
	return records
}

func refusal(o outcome) string {
	if o.refused == nil {
		return ""
	}
	return "refused: " + o.refused.Reason + ": " + o.refused.Detail
}

// pollockParameters is the dialect of a polluted file, as its authors give it.
type pollockParameters struct {
	Delimiter string   `json:"delimiter"`
	Quote     string   `json:"quotechar"`
	Escape    string   `json:"escapechar"`
	Newline   string   `json:"row_delimiter"`
	Header    int      `json:"header_lines"`
	Preamble  int      `json:"preamble_lines"`
	Names     []string `json:"column_names"`
}

// dialect is what an analyst who knows the parameters writes. A delimiter of two
// characters has its blank trimmed off the fields.
func (p pollockParameters) dialect() string {
	option := func(name, text string) string {
		switch text {
		case "":
			return name + " none"
		case "\t":
			return name + ` '\t'`
		}
		return name + " '" + strings.ReplaceAll(text[:1], "'", "''") + "'"
	}
	parts := []string{option("delimiter", p.Delimiter), option("quote", p.Quote), option("escape", p.Escape)}
	if p.Delimiter == "" { // a file without a line: nothing is known of it
		parts = nil
	}
	if p.Newline == "\r" {
		parts = append(parts, `newline '\r'`)
	}
	if p.Header == 0 && p.Delimiter != "" {
		parts = append(parts, "header none")
	}
	if p.Preamble > 0 {
		parts = append(parts, fmt.Sprintf("header within %d", p.Preamble+1))
	}
	return strings.Join(parts, ", ")
}

// pollockColumns says of the 83 orders what any contract of theirs would.
const pollockColumns = `  "date" varchar not null,
  "time" varchar not null,
  qty varchar not null,
  productid varchar not null,
  price varchar not null,
  producttype varchar not null,
  productdescription varchar not null,
  url varchar not null,
  comments varchar,
  constraint date_shape check (length("date") = 10 and cast(substr("date", 7, 4) || '-' || substr("date", 4, 2) || '-' || substr("date", 1, 2) as date) is not null),
  constraint time_shape check (length("time") = 5 and cast("time" || ':00' as time) is not null),
  constraint qty_shape check (cast(qty as integer) >= 0),
  constraint product_shape check (productid like '__-____'),
  constraint price_shape check (price like '$%' and cast(substr(price, 2) as decimal(9, 2)) > 0),
  constraint url_shape check (url like 'https://www.example.com/product/%.html'),
  primary key (productid)`

// TestPollock reads 51 polluted copies of one file: each must come out exact, or
// with its bad records rejected; never the right count with wrong cells.
func TestPollock(t *testing.T) {
	t.Parallel()
	pollock(t, func(b *bench) { b.run(engine.Selection{}) })
}

func pollock(t *testing.T, run func(*bench)) {
	t.Helper()
	dir := shared(t, "hostile/pollock")
	paths, err := filepath.Glob(filepath.Join(dir, "csv", "*.csv"))
	if err != nil || len(paths) != 51 {
		t.Fatalf("%d files in %s: %v", len(paths), dir, err)
	}
	names := []string{`"date"`, `"time"`, "qty", "productid", "price", "producttype", "productdescription", "url", "comments"}
	var files []hostileFile
	for i, path := range paths {
		base := filepath.Base(path)
		data, err := os.ReadFile(filepath.Join(dir, "parameters", base+"_parameters.json"))
		if err != nil {
			t.Fatal(err)
		}
		var p pollockParameters
		if err := json.Unmarshal(data, &p); err != nil {
			t.Fatal(err)
		}
		files = append(files, hostileFile{name: fmt.Sprintf("p%02d", i), key: base, path: path, csv: p.dialect(), columns: pollockColumns, names: names})
	}
	score := map[string]int{}
	outcomes := hostileBy(t, files, run)
	for _, f := range files {
		verdict, why := judgePollock(pollockAnswer(t, filepath.Join(dir, "clean", f.key)), outcomes[f.name])
		score[verdict]++
		t.Logf("%-34s %-8s %s", f.key, verdict, why)
		if verdict == "WRONG" || f.key == "file_preamble.csv" && verdict != "exact" {
			t.Errorf("%s: %s: %s", f.key, verdict, why)
		}
	}
	if score["exact"] < 11 {
		t.Errorf("%d files came out exact; it were 11 once", score["exact"])
	}
	t.Logf("pollock: %d exact, %d with bad records rejected, %d refused, %d wrong, of %d", score["exact"], score["rejected"], score["refused"], score["WRONG"], len(files))
}

// pollockAnswer are the records of the clean answer, sorted.
func pollockAnswer(t *testing.T, path string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) > 0 && rows[0][0] != "28/01/2018" { // file_no_header's answer has none either
		rows = rows[1:]
	}
	slices.SortFunc(rows, slices.Compare)
	return rows
}

// judgePollock compares what was accepted with the answer: every accepted record
// must be one of the answer's.
func judgePollock(want [][]string, got outcome) (verdict, why string) {
	if got.refused != nil {
		return "refused", refusal(got)
	}
	left := slices.Clone(want)
	for _, row := range got.accepted {
		i := slices.IndexFunc(left, func(r []string) bool { return slices.Equal(r, row) })
		if i < 0 {
			return "WRONG", fmt.Sprintf("accepted %q", row)
		}
		left = slices.Delete(left, i, i+1)
	}
	rejected := rejectedRecords(got.cell)
	switch n := sumOfValues(rejected); {
	case len(left) == 0 && n == 0:
		return "exact", fmt.Sprintf("%d records", len(want))
	case len(left) <= int(n):
		return "rejected", fmt.Sprintf("%d of %d records accepted, rejected %v", len(got.accepted), len(want), rejected)
	}
	return "WRONG", fmt.Sprintf("%d records are neither accepted nor rejected (%v)", len(left), rejected)
}

// TestParquetBad reads the corrupt files of apache/parquet-testing, all in one run
// beside one that is whole: each is refused with a reason, or every value of it is
// read; the run is not brought down.
func TestParquetBad(t *testing.T) {
	t.Parallel()
	dir := shared(t, "hostile/parquet_bad")
	paths, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil || len(paths) != 8 {
		t.Fatalf("%d files in %s: %v", len(paths), dir, err)
	}
	// One is sound: its pages have an encoding of no bits. Two have lists whose levels
	// are off, which Arrow refuses and DuckDB reads by its own lights: their records are
	// as many as the footer says. No contract reads a list but by SQL of its own.
	read := map[string]struct{ column, rows, first, last string }{
		"ARROW-GH-45185.parquet":          {"x", "5", "[1,2]", "[9]"},
		"ARROW-GH-43605.parquet":          {"min_fl", "21186", "0", "0"},
		"ARROW-RS-GH-6229-LEVELS.parquet": {"outer", "1", `[{"c":null}]`, `[{"c":null}]`},
	}
	var files []hostileFile
	for i, path := range paths {
		f := hostileFile{name: fmt.Sprintf("q%d", i), key: filepath.Base(path), path: path, columns: "  value varchar", names: []string{"value"}}
		if r, ok := read[f.key]; ok {
			f.more = "-- read value: \"" + r.column + "\"\n"
		} else {
			f.more = "-- optional: value\n"
		}
		files = append(files, f)
	}
	outcomes := hostile(t, files)
	for _, f := range files {
		o, r := outcomes[f.name], read[f.key]
		if o.refused != nil {
			t.Logf("%-34s %s", f.key, refusal(o))
			if o.refused.Reason != "unreadable" || o.refused.Try == "" {
				t.Errorf("%s: %+v", f.key, o.refused)
			}
			continue
		}
		t.Logf("%-34s read, %d records", f.key, len(o.accepted))
		if n := len(o.accepted); r.column == "" || fmt.Sprint(n) != r.rows || o.accepted[0][0] != r.first || o.accepted[n-1][0] != r.last {
			t.Errorf("%s: %d records: %.300q", f.key, n, o.accepted)
		}
	}
}
