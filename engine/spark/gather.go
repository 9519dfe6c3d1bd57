package spark

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// Units of one model that may be evaluated at the same time are evaluated by one job of
// Spark. Each is evaluated by itself, on what it alone may see: they share what a job
// costs, which is more than the work of a small unit.

// mostUnits is how many units one job evaluates at most: a plan of many more takes
// longer to make than two of half of them.
const mostUnits = 32

// gathering is how long the first unit waits for those that are on their way.
const gathering = 10 * time.Millisecond

// wanted is a unit that waits for its rows.
type wanted struct {
	ctx   context.Context // of the caller: those that wait together are of one run's batch
	unit  job.Unit
	views []view
	came  chan evaluated
}

// evaluated are the files of a unit's rows.
type evaluated struct {
	files []string
	err   error
}

// queue is what waits, by model, and which models Spark is at work on.
type queue struct {
	mu      sync.Mutex
	waiting map[string][]*wanted
	busy    map[string]bool
}

// add queues a unit and reports whether nobody is at work on its model.
func (q *queue) add(name string, w *wanted) (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first = !q.busy[name]
	q.waiting[name], q.busy[name] = append(q.waiting[name], w), true
	return first
}

// take are the units of a model to evaluate next. After none, nobody is at work on it.
func (q *queue) take(name string) []*wanted {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.waiting[name]
	n := min(len(all), mostUnits)
	q.waiting[name], q.busy[name] = all[n:], n > 0
	return all[:n:n]
}

// evaluate has Spark evaluate a model on a unit and returns the files of its rows.
func (e *Engine) evaluate(ctx context.Context, t job.Task, views []view) ([]string, error) {
	w := &wanted{ctx: ctx, unit: t.Unit, views: views, came: make(chan evaluated, 1)}
	if e.queue.add(t.Model.Name, w) {
		go func() {
			time.Sleep(gathering)
			for units := e.queue.take(t.Model.Name); len(units) > 0; units = e.queue.take(t.Model.Name) {
				e.evaluateAll(t.Model, units)
			}
		}()
	}
	got := <-w.came
	return got.files, got.err
}

// evaluateAll answers all that wait. Where they fail together each is evaluated alone:
// what is wrong with one is no other's.
func (e *Engine) evaluateAll(one *model.Model, units []*wanted) {
	ctx := units[0].ctx
	if len(units) > 1 {
		files, err := e.together(ctx, one, units)
		if err == nil || ctx.Err() != nil {
			for _, w := range units {
				w.came <- evaluated{files[w.unit], err}
			}
			return
		}
		e.settings.Log.DebugContext(ctx, "spark: units are evaluated one by one", "model", one.Name, "units", len(units))
	}
	for _, w := range units {
		files, err := e.write(ctx, request{What: one.Name + " " + string(w.unit), Views: w.views, SQL: one.SQL}, one.Name)
		w.came <- evaluated{files, err}
	}
}

// together evaluates units by one job, into a directory each.
func (e *Engine) together(ctx context.Context, one *model.Model, units []*wanted) (map[job.Unit][]string, error) {
	column := unitColumn(one)
	r := request{What: fmt.Sprintf("%s of %d units", one.Name, len(units)), SQL: one.SQL, Partition: []string{column}}
	for _, w := range units {
		r.Units = append(r.Units, unitViews{Unit: w.unit, Views: w.views})
	}
	all, err := e.write(ctx, r, one.Name)
	if err != nil {
		return nil, err
	}
	files := map[job.Unit][]string{}
	for _, path := range all {
		u := job.Unit(stepOf(path, column))
		files[u] = append(files[u], path)
	}
	return files, nil
}

// unitColumn is a name that no column of the model has.
func unitColumn(one *model.Model) string {
	name := "_unit"
	for slices.ContainsFunc(one.Columns, func(c model.Column) bool { return strings.EqualFold(c.Name, name) }) {
		name += "_"
	}
	return name
}

// stepOf is the value of a column in a path of hive: .../_unit=2025-01-31/part-0....
func stepOf(path, column string) string {
	for _, step := range strings.Split(path, "/") {
		if value, ok := strings.CutPrefix(step, column+"="); ok {
			return value
		}
	}
	return ""
}
