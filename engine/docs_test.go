package engine_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"ledgermill/engine"
	"ledgermill/sql/reference"
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
			if strings.HasSuffix(key, ".control.json") {
				continue // of TestControlFilesOfDocs
			}
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
	return whatCame(t, b, "select * from "+name)
}

// TestControlFilesOfDocs runs the object of docs/contracts.md that has control files with
// each of them.
func TestControlFilesOfDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/contracts.md")
	if err != nil {
		t.Fatal(err)
	}
	var contract, object, key string
	exits := map[int]int{}
	blocks := fence.FindAllStringSubmatch(string(text), -1)
	for i, b := range blocks {
		kind, name, _ := strings.Cut(b[1], " ")
		switch {
		case kind == "sql":
			contract = b[2]
		case kind == "csv":
			key, object = name, b[2]
		case name == key+".control.json":
			raw := "raw_" + createTable.FindStringSubmatch(contract)[1]
			b1 := newBench(t, fstest.MapFS{
				"sql/contracts/" + raw + ".sql": &fstest.MapFile{Data: []byte(contract)},
				"sql/models/receipts.sql":       &fstest.MapFile{Data: []byte("select paid_on, branch, currency, amount from " + raw + "\n")},
			})
			b1.write(key, object)
			b1.write(name, b[2])
			report := b1.run(engine.Selection{})
			exits[report.Exit]++
			got := ""
			if refused := b1.open(false).State().Objects[raw][key].Refused; refused != nil {
				got = "refused: " + refused.Reason + ": " + refused.Detail + "\n"
			} else {
				got = whatCame(t, b1, "select paid_on, branch, currency, amount from receipts")
			}
			if d := cmp.Diff(sortedLines(blocks[i+1][2]), sortedLines(got)); d != "" {
				t.Errorf("%s (-docs +run):\n%s", name, d)
			}
		}
	}
	if d := cmp.Diff(map[int]int{engine.ExitDone: 1, engine.ExitBalance: 1}, exits); d != "" {
		t.Errorf("exit codes (-want +got):\n%s", d)
	}
}

func sortedLines(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	return lines
}

// whatCame is what records have come to: the published rows, and why others are not.
func whatCame(t *testing.T, b *bench, statement string) string {
	t.Helper()
	var lines []string
	for _, row := range lakeRows(t, b, "select coalesce(columns(*)::varchar, 'null') from ("+statement+" order by all)") {
		lines = append(lines, strings.Join(row, " | "))
	}
	for _, r := range rejectReasons(t, b) {
		lines = append(lines, "rejected: "+strings.ReplaceAll(r, ",", ", "))
	}
	return strings.Join(lines, "\n") + "\n"
}

// rejectReasons are the reasons of all rejected records.
func rejectReasons(t *testing.T, b *bench) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(b.lake, "_rejects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, row := range lakeRows(t, b, "select reasons from read_parquet('"+path+"', hive_partitioning = false)") {
			all = append(all, row[0])
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestThreeSenders runs the spreadsheets of three countries through one contract of
// fewer than 40 lines: every record comes out as the handbook says.
func TestThreeSenders(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/contracts.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fence.FindAllStringSubmatch(string(text), -1)
	at := slices.IndexFunc(blocks, func(b []string) bool { return strings.Contains(b[2], "three branches") })
	if n := strings.Count(blocks[at][2], "\n"); n >= 40 {
		t.Errorf("the contract has %d lines", n)
	}
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_invoices.sql": &fstest.MapFile{Data: []byte(strings.Replace(blocks[at][2], "reject limit: 1 %", "reject limit: 50 %", 1))},
		"sql/models/invoices.sql":        &fstest.MapFile{Data: []byte("select invoice_no, booked_on, amount, currency, _object from raw_invoices\n")},
	})
	var want []string
	objects := 0
	for i := at + 1; strings.HasPrefix(blocks[i][1], "csv "); i += 2 {
		key, sent := strings.TrimPrefix(blocks[i][1], "csv "), blocks[i][2]
		if strings.HasPrefix(key, "paris/") {
			if sent, err = charmap.Windows1252.NewEncoder().String(sent); err != nil {
				t.Fatal(err)
			}
		}
		b.write(key, sent)
		want = append(want, strings.Split(strings.TrimSpace(blocks[i+1][2]), "\n")...)
		objects++
	}
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone || objects != 3 {
		t.Fatalf("exit %d of %d objects: %v", report.Exit, objects, report.Verdicts)
	}
	got := strings.Split(strings.TrimSpace(whatCame(t, b, "select invoice_no, booked_on, amount, currency, _object from invoices")), "\n")
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-docs +run):\n%s", d)
	}
}

// TestGrantsOfDocs makes a model for each grant of docs/models.md over the same dates,
// changes one of them, and holds what each saw and which units are made again against
// the block there.
func TestGrantsOfDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fence.FindAllStringSubmatch(string(text), -1)
	at := slices.IndexFunc(blocks, func(b []string) bool { return b[1] == "text grants" })
	if at < 0 {
		t.Fatal("no block of grants")
	}
	grants := []string{"", "previous", "last 5 days", "latest within 5 days", "month to date"}
	models := map[string]string{
		// The others have a unit of 01-30, where raw_a has none, by raw_b.
		"itself": "-- reads itself: previous\nselect d, cast(n + coalesce((select max(total) from itself), 0) as bigint) as total from raw_a",
	}
	for i, grant := range grants {
		reads := ""
		if grant != "" {
			reads = "-- reads raw_a: " + grant + "\n"
		}
		models[fmt.Sprintf("m%d", i)] = reads + "select b.business_date as d, string_agg(strftime(a.d, '%m-%d'), ' ' order by a.d) as seen" +
			"\nfrom business_day as b left join raw_a as a on true left join raw_b on false group by b.business_date"
	}
	files := small(models)
	files["sql/contracts/raw_b.sql"] = &fstest.MapFile{Data: []byte("-- business date: d\n-- objects: b/*.csv\ncreate table raw_b (d date not null);\n")}
	b := newBench(t, files)
	for _, day := range []string{"2025-01-01", "2025-01-20", "2025-01-27", "2025-01-28", "2025-01-31", "2025-02-01"} {
		b.write("a/"+day+".csv", "d,id,n\n"+day+",x,1\n")
	}
	b.write("b/2025-01-30.csv", "d\n2025-01-30\n")
	b.run(engine.Selection{})
	seen := map[string]string{}
	for i := range grants {
		for _, row := range b.lakeRows(fmt.Sprintf("m%d", i), []string{"d", "seen"}) {
			seen[fmt.Sprintf("m%d %s", i, row[0])] = row[1]
		}
	}
	b.write("a/2025-01-28.csv", "d,id,n\n2025-01-28,x,2\n")
	report := b.run(engine.Selection{})
	line := func(grant, on30, on31, again string) string {
		return strings.TrimRight(fmt.Sprintf("%-21s %-24s %-30s %s", grant, on30, on31, again), " ") + "\n"
	}
	got := line("grant", "01-30 sees", "01-31 sees", "after an edit of 01-28")
	for i, grant := range grants {
		name := fmt.Sprintf("m%d", i)
		if grant == "" {
			grant = "none"
		}
		got += line(grant, strings.Replace(seen[name+" 2025-01-30"], reference.Null, "", 1), seen[name+" 2025-01-31"], madeAgain(report, name))
	}
	got += line("previous, of itself", "", "", madeAgain(report, "itself"))
	if diff := cmp.Diff(blocks[at][2], got); diff != "" {
		t.Errorf("(-docs +run):\n%s", diff)
	}
}

// madeAgain are the dates of a model that a run has made, without the year.
func madeAgain(r *engine.Report, name string) string {
	var days []string
	for _, u := range madeUnits(r, name) {
		days = append(days, string(u)[len("2025-"):])
	}
	slices.Sort(days)
	return strings.Join(days, " ")
}
