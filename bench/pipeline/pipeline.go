package pipeline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"
	"golang.org/x/sync/errgroup"
)

// Pipeline is one way to do the work, and where it does it.
type Pipeline struct {
	Switches
	RowByRow bool // the worst case: an INSERT and a commit for each row, whatever the switches say

	Objects []string          // paths of CSV objects, sound ones, the last sent last
	Models  map[string]string // SQL of the bank's models by dataset
	Lake    string            // empty directory that takes the stored files
	Work    string            // directory for pipes and what spills
	URL     string            // of a database with the bank's tables, empty; Prepare gives them their shape
	Cores   int
	Memory  int64 // bytes that DuckDB may use

	shapes map[string]Shape // of the bank's tables, read by Prepare
}

// Stage is a part of a run.
type Stage struct {
	Name string
	Wall time.Duration
}

// Run does the work and returns what its parts took. Stages that overlap have their
// shares of the time together.
func (p *Pipeline) Run(ctx context.Context) ([]Stage, error) {
	w := &watch{}
	begin := time.Now()
	transform := p.rows
	if p.Vectorised {
		transform = p.vectors
	}
	if err := transform(ctx, w); err != nil {
		return nil, err
	}
	w.share(time.Since(begin))
	begin = time.Now()
	if err := p.load(ctx, w); err != nil {
		return nil, err
	}
	w.share(time.Since(begin))
	return w.stages, nil
}

// Finish builds the indexes that Prepare left out and analyses, for rows that somebody
// else has loaded.
func (p *Pipeline) Finish(ctx context.Context) error { return p.finish(ctx, &watch{}) }

// watch adds up what stages take that may overlap.
type watch struct {
	mutex  sync.Mutex
	parts  []Stage
	stages []Stage
}

// time notes that a stage ends now.
func (w *watch) time(name string, began time.Time) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	took := time.Since(began)
	for i := range w.parts {
		if w.parts[i].Name == name {
			w.parts[i].Wall += took
			return
		}
	}
	w.parts = append(w.parts, Stage{name, took})
}

// share gives the stages noted so far their shares of the time that they took
// together.
func (w *watch) share(wall time.Duration) {
	total := time.Duration(0)
	for _, part := range w.parts {
		total += part.Wall
	}
	for _, part := range w.parts {
		w.stages = append(w.stages, Stage{part.Name, time.Duration(float64(wall) * float64(part.Wall) / float64(max(total, 1)))})
	}
	w.parts = nil
}

// workers is how many do something at a time.
func (p *Pipeline) workers(many bool) int {
	if many {
		return p.Cores
	}
	return 1
}

// rows is the transformation record by record.
func (p *Pipeline) rows(ctx context.Context, w *watch) error {
	objects := make([][]transaction, len(p.Objects))
	began := time.Now()
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(p.workers(p.Threads))
	for i, path := range p.Objects {
		group.Go(func() (err error) {
			if !p.Declared {
				if _, err := inferred(inner, path); err != nil {
					return err
				}
			}
			objects[i], err = readObject(inner, path, i)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	w.time("read", began)
	began = time.Now()
	days := daysOf(settle(objects))
	results := make([]result, len(days))
	group, _ = errgroup.WithContext(ctx)
	group.SetLimit(p.workers(p.Threads))
	for i, day := range days {
		group.Go(func() error {
			facts := derive(day)
			results[i] = result{day[0].date, facts, customerDays(facts), merchantDays(facts)}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	w.time("transform", began)
	began = time.Now()
	defer func() { w.time("store", began) }()
	return p.storeRows(ctx, results)
}

// result is what is made of a date.
type result struct {
	date      time.Time
	facts     []derived
	customers []customerDay
	merchants []merchantDay
}

// vectors is the transformation by DuckDB.
func (p *Pipeline) vectors(ctx context.Context, w *watch) (err error) {
	db, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	began := time.Now()
	if err := p.readVectors(ctx, db); err != nil {
		return err
	}
	w.time("read", began)
	began = time.Now()
	for _, t := range Tables() {
		if _, err := db.ExecContext(ctx, p.transforming(t)); err != nil {
			return fmt.Errorf("transform %s: %w", t.Dataset, err)
		}
	}
	w.time("transform", began)
	began = time.Now()
	for _, t := range Tables() {
		if err := os.MkdirAll(p.dataset(t), 0o755); err != nil {
			return fmt.Errorf("store %s: %w", t.Dataset, err)
		}
		if _, err := db.ExecContext(ctx, p.storing(t)); err != nil {
			return fmt.Errorf("store %s: %w", t.Dataset, err)
		}
	}
	w.time("store", began)
	return nil
}

// open opens a DuckDB in memory with one connection, which owns its temporary tables.
func (p *Pipeline) open(ctx context.Context) (*sql.DB, error) {
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open duckdb: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, fmt.Sprintf("set threads = %d; set memory_limit = '%dB'; set temp_directory = '%s'", p.workers(p.Threads), p.Memory, p.Work))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open duckdb: %w", err), db.Close())
	}
	return db, nil
}
