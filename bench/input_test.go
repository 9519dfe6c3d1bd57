package bench_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ledgermill/bench/datagen"
	"ledgermill/engine/records"
)

var (
	rowsFlag = flag.Int("mill.rows", 1_000_000, "records a day")
	longFlag = flag.Bool("mill.long", false, "thirty days of full size, too")
	keepFlag = flag.String("mill.dir", "", "existing `DIR` that keeps generated input from one call to the next; the default is removed")
)

// endDate is fixed, so that the same flags give the same bytes on any day.
const endDate = "2025-01-31"

func endOf(b *testing.B) time.Time {
	b.Helper()
	date, err := time.Parse(time.DateOnly, endDate)
	if err != nil {
		b.Fatal(err)
	}
	return date
}

// defects is the share of records with an injected fault.
const defects = 0.01

// input is generated raw data and what its generator says of it.
type input struct {
	dir     string
	rows    int // a day
	days    int
	report  datagen.Report
	objects []string // paths of the raw objects
	bytes   int64    // of the raw objects
}

// generated returns the input of so many days, made once a directory.
func generated(b *testing.B, rows, days int) *input {
	b.Helper()
	root := *keepFlag
	if root == "" {
		root = workDir(b)
	}
	in := &input{dir: filepath.Join(root, fmt.Sprintf("raw-%dx%d", rows, days)), rows: rows, days: days}
	o := datagen.Defaults(time.Now())
	o.Output, o.RowsPerDay, o.Days, o.EndDate, o.Defects = datagen.Directory(in.dir), rows, days, endOf(b), defects
	report, err := datagen.Generate(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	in.report = report
	for _, pattern := range []string{"customers/*.csv", "merchants/*.csv", "transactions/*.csv"} {
		paths, err := filepath.Glob(filepath.Join(in.dir, pattern))
		if err != nil {
			b.Fatal(err)
		}
		in.objects = append(in.objects, paths...)
	}
	for _, path := range in.objects {
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		in.bytes += info.Size()
	}
	return in
}

// transactions are the paths of the dated objects.
func (in *input) transactions(b *testing.B) (paths []string) {
	b.Helper()
	paths, err := filepath.Glob(filepath.Join(in.dir, "transactions", "*.csv"))
	if err != nil || len(paths) != in.days {
		b.Fatalf("%v: %v", paths, err)
	}
	return paths
}

// records are those of the transactions, as sent.
func (in *input) records() int64 { return in.report.Total().Read.Records }

// workDir is a directory for one benchmark. Unlike b.TempDir's, the PostgreSQL
// server may read in it, which runs as another user where we are root.
func workDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("", "mill-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	return dir
}

// cleanCopies copies the objects without the records that stop a bare read_csv:
// a floor that fails is none.
func (in *input) cleanCopies(b *testing.B) []string {
	b.Helper()
	dir := workDir(b)
	var paths []string
	for i, path := range in.objects {
		clean := filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(path)))
		if err := copyClean(b.Context(), clean, path); err != nil {
			b.Fatal(err)
		}
		paths = append(paths, clean)
	}
	return paths
}

func copyClean(ctx context.Context, to, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = records.Copy(ctx, target, source, records.RFC4180(), nil)
	return errors.Join(err, target.Close())
}
