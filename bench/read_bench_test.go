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

	"ledgermill/bench"
	"ledgermill/bench/datagen"
	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
	"ledgermill/engine/records"
)

var readFlag = flag.Int("mill.read", 1000, "megabytes of the object that BenchmarkMillRead reads")

// BenchmarkMillRead reads one CSV object from a MinIO on this machine, through
// httpfs and in place, against the same bytes in a file: the two take turns. "alone"
// is the scan and nothing else, in an engine as a run opens it; "landed" is what a
// run does with it: from the file with its records counted before (that is not
// timed), in place with the proof that every byte was read.
func BenchmarkMillRead(b *testing.B) {
	r := newReading(b)
	b.Run("alone", func(b *testing.B) { r.compare(b, r.alone) })
	b.Run("landed", func(b *testing.B) { r.compare(b, r.landed) })
}

// reading is one object in two places.
type reading struct {
	engine   *duckdb.Engine
	contract *contract.Contract
	file     job.Object // counted
	remote   job.Object // in place
	size     int64
}

func newReading(b *testing.B) *reading {
	b.Helper()
	const bytesPerRow = 143
	in := filepath.Join(workDir(b), "raw")
	o := datagen.Defaults(time.Now())
	o.Output, o.RowsPerDay, o.Days, o.Defects = datagen.Directory(in), *readFlag*1_000_000/bytesPerRow, 1, 0
	if _, err := datagen.Generate(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(in, "transactions", "*.csv"))
	if err != nil || len(paths) != 1 {
		b.Fatalf("%v: %v", paths, err)
	}
	server := s3test.MinIO().Shared(b)
	place, err := lake.Open(server.Bucket(b), lake.Options{S3: server.Settings})
	if err != nil {
		b.Fatal(err)
	}
	bucket, key := place.(*lake.Bucket), "transactions/"+filepath.Base(paths[0])
	if err := lake.Send(b.Context(), bucket, []lake.Transfer{{Key: key, File: paths[0]}}, func(lake.Transfer) {}); err != nil {
		b.Fatal(err)
	}
	r := &reading{contract: bank(b).Contracts["raw_transactions"]}
	r.describe(b, paths[0], key, bucket.Location(key))
	r.open(b, in, bucket)
	return r
}

// describe counts the file, which is what a run knows of it, and notes of the object
// what a run would.
func (r *reading) describe(b *testing.B, path, key, uri string) {
	b.Helper()
	section := r.contract.Sections[0]
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	report, err := records.Scan(b.Context(), f, records.Dialect{Delimiter: ',', Quote: '"', Escape: '"'}, nil)
	info, statErr := f.Stat()
	if err := errors.Join(err, statErr, f.Close()); err != nil {
		b.Fatal(err)
	}
	mapping, err := r.contract.Match(section, report.Header)
	if err != nil {
		b.Fatal(err)
	}
	r.size = info.Size()
	r.file = job.Object{Key: key, Path: path, Section: section, Mapping: mapping, Report: report, NewLine: report.NewLine()}
	r.remote = r.file
	r.remote.Path, r.remote.Report, r.remote.InPlace = uri, records.Report{}, &job.InPlace{Lines: true, Size: r.size, Header: report.HeaderLength}
}

func (r *reading) open(b *testing.B, dir string, bucket *lake.Bucket) {
	b.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	found := duckdb.FindHTTPFS(b.Context(), duckdb.ExtensionSource{Directory: filepath.Join(cache, "ledgermill", "duckdb")})
	if !found.Available() {
		b.Skip(found.Err())
	}
	access := bucket.Access()
	r.engine, err = duckdb.Open(b.Context(), duckdb.Settings{Work: workDir(b), Readable: []string{dir}, Extension: found, Remotes: []duckdb.Remote{{
		URI: bucket.URL(), Endpoint: access.Host, Region: access.Region, TLS: access.Secure, PathStyle: access.PathStyle,
		Credentials: func(context.Context) (duckdb.Credentials, error) {
			return duckdb.Credentials{KeyID: access.AccessKey.Reveal(), Secret: access.SecretKey.Reveal()}, nil
		}}}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := r.engine.Close(); err != nil {
			b.Error(err)
		}
	})
	r.engine.Use(map[string]*contract.Contract{r.contract.Name: r.contract}, nil)
}

// compare lets both places take turns.
func (r *reading) compare(b *testing.B, read func(*testing.B, job.Object) time.Duration) {
	var sample, floor bench.Sample
	for b.Loop() {
		b.StopTimer()
		floor = append(floor, read(b, r.file))
		b.StartTimer()
		sample = append(sample, read(b, r.remote))
	}
	b.SetBytes(r.size)
	report(b, r.file.Report.Records, sample, floor)
}

// alone scans every field of every record.
func (r *reading) alone(b *testing.B, o job.Object) time.Duration {
	b.Helper()
	began := now()
	rows, err := r.engine.Query(b.Context(), nil, fmt.Sprintf("select sum(strlen(columns(*))) from read_csv('%s', all_varchar = true, header = true)", o.Path))
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		continue
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		b.Fatal(err)
	}
	return began.since().wall
}

// landed lands the object and forgets it.
func (r *reading) landed(b *testing.B, o job.Object) time.Duration {
	b.Helper()
	began := now()
	cells, err := r.engine.Land(b.Context(), r.contract, []job.Object{o})
	if err != nil {
		b.Fatal(err)
	}
	took := began.since().wall
	var found int64
	for _, c := range cells {
		found += c.Read.Records
	}
	if found != r.file.Report.Records {
		b.Fatalf("%d records were landed of %d", found, r.file.Report.Records)
	}
	if err := r.engine.Release(b.Context(), r.contract.Name); err != nil {
		b.Fatal(err)
	}
	return took
}
