package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	duck "github.com/duckdb/duckdb-go/v2"
	"github.com/jackc/pgx/v5"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
)

// Names of ladder cases that others are compared with.
const (
	naive   = "naive"
	product = "product"
)

func rung(i int, o pipeline.Optimisation) string { return fmt.Sprintf("rung-%d-%s", i+1, o.Name) }

// What the two ends of the ladder are.
const (
	aboutNaive   = "a first version: records parsed one by one in one thread, CSV stored, INSERTs of a thousand rows into one heap that has its indexes"
	aboutProduct = "the mill itself, with its accounts, audits, tests, ledger and reconciliation"
)

// whole measures the two ends of the ladder, all rows of the run: that is what was
// promised.
func whole(p bench.Place, project fs.FS) bench.Suite {
	d := dataOf(p)
	return bench.Suite{Name: "whole", Weight: 5, Server: true,
		Answers: "How long does the whole take, from raw CSV objects to an indexed warehouse, by the naive pipeline and by the mill?",
		Prepare: func(ctx context.Context) error { return d.makeTemplate(ctx, project) },
		Cases: []bench.Case{
			{Name: naive, Answers: aboutNaive, Same: "rows", Ready: func(ctx context.Context) (*bench.Trial, error) {
				return d.pipelineTrial(ctx, project, pipeline.Switches{}, false)
			}},
			{Name: product, Answers: aboutProduct, Same: "rows", Against: []result.Comparison{{Kind: result.Naive, Case: naive, Promise: result.Time}, {Kind: result.Naive, Case: naive, Promise: result.Rate}},
				Ready: func(ctx context.Context) (*bench.Trial, error) { return d.productTrial(ctx, project) }},
		}}
}

// ladderDays are the least days that the ladder is climbed with: of one, no leaf would
// have another beside it.
const ladderDays = 3

// ladderData is a third of the run's rows, so that each of many cases can have its
// repetitions. With much fewer, what costs the same for any number would be all there is.
func ladderData(p bench.Place) data {
	days := max(p.Days, ladderDays)
	return data{p, max(p.Rows*p.Days/3/days, 100), days}
}

// ladder climbs from the naive pipeline to the mill. A rung is compared with the one
// below it, what is added alone with the naive pipeline, what is taken alone with the
// highest rung of the pipeline; the product with both ends of it.
func ladder(p bench.Place, project fs.FS) bench.Suite {
	d := ladderData(p)
	s := bench.Suite{Name: "ladder", Weight: 14, Server: true,
		Answers: "What does each optimisation give on the way from raw CSV objects to an indexed warehouse, in order, alone, and at the end?",
		Prepare: func(ctx context.Context) error {
			if err := d.make(ctx); err != nil {
				return err
			}
			return d.makeTemplate(ctx, project)
		}}
	add := func(name, answers string, switches pipeline.Switches, rowByRow bool, parameters []result.Pair, against ...result.Comparison) {
		s.Cases = append(s.Cases, bench.Case{Name: name, Answers: answers, Same: "rows", Parameters: parameters, Against: against,
			Ready: func(ctx context.Context) (*bench.Trial, error) {
				return d.pipelineTrial(ctx, project, switches, rowByRow)
			}})
	}
	add(naive, aboutNaive, pipeline.Switches{}, false, nil)
	all := pipeline.Optimisations()
	below, climbed := naive, pipeline.Switches{}
	for i, o := range all {
		climbed = o.With(climbed)
		add(rung(i, o), o.About, climbed, false, nil, result.Comparison{Kind: result.Previous, Case: below})
		below = rung(i, o)
	}
	s.Cases = append(s.Cases, bench.Case{Name: product, Answers: aboutProduct, Same: "rows", Parameters: []result.Pair{{Name: result.Program, Value: "ledgermill"}},
		Against: []result.Comparison{{Kind: result.Previous, Case: below}, {Kind: result.Naive, Case: naive}},
		Ready:   func(ctx context.Context) (*bench.Trial, error) { return d.productTrial(ctx, project) }})
	for _, o := range all {
		add("only-"+o.Name, "the naive pipeline, but "+o.About, o.With(pipeline.Switches{}), false,
			[]result.Pair{{Name: result.Optimisation, Value: o.Name}}, result.Comparison{Kind: result.Naive, Case: naive})
	}
	for _, o := range all {
		add("without-"+o.Name, "the highest rung, but not this: "+o.About, o.Without(pipeline.Full()), false,
			[]result.Pair{{Name: result.Optimisation, Value: o.Name}}, result.Comparison{Kind: result.Full, Case: below})
	}
	add("autocommit", "the worst case, which nobody should write: the naive pipeline with an INSERT and a commit for each row", pipeline.Switches{}, true, nil,
		result.Comparison{Kind: result.Naive, Case: naive})
	s.Cases[len(s.Cases)-1].Single = true
	return s
}

// pipelineTrial is one run of a pipeline into a lake and a database of its own.
func (d data) pipelineTrial(ctx context.Context, project fs.FS, switches pipeline.Switches, rowByRow bool) (_ *bench.Trial, err error) {
	p := &pipeline.Pipeline{Switches: switches, RowByRow: rowByRow, Models: map[string]string{}, Cores: runtime.NumCPU(), Memory: d.Memory}
	if p.Objects, err = d.objects(); err != nil {
		return nil, err
	}
	for _, t := range pipeline.Tables() {
		text, err := fs.ReadFile(project, "sql/models/"+t.Dataset+".sql")
		if err != nil {
			return nil, err
		}
		p.Models[t.Dataset] = string(text)
	}
	dir, err := d.scratch()
	if err != nil {
		return nil, err
	}
	p.Lake, p.Work = filepath.Join(dir, "lake"), filepath.Join(dir, "work")
	url, drop, err := d.database(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.URL = url
	closing := func(ctx context.Context) error { return errors.Join(drop(ctx), os.RemoveAll(dir)) }
	if err := errors.Join(os.Mkdir(p.Lake, 0o755), os.Mkdir(p.Work, 0o755), p.Prepare(ctx)); err != nil {
		return nil, errors.Join(err, closing(ctx))
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			stages, err := p.Run(ctx)
			for _, stage := range stages {
				s.Stages = append(s.Stages, result.Stage{Name: stage.Name, Wall: stage.Wall.Seconds()})
			}
			return err
		},
		Check: func(ctx context.Context, s *result.Sample) error {
			return d.checkOutput(ctx, s, p.URL, p.Lake, p.Stored)
		},
		Close: closing,
	}, nil
}

// productTrial is one run of the mill, on a lake and a database that know the
// dimensions already: the pipelines do not make them either.
func (d data) productTrial(ctx context.Context, project fs.FS) (*bench.Trial, error) {
	dir, err := d.scratch()
	if err != nil {
		return nil, err
	}
	root := filepath.Join(dir, "lake")
	if err := copyLake(root, d.templateLake()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	url, drop, err := d.database(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	run := func(ctx context.Context, s *result.Sample) (err error) {
		clock := newClock(s)
		m, err := d.openMill(ctx, project, d.input(), root, dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.close()) }()
		clock.stage("open")
		if err := m.run(ctx); err != nil {
			return err
		}
		clock.stage("lake")
		err = m.loadInto(ctx, url)
		clock.stage("load")
		return err
	}
	return &bench.Trial{Run: run,
		Check: func(ctx context.Context, s *result.Sample) error {
			return d.checkOutput(ctx, s, url, root, func(t pipeline.Table) string {
				return published(root, t)
			})
		},
		Close: func(ctx context.Context) error { return errors.Join(drop(ctx), os.RemoveAll(dir)) },
	}, nil
}

// checkOutput notes what lies in a lake and a database, and compares the facts with
// what the generator says.
func (d data) checkOutput(ctx context.Context, s *result.Sample, url, root string, stored func(pipeline.Table) string) error {
	lake, err := d.lakeFigures(ctx, s, root, stored)
	if err != nil {
		return err
	}
	house, err := warehouseFigures(ctx, url)
	if err != nil {
		return err
	}
	for i, t := range pipeline.Tables() {
		if lake[i].Rows != house[i].Rows {
			return &bench.VoidError{Reason: fmt.Sprintf("%s: %d rows stored, %d loaded", t.Name, lake[i].Rows, house[i].Rows)}
		}
	}
	s.Hash = pipeline.Combine(append(lake, house...)...)
	return nil
}

// lakeFigures are those of the stored tables. The sample gets their bytes, and the
// number of facts.
func (d data) lakeFigures(ctx context.Context, s *result.Sample, root string, stored func(pipeline.Table) string) (all []pipeline.Figures, err error) {
	db, err := bare()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, t := range pipeline.Tables() {
		f, err := pipeline.LakeFigures(ctx, db, stored(t), t.Columns)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
		bytes, err := size("*", filepath.Join(root, t.Dataset))
		if err != nil {
			return nil, err
		}
		s.Written += bytes
	}
	s.Rows = all[0].Rows
	want, err := d.accepted(ctx)
	if err == nil && s.Rows != want {
		err = &bench.VoidError{Reason: fmt.Sprintf("%d facts are stored, and the generator made %d that are to be accepted", s.Rows, want)}
	}
	return all, err
}

func warehouseFigures(ctx context.Context, url string) (all []pipeline.Figures, err error) {
	err = connected(ctx, url, func(conn *pgx.Conn) error {
		for _, t := range pipeline.Tables() {
			f, err := pipeline.WarehouseFigures(ctx, conn, t)
			if err != nil {
				return err
			}
			all = append(all, f)
		}
		return nil
	})
	return all, err
}

// bare opens a DuckDB with its own defaults.
func bare() (*sql.DB, error) {
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open duckdb: %w", err)
	}
	return sql.OpenDB(connector), nil
}
