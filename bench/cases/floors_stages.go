package cases

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/warehouse"
)

// lakePart is the lake part of the product.
func (f *floorSuite) lakePart(ctx context.Context) (*bench.Trial, error) {
	return f.lakePartOn(byDuckDB)
}

// lakePartOn is lakePart with another engine.
func (f *floorSuite) lakePartOn(evaluate evaluator) (*bench.Trial, error) {
	dir, err := f.scratch()
	if err != nil {
		return nil, err
	}
	root := filepath.Join(dir, "lake")
	if err := copyLake(root, f.templateLake()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) (err error) {
			clock := newClock(s)
			m, err := f.openMillOn(ctx, f.project, f.input(), root, dir, evaluate)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, m.close()) }()
			clock.stage("open")
			err = m.run(ctx)
			clock.stage("lake")
			return err
		},
		Check: func(ctx context.Context, s *result.Sample) error {
			all, err := f.lakeFigures(ctx, s, root, func(t pipeline.Table) string { return published(root, t) })
			s.Hash = pipeline.Combine(all...)
			return err
		},
		Close: func(context.Context) error { return os.RemoveAll(dir) },
	}, nil
}

// bareCopies is the floor of the lake.
func (f *floorSuite) bareCopies(context.Context) (*bench.Trial, error) {
	dir, err := f.scratch()
	if err != nil {
		return nil, err
	}
	objects, err := f.objects()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	run := func(ctx context.Context, s *result.Sample) (err error) {
		db, err := bare()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		for i, path := range objects {
			copied, err := db.ExecContext(ctx, fmt.Sprintf("copy (select * from read_csv('%s')) to '%s/%d.parquet' (format parquet)", path, dir, i))
			if err != nil {
				return err
			}
			n, err := copied.RowsAffected()
			if err != nil {
				return err
			}
			s.Rows += n
		}
		return nil
	}
	return &bench.Trial{Run: run,
		Check: func(ctx context.Context, s *result.Sample) (err error) {
			s.Written, err = size("*.parquet", dir)
			s.Hash = pipeline.Combine(pipeline.Figures{Rows: s.Rows})
			want, counted := f.accepted(ctx)
			if s.Rows < want {
				err = errors.Join(err, &bench.VoidError{Reason: fmt.Sprintf("%d records were copied, and %d are to be accepted", s.Rows, want)})
			}
			return errors.Join(err, counted)
		},
		Close: func(context.Context) error { return os.RemoveAll(dir) },
	}, nil
}

// loadPart is the load of the product, the dimensions standing already.
func (f *floorSuite) loadPart(ctx context.Context) (*bench.Trial, error) {
	dir, err := f.scratch()
	if err != nil {
		return nil, err
	}
	url, drop, err := f.database(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	closing := func(ctx context.Context) error { return errors.Join(drop(ctx), os.RemoveAll(dir)) }
	m, err := f.openMill(ctx, f.project, f.input(), f.lake(), dir)
	if err != nil {
		return nil, errors.Join(err, closing(ctx))
	}
	w, err := warehouse.Open(ctx, warehouse.Options{URL: config.Secret(url)})
	if err != nil {
		return nil, errors.Join(err, m.close(), closing(ctx))
	}
	return &bench.Trial{
		Run: func(ctx context.Context, _ *result.Sample) error {
			_, err := m.load(ctx, w, engine.Selection{})
			return err
		},
		Check: func(ctx context.Context, s *result.Sample) error {
			all, err := warehouseFigures(ctx, url)
			for _, one := range all {
				s.Rows += one.Rows
			}
			s.Hash = pipeline.Combine(all...)
			return err
		},
		Close: func(ctx context.Context) error { return errors.Join(m.close(), closing(ctx)) },
	}, nil
}

// serverCopies is the floor of the load: into leaves made in the same way, which stay
// beside the tables.
func (f *floorSuite) serverCopies(ctx context.Context) (*bench.Trial, error) {
	dir, err := f.scratch()
	if err != nil {
		return nil, err
	}
	all, err := units(f.lake())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	url, drop, err := f.database(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			return connected(ctx, url, func(conn *pgx.Conn) error {
				for i, u := range all {
					if err := f.serverCopy(ctx, conn, u, fmt.Sprintf("floor_%d", i)); err != nil {
						return err
					}
				}
				return nil
			})
		},
		Check: func(ctx context.Context, s *result.Sample) error {
			return connected(ctx, url, func(conn *pgx.Conn) error {
				var figures []pipeline.Figures
				for _, t := range pipeline.Tables() {
					var leaves []string
					for i, u := range all {
						if u.table.Name == t.Name {
							leaves = append(leaves, fmt.Sprintf("select * from floor_%d", i))
						}
					}
					one, err := pipeline.FiguresOf(ctx, conn, t, "("+strings.Join(leaves, " union all ")+") as leaves")
					if err != nil {
						return err
					}
					s.Rows += one.Rows
					figures = append(figures, one)
				}
				s.Hash = pipeline.Combine(figures...)
				return nil
			})
		},
		Close: func(ctx context.Context) error { return errors.Join(drop(ctx), os.RemoveAll(dir)) },
	}, nil
}

func (f *floorSuite) serverCopy(ctx context.Context, conn *pgx.Conn, u unit, leaf string) error {
	shape, err := pipeline.ShapeOf(ctx, conn, u.table.Name)
	if err != nil {
		return err
	}
	from, to := u.date.Format(time.DateOnly), u.date.AddDate(0, 0, 1).Format(time.DateOnly)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`create table %[1]s (like %[2]s including defaults including constraints including storage,
  check (transaction_date >= date '%[3]s' and transaction_date < date '%[4]s'));
alter table %[1]s alter column etl_job_id set default 'bench';
alter table %[1]s alter column etl_processed_timestamp set default timestamp '2025-02-01 00:00:00';
copy %[1]s (%[5]s) from '%[6]s' (format csv, freeze)`, leaf, u.table.Name, from, to, strings.Join(u.table.Stored(), ", "), f.csv(u)))
		return err
	})
	if err != nil {
		return fmt.Errorf("copy %s: %w", f.csv(u), err)
	}
	if err := shape.Build(ctx, conn, leaf); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "analyze "+leaf)
	return err
}
