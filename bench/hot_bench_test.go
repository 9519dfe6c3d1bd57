package bench_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"ledgermill/bench/datagen"
	"ledgermill/bench/pipeline"
	"ledgermill/engine"
	"ledgermill/engine/records"
)

// hotRows are the rows of a day for the hot paths: enough for a rate, few enough for
// many repetitions.
const hotRows = 100_000

// BenchmarkHotCount counts the records of a day.
func BenchmarkHotCount(b *testing.B) {
	in := generated(b, hotRows, 1)
	text, err := os.ReadFile(in.transactions(b)[0])
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	var report records.Report
	for b.Loop() {
		if report, err = records.Scan(b.Context(), bytes.NewReader(text), records.RFC4180(), nil); err != nil {
			b.Fatal(err)
		}
	}
	if report.Records < hotRows*9/10 {
		b.Fatalf("%d records", report.Records)
	}
	b.ReportMetric(float64(report.Records)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkHotHeader reads the header of an object that has one record, and finds the
// contract's columns in it.
func BenchmarkHotHeader(b *testing.B) {
	in, c := generated(b, hotRows, 1), bank(b).Contracts["raw_transactions"]
	text, err := os.ReadFile(in.transactions(b)[0])
	if err != nil {
		b.Fatal(err)
	}
	lines := bytes.SplitAfterN(text, []byte("\n"), 3)
	small := bytes.Join(lines[:2], nil)
	for b.Loop() {
		report, err := records.Scan(b.Context(), bytes.NewReader(small), records.RFC4180(), nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Match(c.Sections[0], report.Header); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHotPlan plans thirty new objects of little: from listing and headers to what
// is to be made, in a mill that is open.
func BenchmarkHotPlan(b *testing.B) {
	in := generated(b, 100, 30)
	m := openMill(b, bank(b), in, filepath.Join(workDir(b), "lake"))
	defer func() {
		if err := m.close(); err != nil {
			b.Error(err)
		}
	}()
	for b.Loop() {
		plan, err := m.Plan(b.Context(), engine.Selection{})
		if err != nil {
			b.Fatal(err)
		}
		if plan == nil {
			b.Fatal("there is no plan")
		}
	}
}

// BenchmarkHotPipeToCopy streams the facts of a day from Parquet into a heap without
// indexes, in the format of the loader.
func BenchmarkHotPipeToCopy(b *testing.B) {
	in, project := generated(b, hotRows, 1), bank(b)
	root, _ := makeLake(b, project, in)
	paths, err := filepath.Glob(filepath.Join(root, "transactions", "year=2025", "month=1", "day=31", "*.parquet"))
	if err != nil || len(paths) != 1 {
		b.Fatalf("%v: %v", paths, err)
	}
	url, drop := privateServer(b).database(b)
	defer drop()
	duck, err := openDuckDB(b, workDir(b), true, root)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := pgx.Connect(b.Context(), url.Reveal())
	if err != nil {
		b.Fatal(errors.Join(err, duck.Close()))
	}
	defer func() {
		if err := errors.Join(conn.Close(context.WithoutCancel(b.Context())), duck.Close()); err != nil {
			b.Error(err)
		}
	}()
	facts := pipeline.Tables()[0]
	var columns []string
	for _, t := range facts.Targets() {
		columns = append(columns, t.Name+" "+t.Type)
	}
	execute(b, url, "create unlogged table facts ("+strings.Join(columns, ", ")+")")
	var rows int64
	for b.Loop() {
		if _, err := conn.Exec(b.Context(), "truncate facts"); err != nil {
			b.Fatal(err)
		}
		stream, err := duck.Binary(b.Context(), paths[0], facts.Targets(), "transaction_date")
		if err != nil {
			b.Fatal(err)
		}
		tag, err := conn.PgConn().CopyFrom(b.Context(), stream, "copy facts from stdin (format binary)")
		if err := errors.Join(err, stream.Close()); err != nil {
			b.Fatal(err)
		}
		rows = tag.RowsAffected()
	}
	if rows < hotRows*9/10 {
		b.Fatalf("%d rows were copied", rows)
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkHotGenerate generates two days, one a core.
func BenchmarkHotGenerate(b *testing.B) {
	o := datagen.Defaults(endOf(b))
	o.RowsPerDay, o.Days = hotRows, 2
	for b.Loop() {
		o.Output = datagen.Directory(workDir(b))
		if _, err := datagen.Generate(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*hotRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
