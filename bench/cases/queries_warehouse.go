package cases

import (
	"context"
	"fmt"
	"slices"

	"ledgermill/bench"
	"ledgermill/bench/layout"
	"ledgermill/bench/result"
	"ledgermill/engine/config"
	"ledgermill/queries"
	"ledgermill/warehouse"
)

// words are what a report calls the layouts.
func words(l layout.Layout) string {
	if l == layout.Bare {
		return "one heap"
	}
	return string(l)
}

// onWarehouse are the cases of a statement on the layouts of the warehouse.
func (q *querySuite) onWarehouse(name string, lookup, dated bool) (all []bench.Case) {
	plain := caseName(name, "warehouse", words(layout.Bare))
	for _, l := range layout.All() {
		c := bench.Case{Name: caseName(name, "warehouse", words(l)), Same: name + " on the warehouse",
			Answers:    fmt.Sprintf("%s on the warehouse: %s", name, words(l)),
			Parameters: []result.Pair{{Name: result.Query, Value: name}, {Name: result.On, Value: "warehouse"}, {Name: result.Layout, Value: words(l)}},
			Again:      true,
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
	statement, err := q.tables.Statement(ctx, l, c.SQL)
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			a, err := statement.Run(ctx)
			s.Wall, s.Rows, s.Hash = a.Took.Seconds(), a.Rows, a.Hash
			return err
		},
		Close: statement.Close,
		Check: func(ctx context.Context, s *result.Sample) error {
			plan, err := statement.Explain(ctx)
			s.BlocksHit, s.BlocksRead, s.Read = plan.Hit, plan.Read, plan.Bytes
			return err
		}}, nil
}
