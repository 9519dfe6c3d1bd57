package cases

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path"
	"strings"

	"ledgermill/bench"
	"ledgermill/bench/layout"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/model"
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

	lakes map[string]*sql.DB // by layout
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
	q := &querySuite{data: queryData(p), project: project, lakes: map[string]*sql.DB{}}
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

func caseName(query, on, lies string) string {
	return query + "/" + on + "/" + strings.ReplaceAll(lies, " ", "-")
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
	m, err := q.openMill(ctx, q.project, q.input(), q.lake(), q.Dir)
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
	if err := tables.Close(ctx); err != nil {
		return err
	}
	// Otherwise the first to read a row, or a server in the background, would do it.
	return execute(ctx, url, "vacuum (analyze)", "checkpoint")
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
