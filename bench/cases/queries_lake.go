package cases

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
	"ledgermill/engine/model"
	"ledgermill/queries"
)

// Layouts of the lake.
const (
	asCSV       = "csv"
	asParquet   = "parquet"
	asPartition = "partitioned parquet"
)

// stored is where the tables of a layout lie.
func (q *querySuite) stored(lies string) string {
	if lies == asPartition {
		return q.lake()
	}
	return filepath.Join(q.dir(), "as-"+lies)
}

// storeLakes writes each dated table as one file of CSV and one of Parquet, in the
// order in which records came: nobody had sorted them then.
func (q *querySuite) storeLakes(ctx context.Context) (err error) {
	db, err := bare()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, one := range []struct{ lies, options string }{{asCSV, "format csv, header"}, {asParquet, "format parquet, compression snappy"}} {
		for _, t := range pipeline.Tables() {
			dir := filepath.Join(q.stored(one.lies), t.Dataset)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			statement := fmt.Sprintf("copy (select %s from %s order by %s) to '%s/data.%s' (%s)",
				strings.Join(t.Names(), ", "), published(q.lake(), t), t.Names()[0], dir, one.lies, one.options)
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("store %s as %s: %w", t.Dataset, one.lies, err)
			}
		}
	}
	return nil
}

// onLake are the cases of a statement on the layouts of the lake.
func (q *querySuite) onLake(name string, dated bool) (all []bench.Case) {
	for _, lies := range []string{asCSV, asParquet, asPartition} {
		c := bench.Case{Name: caseName(name, "lake", lies), Same: name + " on the lake",
			Answers:    fmt.Sprintf("%s on the lake: %s", name, lies),
			Parameters: []result.Pair{{Name: result.Query, Value: name}, {Name: result.On, Value: "lake"}, {Name: result.Layout, Value: lies}},
			Again:      true,
			Ready:      func(ctx context.Context) (*bench.Trial, error) { return q.lakeTrial(ctx, name, lies) }}
		if lies != asCSV {
			against := result.Comparison{Kind: result.Plain, Case: caseName(name, "lake", asCSV)}
			if lies == asPartition {
				against.Promise = result.Queries
			}
			c.Against = []result.Comparison{against}
		}
		if lies == asPartition && dated {
			c.Against = append(c.Against, result.Comparison{Kind: result.Previous, Case: caseName(name, "lake", asParquet), Promise: result.Pruning})
		}
		all = append(all, c)
	}
	return all
}

// lakeOf is a DuckDB in which the warehouse's tables are views of stored files.
func (q *querySuite) lakeOf(ctx context.Context, lies string) (_ *sql.DB, err error) {
	if db := q.lakes[lies]; db != nil {
		return db, nil
	}
	db, err := bare()
	if err != nil {
		return nil, err
	}
	// Otherwise only the first of all queries would read anything.
	if _, err := db.ExecContext(ctx, "set enable_external_file_cache = false"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for _, t := range pipeline.Tables() {
		columns := strings.Join(t.Names(), ", ")
		dated := ", year(transaction_date) as year, month(transaction_date) as month, day(transaction_date) as day"
		source := form{}.reading(q.stored(lies)+"/"+t.Dataset+"/data.csv", t)
		switch lies {
		case asParquet:
			source = fmt.Sprintf("read_parquet('%s/%s/data.parquet')", q.stored(lies), t.Dataset)
		case asPartition:
			// The date of the path is what prunes: no file of another day is opened.
			source = fmt.Sprintf("read_parquet('%s/%s/**/*.parquet', hive_partitioning = true)", q.stored(lies), t.Dataset)
			columns = strings.Replace(columns, "transaction_date", "make_date(year, month, day) as transaction_date", 1)
			dated = ", year, month, day"
		}
		if _, err := db.ExecContext(ctx, fmt.Sprintf("create view %s as select %s%s from %s", t.Name, columns, dated, source)); err != nil {
			return nil, errors.Join(fmt.Errorf("view %s of %s: %w", t.Name, lies, err), db.Close())
		}
	}
	q.lakes[lies] = db
	return db, nil
}

// lakeStatement is a named query as the lake is asked it.
func (q *querySuite) lakeStatement(ctx context.Context, name string) (_ string, err error) {
	if q.bank == nil {
		if q.bank, err = loadProject(ctx, q.project); err != nil {
			return "", err
		}
	}
	o := queries.Options{Project: q.bank, Name: name, On: model.Lake, AsOf: lastDate()}
	if of, one := strings.CutSuffix(name, "_1_day"); one {
		o.Name, o.Parameters = of, map[string]string{"days": "1"}
	}
	return queries.Bound(ctx, o)
}

func (q *querySuite) lakeTrial(ctx context.Context, name, lies string) (*bench.Trial, error) {
	db, err := q.lakeOf(ctx, lies)
	if err != nil {
		return nil, err
	}
	statement, err := q.lakeStatement(ctx, name)
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			before, err := bench.ReadSoFar()
			if err != nil {
				return err
			}
			if s.Rows, s.Hash, err = ask(ctx, db, statement); err != nil {
				return err
			}
			after, err := bench.ReadSoFar()
			s.Read = after - before
			return err
		},
		Check: func(context.Context, *result.Sample) error { return nil },
	}, nil
}

// ask runs a statement whose rows have a total order, and hashes them.
func ask(ctx context.Context, db *sql.DB, statement string) (n int64, digest string, err error) {
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return 0, "", err
	}
	cells, to := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		to[i] = &cells[i]
	}
	hash := sha256.New()
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return 0, "", err
		}
		fmt.Fprintf(hash, "%v\n", cells)
		n++
	}
	return n, hex.EncodeToString(hash.Sum(nil)), rows.Err()
}
