package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ledgermill/bench"
	"ledgermill/bench/layout"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/model"
	"ledgermill/queries"
	"ledgermill/warehouse"
)

// queryDays are the least days that queries are asked over: of fewer, no date would
// leave much out.
const queryDays = 10

// querySuite asks the same on several layouts of the same rows. What it opens, the
// process keeps: a case may take less than a millisecond.
type querySuite struct {
	data
	project fs.FS

	bank   *model.Project
	tables *layout.Tables
	cases  map[string]layout.Case
	plans  map[string]layout.Plan // by case and layout: counted once a process
	lakes  map[string]*sql.DB     // by layout
}

// queryData is as many rows as the run has, over enough days.
func queryData(p bench.Place) data {
	d := dataOf(p)
	if d.days < queryDays {
		d.rows, d.days = max(d.rows*d.days/queryDays, 100), queryDays
	}
	return d
}

func querySuiteOf(p bench.Place, project fs.FS) bench.Suite {
	q := &querySuite{data: queryData(p), project: project, plans: map[string]layout.Plan{}, lakes: map[string]*sql.DB{}}
	s := bench.Suite{Name: "queries", Weight: 4, Server: true, Shared: true, Prepare: q.prepare, Close: q.close,
		Answers: "What do partitions and indexes give queries of the warehouse, and Parquet and partitions queries of the lake?"}
	for _, one := range named(project) {
		if one.warehouse {
			s.Cases = append(s.Cases, q.onWarehouse(one.name, false, one.dated)...)
		}
		if one.lake {
			s.Cases = append(s.Cases, q.onLake(one.name, one.dated)...)
		}
	}
	for _, name := range layout.LookupNames() {
		s.Cases = append(s.Cases, q.onWarehouse(name, true, strings.Contains(name, "date"))...)
	}
	return s
}

// namedQuery is what a query's file says of it, without its being checked.
type namedQuery struct {
	name            string
	warehouse, lake bool
	dated           bool // it asks for one day, so that dates leave most out
}

// named are the project's queries; those of the last days come for one day, too.
func named(project fs.FS) (all []namedQuery) {
	paths, _ := fs.Glob(project, "queries/*.sql") // the pattern is sound
	for _, file := range paths {
		text, err := fs.ReadFile(project, file)
		if err != nil {
			continue // it is missed where the queries are bound
		}
		one := namedQuery{name: strings.TrimSuffix(path.Base(file), ".sql")}
		both := strings.Contains(string(text), "-- on: both")
		one.warehouse = both || strings.Contains(string(text), "-- on: warehouse")
		one.lake = both || strings.Contains(string(text), "-- on: lake")
		all = append(all, one)
		if strings.Contains(string(text), "/* $days */") {
			one.name, one.dated = one.name+"_1_day", true
			all = append(all, one)
		}
	}
	return all
}

// words are what a report calls the layouts.
func words(l layout.Layout) string {
	if l == layout.Bare {
		return "one heap"
	}
	return string(l)
}

func caseName(query, on, lies string) string {
	return query + "/" + on + "/" + strings.ReplaceAll(lies, " ", "-")
}

// onWarehouse are the cases of a statement on the layouts of the warehouse.
func (q *querySuite) onWarehouse(name string, lookup, dated bool) (all []bench.Case) {
	plain := caseName(name, "warehouse", words(layout.Bare))
	for _, l := range layout.All() {
		c := bench.Case{Name: caseName(name, "warehouse", words(l)), Same: name + " on the warehouse",
			Answers:    fmt.Sprintf("%s on the warehouse: %s", name, words(l)),
			Parameters: []result.Pair{{Name: result.Query, Value: name}, {Name: result.On, Value: "warehouse"}, {Name: result.Layout, Value: words(l)}},
			Ready:      func(ctx context.Context) (*bench.Trial, error) { return q.warehouseTrial(ctx, name, l) }}
		if l != layout.Bare {
			against := result.Comparison{Kind: result.Plain, Case: plain}
			switch {
			case l == layout.Partitions && dated:
				against.Promise = result.Pruning
			case l == layout.Indexes && lookup:
				against.Promise = result.Indexes
			case l == layout.Both && !lookup:
				against.Promise = result.Queries
			}
			c.Against = []result.Comparison{against}
		}
		all = append(all, c)
	}
	return all
}

func (q *querySuite) prepare(ctx context.Context) (err error) {
	if err := q.makeLake(ctx, q.project); err != nil {
		return err
	}
	if err := q.storeLakes(ctx); err != nil {
		return err
	}
	if err := execute(ctx, q.Server, "create database "+q.databaseName()+" template template0"+locale); err != nil {
		return err
	}
	m, err := openMill(ctx, q.project, q.input(), q.lake(), q.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	w, err := q.open(ctx)
	if err != nil {
		return err
	}
	if _, err := w.Migrate(ctx, m.project.Warehouse); err != nil {
		return err
	}
	if _, err := m.load(ctx, w, engine.Selection{}); err != nil {
		return err
	}
	url, err := q.urlOf(q.databaseName())
	if err != nil {
		return err
	}
	tables, err := layout.Open(ctx, config.Secret(url), nil)
	if err != nil {
		return err
	}
	return tables.Close(ctx)
}

func (q *querySuite) databaseName() string { return q.Prefix() + "queries" }

func (q *querySuite) open(ctx context.Context) (*warehouse.Warehouse, error) {
	url, err := q.urlOf(q.databaseName())
	if err != nil {
		return nil, err
	}
	return warehouse.Open(ctx, warehouse.Options{URL: config.Secret(url)})
}

// bind opens the layouts and the statements, once.
func (q *querySuite) bind(ctx context.Context) (err error) {
	if q.cases != nil {
		return nil
	}
	if q.bank, err = loadProject(ctx, q.project); err != nil {
		return err
	}
	url, err := q.urlOf(q.databaseName())
	if err != nil {
		return err
	}
	if q.tables, err = layout.Open(ctx, config.Secret(url), nil); err != nil {
		return err
	}
	w, err := q.open(ctx)
	if err != nil {
		return err
	}
	all, err := layout.Named(ctx, queries.Options{Project: q.bank, Warehouse: w, AsOf: lastDate()})
	if err != nil {
		return err
	}
	lookups, err := q.tables.Lookups(ctx)
	if err != nil {
		return err
	}
	q.cases = map[string]layout.Case{}
	for _, c := range slices.Concat(all, lookups) {
		q.cases[c.Name] = c
	}
	return nil
}

func (q *querySuite) warehouseTrial(ctx context.Context, name string, l layout.Layout) (*bench.Trial, error) {
	if err := q.bind(ctx); err != nil {
		return nil, err
	}
	c, known := q.cases[name]
	if !known {
		return nil, fmt.Errorf("no statement is named %s", name)
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			a, err := q.tables.Run(ctx, l, c.SQL)
			s.Wall, s.Rows, s.Hash = a.Took.Seconds(), a.Rows, a.Hash
			return err
		},
		Check: func(ctx context.Context, s *result.Sample) error {
			key := name + " " + string(l)
			plan, counted := q.plans[key]
			if !counted {
				var err error
				if plan, err = q.tables.Explain(ctx, l, c.SQL); err != nil {
					return err
				}
				q.plans[key] = plan
			}
			s.BlocksHit, s.BlocksRead, s.Read = plan.Hit, plan.Read, plan.Bytes
			return nil
		}}, nil
}

func (q *querySuite) close() (err error) {
	if q.tables != nil {
		err = q.tables.Close(context.Background())
	}
	for _, db := range q.lakes {
		err = errors.Join(err, db.Close())
	}
	return err
}

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
