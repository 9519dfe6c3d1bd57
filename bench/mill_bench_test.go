package bench_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"ledgermill/bench"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// TestMain does a child's part first: the private server's helper, which must
// not run as root, and the measured program's runner.
func TestMain(m *testing.M) {
	if handled, exit := warehouse.Helper(); handled {
		os.Exit(exit)
	}
	if handled, exit := bench.Child(toys()); handled {
		os.Exit(exit)
	}
	if handled, exit := runMeasured(); handled {
		os.Exit(exit)
	}
	os.Exit(warehousetest.Main(m))
}

// report adds the figures that every benchmark against a floor has.
func report(b *testing.B, rows int64, sample, floor bench.Sample) {
	b.ReportMetric(sample.Ratio(floor), "x_floor")
	b.ReportMetric(sample.Rate(rows), "rows/s")
	b.ReportMetric(sample.Median().Seconds(), "s_median")
	b.ReportMetric(floor.Median().Seconds(), "s_floor")
	b.ReportMetric(100*max(sample.Variation(), floor.Variation()), "%_cv")
}

// BenchmarkMillLake is the lake part of one day with everything on, against
// DuckDB's bare copy to Parquet of clean copies of the same objects: the raw ones
// hold records that stop it. The two take turns.
func BenchmarkMillLake(b *testing.B) {
	in, project := generated(b, *rowsFlag, 1), bank(b)
	clean := in.cleanCopies(b)
	root, _ := makeLake(b, project, in)
	compareLake(b, in, root)
	var sample, floor, busy, floorBusy bench.Sample
	var sent int64
	for _, n := range in.report.Datasets {
		sent += n
	}
	for b.Loop() {
		b.StopTimer()
		rows, took := bareCopies(b, clean)
		if rows > sent+in.records() || rows < sent+in.records()*99/100 {
			b.Fatalf("the floor copied %d of %d records", rows, sent+in.records())
		}
		floor, floorBusy = append(floor, took.wall), append(floorBusy, took.cpu)
		b.StartTimer()
		_, took = makeLake(b, project, in)
		sample, busy = append(sample, took.wall), append(busy, took.cpu)
	}
	report(b, in.records(), sample, floor)
	b.ReportMetric(busy.Ratio(floorBusy), "x_floor_cpu")
	b.ReportMetric(busy.Median().Seconds(), "s_cpu")
}

// BenchmarkMillLoad is the load of that day's dated parts, facts and summaries,
// late rows of earlier days among them, against a serial server-side COPY ...
// (FREEZE) of the same rows from files, the same index builds and ANALYZE, on
// the same server into leaves made in the same way.
func BenchmarkMillLoad(b *testing.B) {
	in, project := generated(b, *rowsFlag, 1), bank(b)
	root, _ := makeLake(b, project, in)
	m := openMill(b, project, in, root)
	defer func() {
		if err := m.close(); err != nil {
			b.Error(err)
		}
	}()
	server := privateServer(b)
	l := newLoading(b, m, server)
	l.serial()
	var sample, floor bench.Sample
	for b.Loop() {
		b.StopTimer()
		floor = append(floor, l.serial())
		b.StartTimer()
		_, took := l.load()
		sample = append(sample, took)
	}
	report(b, l.rows, sample, floor)
}

// BenchmarkMillEndToEnd runs the program itself, `ledgermill run`, against a
// server that is up already: one day, and thirty against thirty times one. The
// thirty are of a twentieth of the size unless -mill.long is given.
func BenchmarkMillEndToEnd(b *testing.B) {
	program := build(b)
	server := privateServer(b)
	b.Run("1day", func(b *testing.B) {
		in := generated(b, *rowsFlag, 1)
		sample, peak := measureRuns(b, program, server, in)
		b.ReportMetric(sample.Rate(in.records()), "rows/s")
		b.ReportMetric(float64(peak)/1e6, "MB_peak")
	})
	rows := *rowsFlag / 20
	if *longFlag {
		rows = *rowsFlag
	}
	var single bench.Sample
	b.Run("1day_of_30", func(b *testing.B) {
		in := generated(b, rows, 1)
		single, _ = measureRuns(b, program, server, in)
		b.ReportMetric(single.Rate(in.records()), "rows/s")
	})
	b.Run("30days", func(b *testing.B) {
		in := generated(b, rows, 30)
		sample, peak := measureRuns(b, program, server, in)
		b.ReportMetric(sample.Rate(in.records()), "rows/s")
		b.ReportMetric(float64(peak)/1e6, "MB_peak")
		if single != nil {
			b.ReportMetric(sample.Median().Seconds()/(30*single.Median().Seconds()), "x_30_singles")
		}
	})
}

// BenchmarkMillStorage is the size of the lake's Parquet files, in per cent of
// the raw text. Rejects and the ledger are not among them: they hold what the
// processed data does not.
func BenchmarkMillStorage(b *testing.B) {
	in, project := generated(b, *rowsFlag, 1), bank(b)
	var facts, all int64
	for b.Loop() {
		root, _ := makeLake(b, project, in)
		b.StopTimer()
		compareLake(b, in, root)
		facts = parquetBytes(b, filepath.Join(root, "transactions"))
		all = 0
		for name := range project.Models {
			all += parquetBytes(b, filepath.Join(root, name))
		}
		b.StartTimer()
	}
	b.ReportMetric(100*float64(facts)/float64(in.report.Objects[0].Bytes), "%_facts")
	b.ReportMetric(100*float64(all)/float64(in.bytes), "%_of_raw")
}

func parquetBytes(b *testing.B, dir string) (bytes int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}
