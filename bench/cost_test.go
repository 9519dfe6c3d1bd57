package bench_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/bench"
	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/records"
)

// BenchmarkMillCosts is what the promises cost that no bare copy keeps, each by itself
// and beside the floor and the whole lake part of the same run:
//
//	count     the independent count of records and fields, alone
//	grammar   text to values by the strict grammars, less the same by DuckDB's casts
//	accounts  the lake part, less the same without control totals
//	order     a COPY of the facts in total order, less one as they come
//
// A figure smaller than the variation of those that it was made of is no finding.
func BenchmarkMillCosts(b *testing.B) {
	in := generated(b, *rowsFlag, 1)
	whole, without := bank(b), loadProject(b, withoutControl(b))
	clean := in.cleanCopies(b)
	root, _ := makeLake(b, whole, in)
	compareLake(b, in, root)
	facts := typing(b, whole.Contracts["raw_transactions"], clean)
	all := map[string]bench.Sample{}
	take := func(name string, took spent) { all[name] = append(all[name], took.wall) }
	for b.Loop() {
		_, took := bareCopies(b, clean)
		take("floor", took)
		_, took = makeLake(b, whole, in)
		take("lake", took)
		_, took = makeLake(b, without, in)
		take("lake without control", took)
		take("count", counted(b, in))
		for _, name := range []string{"text", "casts", "strict"} {
			take(name, queried(b, facts[name]))
		}
		for name, order := range map[string]string{"as they come": "", "in order": " order by transaction_id"} {
			take(name, queried(b, fmt.Sprintf("copy (select * from read_parquet('%s/transactions/**/*.parquet', hive_partitioning = false)%s) to '%s' (format parquet, compression snappy, row_group_size %d)",
				root, order, filepath.Join(workDir(b), "facts.parquet"), duckdb.RowGroup)))
		}
	}
	seconds := func(name string) float64 { return all[name].Median().Seconds() }
	b.ReportMetric(seconds("floor"), "s_floor")
	b.ReportMetric(seconds("lake"), "s_lake")
	variation := 0.0
	for _, sample := range all {
		variation = max(variation, sample.Variation())
	}
	b.ReportMetric(100*variation, "%_cv")
	for name, cost := range map[string]float64{
		"count": seconds("count"), "grammar": seconds("strict") - seconds("casts"), "accounts": seconds("lake") - seconds("lake without control"), "order": seconds("in order") - seconds("as they come"),
	} {
		b.ReportMetric(cost, "s_"+name)
		b.ReportMetric(100*cost/seconds("lake"), "%_"+name)
	}
}

// counted scans the raw objects as a run does before anything else reads them.
func counted(b *testing.B, in *input) spent {
	b.Helper()
	began := now()
	for _, path := range in.objects {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := records.Scan(b.Context(), f, records.RFC4180(), nil); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return began.since()
}

// queried runs one statement in a DuckDB that is set as the mill's.
func queried(b *testing.B, statement string) spent {
	b.Helper()
	db := openBare(b)
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	for _, set := range append([]string{"set preserve_insertion_order = false", "set memory_limit = '1GB'", "set temp_directory = '" + workDir(b) + "'"}, duckdb.Dialect{}.Session()...) {
		if _, err := db.ExecContext(b.Context(), set); err != nil {
			b.Fatal(err)
		}
	}
	began := now()
	rows, err := db.QueryContext(b.Context(), statement)
	if err != nil {
		b.Fatal(err)
	}
	if err := drain(rows); err != nil {
		b.Fatal(err)
	}
	return began.since()
}

func drain(rows *sql.Rows) error {
	for rows.Next() {
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// typing are statements that count the values of the facts' columns: as text, by
// DuckDB's casts, and as the contract has them.
func typing(b *testing.B, c *contract.Contract, clean []string) map[string]string {
	b.Helper()
	path := ""
	for _, p := range clean {
		if strings.Contains(p, "transactions") {
			path = p
		}
	}
	if path == "" {
		b.Fatalf("no transactions among %v", clean)
	}
	mapping, err := c.Match(c.Sections[0], c.Names())
	if err != nil {
		b.Fatal(err)
	}
	from := "read_csv('" + path + "', auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {'" + strings.Join(c.Names(), "': 'varchar', '") + "': 'varchar'})"
	counts := func(columns []string) string { return "select count(" + strings.Join(columns, "), count(") + ")" }
	var casts, strict []string
	for _, cell := range c.Cells(c.Sections[0], mapping, nil, duckdb.Dialect{}) {
		casts = append(casts, fmt.Sprintf("try_cast(%s as %s)", cell.Column.Name, cell.Column.Type))
		strict = append(strict, cell.Typed)
	}
	return map[string]string{
		"text":   counts(c.Names()) + " from " + from,
		"casts":  counts(casts) + " from " + from,
		"strict": counts(strict) + " from " + from,
	}
}

// withoutControl is the project that ships, without its control totals.
func withoutControl(b *testing.B) fs.FS {
	b.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(".."), "sql", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(os.DirFS(".."), path)
		var kept []string
		for line := range strings.Lines(string(data)) {
			if !strings.HasPrefix(line, "-- control: ") && !strings.HasPrefix(line, "-- preserves: ") {
				kept = append(kept, line)
			}
		}
		files[path] = &fstest.MapFile{Data: []byte(strings.Join(kept, ""))}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return files
}
