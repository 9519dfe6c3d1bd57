package cases

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
	"ledgermill/engine/duckdb"
)

// floors holds stages of a run beside what the machine allows for the same bytes.
func floors(p bench.Place, project fs.FS) bench.Suite {
	f := &floorSuite{data: dataOf(p), project: project}
	against := func(name string) []result.Comparison { return []result.Comparison{{Kind: result.Floor, Case: name}} }
	work := func(name string) []result.Pair { return []result.Pair{{Name: result.Work, Value: name}} }
	return bench.Suite{Name: "floors", Weight: 2, Server: true, Prepare: f.prepare,
		Answers: "How near does each stage come to what this machine allows?",
		Cases: []bench.Case{
			{Name: "lake", Answers: "the mill makes the lake of the dated objects: counts, checks, accounts, models, tests, publishes", Parameters: work("lake"), Against: against("lake-floor"), Ready: f.lakePart},
			{Name: "lake-floor", Answers: "DuckDB as it comes turns the same objects into Parquet, one statement an object, knowing and checking nothing", Parameters: work("lake"), Ready: f.bareCopies, Again: true},
			{Name: "load", Answers: "the mill loads the dated units of a lake, indexes, reconciles and swaps them in", Parameters: work("load"), Against: against("load-floor"), Ready: f.loadPart},
			{Name: "load-floor", Answers: "one connection copies the same rows from files of the server with FREEZE, leaf by leaf, builds the same indexes and analyses", Parameters: work("load"), Ready: f.serverCopies},
			{Name: "count", Answers: "the mill counts records and their fields, and hashes the bytes", Parameters: work("count"), Against: against("disk-read"), Ready: f.count, Again: true},
			{Name: "disk-read", Answers: "the same objects are read and thrown away, from the memory of the system where it has them", Parameters: work("count"), Ready: f.diskRead, Again: true},
			{Name: "pipe", Answers: "DuckDB streams the facts from Parquet in the format of PostgreSQL's COPY", Parameters: work("pipe"), Against: against("loopback"), Ready: f.pipe, Again: true},
			{Name: "loopback", Answers: "the same bytes go through a TCP connection to this machine", Parameters: work("pipe"), Ready: f.loopback, Again: true},
			{Name: "disk-write", Answers: "the bytes of the published lake are written and synchronised", Parameters: work("write"), Ready: f.diskWrite, Again: true},
		}}
}

type floorSuite struct {
	data
	project fs.FS
}

func (f *floorSuite) prepare(ctx context.Context) error {
	if err := errors.Join(f.makeTemplate(ctx, f.project), f.makeLake(ctx, f.project)); err != nil {
		return err
	}
	return f.writeCSV(ctx)
}

// csv is where the rows of a unit are, as the mill sends them.
func (f *floorSuite) csv(u unit) string {
	return filepath.Join(f.dir(), "csv", u.table.Name+"-"+u.date.Format(time.DateOnly)+".csv")
}

func (f *floorSuite) writeCSV(ctx context.Context) (err error) {
	dir := filepath.Join(f.dir(), "csv")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	work, err := f.scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	duck, err := f.openDuckDB(ctx, work, true, f.lake())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, duck.Close()) }()
	all, err := units(f.lake())
	if err != nil {
		return err
	}
	for _, u := range all {
		rows, err := duck.CSV(ctx, u.path, u.table.Stored(), "transaction_date")
		if err != nil {
			return err
		}
		to, err := os.Create(f.csv(u))
		if err != nil {
			return errors.Join(err, rows.Close())
		}
		_, err = io.Copy(to, rows)
		if err := errors.Join(err, to.Close(), rows.Close()); err != nil {
			return err
		}
	}
	bytes, err := f.stream(ctx, duck)
	if err != nil {
		return err
	}
	return os.WriteFile(f.noted(), strconv.AppendInt(nil, bytes, 10), 0o600)
}

// stream sends the facts through a pipe as a load does, and throws them away.
func (f *floorSuite) stream(ctx context.Context, duck *duckdb.Engine) (bytes int64, err error) {
	all, err := units(f.lake())
	if err != nil {
		return 0, err
	}
	facts := pipeline.Tables()[0]
	for _, u := range all {
		if u.table.Name != facts.Name {
			continue
		}
		rows, err := duck.Binary(ctx, u.path, facts.Targets(), "transaction_date")
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(io.Discard, rows)
		if err := errors.Join(err, rows.Close()); err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

// noted is where prepare notes how many bytes that is.
func (f *floorSuite) noted() string { return filepath.Join(f.dir(), "streamed") }

func (f *floorSuite) streamed() (bytes int64, err error) {
	text, err := os.ReadFile(f.noted())
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}
