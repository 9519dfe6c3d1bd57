package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"ledgermill/engine/duckdb"
)

// item is stored rows on their way into a table.
type item struct {
	table   Table
	date    time.Time // zero: all dates
	pattern string    // of the stored files
}

// leaf is the table, or its partition of the date.
func (i item) leaf() string {
	if i.date.IsZero() {
		return i.table.Name
	}
	return leaf(i.table.Name, i.date)
}

// load brings the warehouse what is stored.
func (p *Pipeline) load(ctx context.Context, w *watch) error {
	items, err := p.items()
	if err != nil {
		return err
	}
	var reader *duckdb.Engine
	if p.Parquet {
		threads := p.workers(p.Threads)
		if reader, err = duckdb.Open(ctx, duckdb.Settings{MemoryLimit: p.Memory, Threads: threads, Work: p.Work, Readable: []string{p.Lake}, Ordered: true}); err != nil {
			return err
		}
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(p.workers(p.Parallel))
	for _, i := range items {
		group.Go(func() error {
			err := p.connected(inner, func(conn *pgx.Conn) error { return p.loadItem(inner, conn, i, reader, w) })
			if err != nil {
				return fmt.Errorf("load %s: %w", i.leaf(), err)
			}
			return nil
		})
	}
	err = group.Wait()
	if reader != nil {
		err = errors.Join(err, reader.Close())
	}
	if err != nil {
		return err
	}
	return p.finish(ctx, w)
}

// items are what is to be loaded, the facts first.
func (p *Pipeline) items() (items []item, err error) {
	for _, t := range Tables() {
		if !p.Partitioned {
			items = append(items, item{t, time.Time{}, filepath.Join(p.dataset(t), "*"+p.extension())})
			continue
		}
		dirs, err := filepath.Glob(filepath.Join(p.dataset(t), "year=*", "month=*", "day=*"))
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			var year, month, day int
			rest, _ := filepath.Rel(p.dataset(t), dir)
			if _, err := fmt.Sscanf(rest, "year=%d/month=%d/day=%d", &year, &month, &day); err != nil {
				return nil, fmt.Errorf("date of %s: %w", rest, err)
			}
			items = append(items, item{t, time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), filepath.Join(dir, "*"+p.extension())})
		}
	}
	return items, nil
}

// loadItem loads an item and makes it visible.
func (p *Pipeline) loadItem(ctx context.Context, conn *pgx.Conn, i item, reader *duckdb.Engine, w *watch) error {
	paths, err := filepath.Glob(i.pattern)
	if err != nil {
		return err
	}
	slices.Sort(paths)
	s := &source{table: i.table, paths: paths, reader: reader}
	if p.Swap {
		return p.swapIn(ctx, conn, i, s, w)
	}
	return p.putIn(ctx, conn, i, s, w)
}

// source is stored rows, as a load reads them.
type source struct {
	table  Table
	paths  []string
	reader *duckdb.Engine // of Parquet
}

// csv opens the rows as CSV without a header.
func (s *source) csv(ctx context.Context) io.ReadCloser {
	all := &sequence{left: s.paths, open: func(path string) (io.ReadCloser, error) { return os.Open(path) }}
	if s.reader != nil {
		all.open = func(path string) (io.ReadCloser, error) { return s.reader.CSV(ctx, path, s.table.Stored(), "") }
	}
	return all
}

// sequence reads files one after the other.
type sequence struct {
	left []string
	open func(path string) (io.ReadCloser, error)
	now  io.ReadCloser // nil between files
}

// Read implements io.Reader.
func (s *sequence) Read(into []byte) (n int, err error) {
	for {
		if s.now == nil {
			if len(s.left) == 0 {
				return 0, io.EOF
			}
			if s.now, err = s.open(s.left[0]); err != nil {
				return 0, err
			}
			s.left = s.left[1:]
		}
		n, err = s.now.Read(into)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := s.Close(); err != nil || n > 0 {
			return n, err
		}
	}
}

// Close implements io.Closer.
func (s *sequence) Close() error {
	now := s.now
	if now == nil {
		return nil
	}
	s.now = nil
	return now.Close()
}

// putIn replaces an item's rows where the others are.
func (p *Pipeline) putIn(ctx context.Context, conn *pgx.Conn, i item, rows *source, w *watch) error {
	began := time.Now()
	where := ""
	if p.Partitioned {
		from, to := bounds(i.date)
		err := execute(ctx, conn, fmt.Sprintf("create table %s partition of %s for values from ('%s') to ('%s')", i.leaf(), i.table.Name, from, to))
		if err != nil {
			return err
		}
		where = " where transaction_date = date '" + from + "'"
	}
	load := func() error {
		if _, err := conn.Exec(ctx, "delete from "+i.table.Name+where); err != nil {
			return err
		}
		return p.send(ctx, conn, i.table.Name, rows, false)
	}
	var err error
	if p.RowByRow {
		err = load()
	} else {
		err = pgx.BeginFunc(ctx, conn, func(pgx.Tx) error { return load() })
	}
	if err != nil {
		return err
	}
	w.time("load", began)
	if p.Partitioned && p.IndexLast {
		began = time.Now()
		defer func() { w.time("index", began) }()
		return p.shapes[i.table.Name].Build(ctx, conn, i.leaf())
	}
	return nil
}

// swapIn fills a fresh table and lets it take its place.
func (p *Pipeline) swapIn(ctx context.Context, conn *pgx.Conn, i item, rows *source, w *watch) error {
	fresh := "fresh_" + i.leaf()
	create := fmt.Sprintf("create table %s (like %s %s", fresh, i.table.Name, bare)
	place := []string{"drop table " + i.table.Name, fmt.Sprintf("alter table %s rename to %s", fresh, i.table.Name)}
	if p.Partitioned {
		from, to := bounds(i.date)
		create += fmt.Sprintf(", check (transaction_date >= date '%s' and transaction_date < date '%s')", from, to)
		place = []string{fmt.Sprintf("alter table %s attach partition %s for values from ('%s') to ('%s')", i.table.Name, fresh, from, to)}
	}
	s := p.shapes[i.table.Name]
	began := time.Now()
	fill := func() error {
		if err := execute(ctx, conn, create+")"); err != nil {
			return err
		}
		if !p.IndexLast {
			if err := s.Build(ctx, conn, fresh); err != nil {
				return err
			}
		}
		return p.send(ctx, conn, fresh, rows, true)
	}
	if err := pgx.BeginFunc(ctx, conn, func(pgx.Tx) error { return fill() }); err != nil {
		return err
	}
	w.time("load", began)
	if p.IndexLast {
		began = time.Now()
		if err := s.Build(ctx, conn, fresh); err != nil {
			return err
		}
		w.time("index", began)
	}
	began = time.Now()
	defer func() { w.time("swap", began) }()
	if err := execute(ctx, conn, "analyze "+fresh); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(pgx.Tx) error { return execute(ctx, conn, place...) })
}

// finish builds what was left for last, and analyses.
func (p *Pipeline) finish(ctx context.Context, w *watch) error {
	return p.connected(ctx, func(conn *pgx.Conn) error {
		for _, t := range Tables() {
			began := time.Now()
			if p.IndexLast && !p.Swap {
				// Of leaves it adopts what they have already.
				if err := p.shapes[t.Name].Build(ctx, conn, t.Name); err != nil {
					return err
				}
				w.time("index", began)
				began = time.Now()
			}
			statement := "analyze " + t.Name
			if p.Swap && p.Partitioned {
				statement = "analyze only " + t.Name
			}
			if p.Swap && !p.Partitioned {
				continue
			}
			if err := execute(ctx, conn, statement); err != nil {
				return err
			}
			w.time("load", began)
		}
		return nil
	})
}
