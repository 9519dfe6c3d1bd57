package cases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/records"
	"ledgermill/warehouse"
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
			{Name: "lake-floor", Answers: "DuckDB as it comes turns the same objects into Parquet, one statement an object, knowing and checking nothing", Parameters: work("lake"), Ready: f.bareCopies},
			{Name: "load", Answers: "the mill loads the dated units of a lake, indexes, reconciles and swaps them in", Parameters: work("load"), Against: against("load-floor"), Ready: f.loadPart},
			{Name: "load-floor", Answers: "one connection copies the same rows from files of the server with FREEZE, leaf by leaf, builds the same indexes and analyses", Parameters: work("load"), Ready: f.serverCopies},
			{Name: "count", Answers: "the mill counts records and their fields, and hashes the bytes", Parameters: work("count"), Against: against("disk-read"), Ready: f.count},
			{Name: "disk-read", Answers: "the same objects are read and thrown away, from the memory of the system where it has them", Parameters: work("count"), Ready: f.diskRead},
			{Name: "pipe", Answers: "DuckDB streams the facts from Parquet in the format of PostgreSQL's COPY", Parameters: work("pipe"), Against: against("loopback"), Ready: f.pipe},
			{Name: "loopback", Answers: "the same bytes go through a TCP connection to this machine", Parameters: work("pipe"), Ready: f.loopback},
			{Name: "disk-write", Answers: "the bytes of the published lake are written and synchronised", Parameters: work("write"), Ready: f.diskWrite},
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
	duck, err := openDuckDB(ctx, work, true, f.lake())
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

// lakePart is the lake part of the product.
func (f *floorSuite) lakePart(ctx context.Context) (*bench.Trial, error) {
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
			m, err := openMill(ctx, f.project, f.input(), root, dir)
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
	m, err := openMill(ctx, f.project, f.input(), f.lake(), dir)
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

// count is the independent count of the survey.
func (f *floorSuite) count(context.Context) (*bench.Trial, error) {
	objects, err := f.objects()
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			for _, path := range objects {
				in, err := os.Open(path)
				if err != nil {
					return err
				}
				report, err := records.Scan(ctx, in, records.RFC4180())
				if err := errors.Join(err, in.Close()); err != nil {
					return err
				}
				s.Rows += report.Records
			}
			return nil
		},
		Check: func(_ context.Context, s *result.Sample) (err error) {
			s.Hash = pipeline.Combine(pipeline.Figures{Rows: s.Rows})
			s.Read, err = size("*", filepath.Dir(objects[0]))
			return err
		}}, nil
}

func (f *floorSuite) diskRead(context.Context) (*bench.Trial, error) {
	objects, err := f.objects()
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(_ context.Context, s *result.Sample) error {
			buffer := make([]byte, 1<<20)
			for _, path := range objects {
				in, err := os.Open(path)
				if err != nil {
					return err
				}
				// Hidden behind a plain reader, or the bytes would not come to us.
				n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{in}, buffer)
				if err := errors.Join(err, in.Close()); err != nil {
					return err
				}
				s.Read += n
			}
			return nil
		},
		Check: func(_ context.Context, s *result.Sample) error {
			s.Hash = pipeline.Combine(pipeline.Figures{Rows: s.Read})
			return nil
		}}, nil
}
