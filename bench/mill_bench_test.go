package bench_test

import (
	"os"
	"syscall"
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
	umask := syscall.Umask(0o027) // as the program begins
	if handled, exit := bench.Child(toys()); handled {
		os.Exit(exit)
	}
	syscall.Umask(umask)
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
