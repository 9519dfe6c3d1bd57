package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
)

// form is a way to keep the facts.
type form struct {
	codec  string // of Parquet; "" for CSV
	gzip   bool   // of CSV
	sorted bool
	group  int // rows a row group; 0: DuckDB's own number
}

// forms are the ways; the first is what the others are compared with.
func forms() (all []form) {
	for _, sorted := range []bool{false, true} {
		all = append(all, form{sorted: sorted}, form{gzip: true, sorted: sorted})
		for _, codec := range []string{"none", "snappy", "zstd", "lz4"} {
			all = append(all, form{codec: codec, sorted: sorted})
		}
	}
	for _, group := range []int{10_000, 1_000_000} {
		all = append(all, form{codec: "snappy", sorted: true, group: group})
	}
	return all
}

// ownGroup is how many rows DuckDB puts into a row group if it is not told.
const ownGroup = 122_880

func (f form) name() string {
	name := "csv"
	switch {
	case f.codec != "":
		name = "parquet-" + f.codec
	case f.gzip:
		name = "csv.gz"
	}
	if f.sorted {
		name += "-sorted"
	}
	if f.group > 0 {
		name += "-" + strconv.Itoa(f.group)
	}
	return name
}

func (f form) parameters() []result.Pair {
	format := map[bool]string{false: "csv", true: "csv.gz"}[f.gzip]
	if f.codec != "" {
		format = "parquet"
	}
	all := []result.Pair{{Name: result.Format, Value: format}, {Name: result.Sorted, Value: map[bool]string{false: "no", true: "yes"}[f.sorted]}}
	if f.codec != "" {
		group := f.group
		if group == 0 {
			group = ownGroup
		}
		all = append(all, result.Pair{Name: result.Codec, Value: f.codec}, result.Pair{Name: result.RowGroup, Value: strconv.Itoa(group)})
	}
	return all
}

func (f form) extension() string {
	switch {
	case f.codec != "":
		return ".parquet"
	case f.gzip:
		return ".csv.gz"
	}
	return ".csv"
}

// storing are the options of a COPY.
func (f form) storing() string {
	switch {
	case f.codec == "" && f.gzip:
		return "format csv, header, compression gzip"
	case f.codec == "":
		return "format csv, header"
	}
	codec := f.codec
	if codec == "none" {
		codec = "uncompressed"
	} else if codec == "lz4" {
		codec = "lz4_raw"
	}
	group := ""
	if f.group > 0 {
		group = fmt.Sprintf(", row_group_size %d", f.group)
	}
	return fmt.Sprintf("format parquet, compression %s%s", codec, group)
}

// reading is the stored file as DuckDB reads it.
func (f form) reading(path string, t pipeline.Table) string {
	if f.codec != "" {
		return fmt.Sprintf("read_parquet('%s')", path)
	}
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = fmt.Sprintf("'%s': '%s'", c.Name, c.Type)
	}
	return fmt.Sprintf("read_csv('%s', header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, columns = {%s})", path, strings.Join(columns, ", "))
}

// storage keeps the facts of all days in one file, in many ways.
func storage(p bench.Place, project fs.FS) bench.Suite {
	d := dataOf(p)
	s := bench.Suite{Name: "storage", Weight: 2, Prepare: func(ctx context.Context) error { return d.makeLake(ctx, project) },
		Answers: "How many bytes do the facts take, and how long are they written and read, by format, codec, order and row group?"}
	first := forms()[0]
	for _, f := range forms() {
		c := bench.Case{Name: f.name(), Same: "rows", Again: true, Parameters: f.parameters(), Answers: "facts written to " + strings.ReplaceAll(f.name(), "-", ", ") + ", and all their columns read again",
			Ready: func(ctx context.Context) (*bench.Trial, error) { return d.storageTrial(ctx, f) }}
		if f != first {
			against := result.Comparison{Kind: result.Plain, Case: first.name()}
			if f.codec == "snappy" && f.sorted && f.group == 0 {
				against.Promise = result.Storage // as the mill stores them
			}
			c.Against = []result.Comparison{against}
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

func (d data) storageTrial(ctx context.Context, f form) (*bench.Trial, error) {
	dir, err := d.scratch()
	if err != nil {
		return nil, err
	}
	db, err := bare()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	closing := func(context.Context) error { return errors.Join(db.Close(), os.RemoveAll(dir)) }
	facts := pipeline.Tables()[0]
	// As they are sent: by id, and so by time of arrival. As the mill sorts them.
	order := "transaction_id"
	if f.sorted {
		order = "transaction_date, customer_id, transaction_timestamp, transaction_id"
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("create table facts as select %s from %s order by %s", strings.Join(facts.Names(), ", "), published(d.lake(), facts), order)); err != nil {
		return nil, errors.Join(err, closing(ctx))
	}
	path := filepath.Join(dir, "facts"+f.extension())
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			clock := newClock(s)
			if _, err := db.ExecContext(ctx, fmt.Sprintf("copy facts to '%s' (%s)", path, f.storing())); err != nil {
				return err
			}
			clock.stage("write")
			before, err := bench.ReadSoFar()
			if err != nil {
				return err
			}
			if err := scan(ctx, db, f.reading(path, facts), facts.Names()); err != nil {
				return err
			}
			clock.stage("read")
			after, err := bench.ReadSoFar()
			s.Read = after - before
			return err
		},
		Check: func(ctx context.Context, s *result.Sample) error {
			figures, err := pipeline.LakeFigures(ctx, db, f.reading(path, facts), facts.Columns)
			if err != nil {
				return err
			}
			s.Rows, s.Hash = figures.Rows, pipeline.Combine(figures)
			s.Written, err = size("*", dir)
			return err
		},
		Close: closing,
	}, nil
}

// scan reads every value of a relation.
func scan(ctx context.Context, db *sql.DB, relation string, columns []string) error {
	var digest sql.NullString
	// A hash needs every column of every row, and little time.
	err := db.QueryRowContext(ctx, fmt.Sprintf("select cast(bit_xor(hash(%s)) as varchar) from %s", strings.Join(columns, ", "), relation)).Scan(&digest)
	if err != nil {
		return fmt.Errorf("read all columns: %w", err)
	}
	return nil
}
