package spark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Make evaluates one model on one unit. Its rows become the unit's file on this
// machine: in total order, as one object, and read again before they count.
func (e *Engine) Make(ctx context.Context, t job.Task) (job.File, error) {
	file, err := e.make(ctx, t)
	if err == nil {
		return file, nil
	}
	var app *ApplicationError
	if errors.As(err, &app) || ctx.Err() != nil {
		return file, fmt.Errorf("model %s of %s: %w", t.Model.Name, t.Unit, err) // not the model's
	}
	return file, &job.ModelError{Model: t.Model.Name, Pos: placeIn(t.Model, err), Unit: t.Unit, Err: err}
}

func (e *Engine) make(ctx context.Context, t job.Task) (job.File, error) {
	inputs := t.Model.Inputs
	if t.Model.ReadsItself {
		inputs = append(slices.Clone(inputs), t.Model.Name)
	}
	views, err := e.views(t, inputs)
	if err != nil {
		return job.File{}, err
	}
	parts, err := e.evaluate(ctx, t, views)
	if err != nil {
		return job.File{}, err
	}
	file, err := e.writeHere(ctx, t, parts)
	switch {
	case len(parts) == 0:
	case e.shared && err == nil:
		e.made.Store(file.Path, parts) // what reads it reads these: the file is this machine's
	default:
		err = errors.Join(err, e.remove(ctx, above(parts[0])))
	}
	return file, err
}

// lanes are how many units are evaluated at the same time: as many as one job takes, of
// this model and of that.
const lanes = 2 * mostUnits

// Lanes is how many units may be made at the same time: Spark parts them among its
// executors.
func (e *Engine) Lanes() int { return lanes }

// Seen is the exchange, where it is a directory: the files of a lake that executors are
// not to read by themselves are copied there.
func (e *Engine) Seen() string {
	if inStore(e.settings.Exchange) {
		return ""
	}
	return e.settings.Exchange
}

// largeRows is the size of a unit's rows in Parquet from which this machine sorts them
// one unit at a time.
const largeRows = 8 << 20

// writeHere makes the file of a unit on this machine, which has fewer cores than there
// are units that have been evaluated.
func (e *Engine) writeHere(ctx context.Context, t job.Task, parts []string) (file job.File, err error) {
	weight := int64(1)
	if rowBytes(parts) > largeRows {
		weight = 2
	}
	if err := e.here.Acquire(ctx, weight); err != nil {
		return file, context.Cause(ctx)
	}
	defer e.here.Release(weight)
	return e.local.Write(ctx, t, parts)
}

// rowBytes is the size of files; of those in a store it is not known, and taken for
// large.
func rowBytes(parts []string) (bytes int64) {
	for _, p := range parts {
		info, err := os.Stat(p)
		if err != nil {
			return largeRows + 1
		}
		bytes += info.Size()
	}
	return bytes
}

// placeIn is where in a model's file an error is, as far as that is known.
func placeIn(one *model.Model, err error) sqltext.Pos {
	pos := sqltext.Pos{File: one.File}
	var statement *StatementError
	start := strings.Index(one.Source, one.SQL)
	if start < 0 || !errors.As(err, &statement) || statement.Off < 0 || statement.Off > len(one.SQL) {
		return pos
	}
	before := one.Source[:start+statement.Off]
	pos.Line = 1 + strings.Count(before, "\n")
	pos.Col = 1 + utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:])
	return pos
}

// views makes each input what may be seen of it.
func (e *Engine) views(t job.Task, inputs []string) ([]view, error) {
	var views []view
	if last := t.Unit.Last(); !last.IsZero() {
		views = append(views, view{Name: model.BusinessDay, SQL: fmt.Sprintf("select %s as business_date, %s as previous_business_date, %t as is_month_end",
			date(last), date(t.Previous), last.AddDate(0, 0, 1).Day() == 1)})
	}
	for _, name := range inputs {
		units, isContract := t.Inputs.Contracts[name]
		if isContract {
			v, err := e.contractView(name, units)
			if err != nil {
				return nil, err
			}
			views = append(views, v)
			continue
		}
		one := e.models[name]
		if one == nil {
			return nil, fmt.Errorf("dataset %s is no model of this project", name)
		}
		var more []string
		if one.Dated() {
			more = calendar(one.BusinessDate)
		}
		views = append(views, files(name, e.rows(t.Inputs.Files[name]), modelColumns(one), more, "true"))
	}
	return views, nil
}

// rows are where Spark finds the rows of files.
func (e *Engine) rows(paths []string) []string {
	var all []string
	for _, p := range paths {
		if parts, ok := e.made.Load(p); ok {
			all = append(all, parts.([]string)...)
			continue
		}
		all = append(all, p)
	}
	return all
}

func date(t time.Time) string {
	if t.IsZero() {
		return "cast(null as date)"
	}
	return "date '" + t.Format(time.DateOnly) + "'"
}

func (e *Engine) contractView(name string, units []job.Unit) (view, error) {
	c, f := e.contracts[name], e.feeds[name]
	if c == nil || f == nil && len(units) > 0 {
		return view{}, fmt.Errorf("contract %s has not been landed", name)
	}
	var paths, more []string
	for _, u := range units {
		if !f.settled[u] {
			return view{}, fmt.Errorf("unit %s of contract %s has not been settled", u, name)
		}
		paths = append(paths, f.accepted[u]...)
	}
	if c.BusinessDate != "" {
		more = calendar(c.BusinessDate)
	}
	return files(name, paths, contractColumns(c), more, "true"), nil
}
