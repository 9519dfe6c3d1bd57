package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/lineage"
	"ledgermill/engine/model"
)

// Events tell the world of a run in OpenLineage's words. Emit never waits and never
// fails.
type Events struct {
	Writer *lineage.Writer
	Emit   func(lineage.Event)
}

// told is what a run has told of itself; nil where nobody listens.
type told struct {
	run      lineage.Run
	emit     func(lineage.Event)
	datasets []string // whose START was told
}

// tell tells that a run begins.
func (m *Mill) tell(report *Report) *told {
	if m.Events == nil {
		return nil
	}
	t := &told{emit: m.Events.Emit, run: lineage.Run{Writer: m.Events.Writer, ID: m.Run, Started: report.Started, Engine: m.Engine.Name()}}
	t.emit(t.run.Begin())
	return t
}

// failed tells that a run ended before it had a plan.
func (t *told) failed(m *Mill, err error) {
	if t != nil {
		t.emit(t.run.End(m.Now(), lineage.Outcome{Failure: m.discreet(err.Error())}))
	}
}

// tellPlanned tells which models the run looks at.
func (r *run) tellPlanned() {
	if r.told == nil {
		return
	}
	for _, name := range r.Project.Order {
		planned := slices.ContainsFunc(r.plan.Units, func(u PlannedUnit) bool {
			return u.Dataset == name && (u.Action == ActionMake || u.Action == ActionCheck)
		})
		if one := r.Project.Models[name]; one != nil && planned {
			r.told.datasets = append(r.told.datasets, name)
			r.told.emit(r.told.run.BeginDataset(name, one.SQL, r.Now()))
		}
	}
}

// tellEnd tells what became of the models, of their tests, of the tables and of the run.
func (r *run) tellEnd(err error) {
	if r.told == nil {
		return
	}
	t, now := r.told, r.Now()
	for _, name := range t.datasets {
		o := r.outcome(name)
		if err != nil && o.Failure == "" && o.Files == 0 {
			o.Failure = r.discreet(err.Error())
		}
		t.emit(t.run.EndDataset(name, now, o))
	}
	for _, name := range r.Project.Order {
		if o := r.tested(name); len(o.Tests) > 0 {
			for _, e := range t.run.Tests(name, now, o) {
				t.emit(e)
			}
		}
	}
	r.tellLoad(now)
	whole := lineage.Outcome{}
	for _, u := range r.report.Units {
		widen(&whole, u.Unit)
	}
	switch {
	case err != nil:
		whole.Failure = r.discreet(err.Error())
	case r.report.Exit != ExitDone && r.report.Exit != ExitHeld:
		whole.Failure = r.troubleText()
	}
	t.emit(t.run.End(now, whole))
}

// outcome adds up the units of a model that the run made.
func (r *run) outcome(name string) lineage.Outcome {
	o := lineage.Outcome{SQL: r.Project.Models[name].SQL}
	for _, u := range r.report.Units {
		if record, ok := r.records[name][u.Unit]; ok && u.Dataset == name {
			o.Rows, o.Bytes = o.Rows+record.Rows, o.Bytes+record.Size
			if record.Key != "" {
				o.Files++
			}
			widen(&o, u.Unit)
		}
	}
	var why []string
	for _, v := range r.report.Verdicts {
		if v.Dataset == name {
			why = append(why, v.Unit+": "+v.Reason)
		}
	}
	o.Failure = strings.Join(why, "; ")
	return o
}

// widen adds the business dates of a unit.
func widen(o *lineage.Outcome, u job.Unit) {
	from, to := u.Bounds()
	if from.IsZero() {
		return
	}
	if o.From.IsZero() || from.Before(o.From) {
		o.From = from
	}
	if to.After(o.To) {
		o.To = to
	}
}

// tested gathers the results of the tests of a dataset. A test that failed on one of
// many units failed.
func (r *run) tested(name string) lineage.Outcome {
	var o lineage.Outcome
	at := map[string]int{}
	failures := map[string]int64{}
	for _, t := range r.report.Tests {
		if !slices.Contains(strings.Split(t.Dataset, ", "), name) {
			continue
		}
		i, known := at[t.Test]
		if !known {
			i = len(o.Tests)
			at[t.Test] = i
			o.Tests = append(o.Tests, lineage.Assertion{Assertion: "custom_sql", Name: t.Test, Success: true, Severity: "error"})
			if t.Warn {
				o.Tests[i].Severity = "warn"
			}
			o.Tests[i].Assertion, o.Tests[i].Column = r.assertion(name, t.Test)
		}
		failures[t.Test] += t.Failures
		o.Tests[i].Actual = fmt.Sprintf("%d failing rows", failures[t.Test])
		if !t.Passed {
			o.Tests[i].Success = false
			if !t.Warn {
				o.Failure = "a test failed: " + t.Test
			}
		}
	}
	return o
}

// assertion is what OpenLineage calls the kind of a test, and the column that it is about.
func (r *run) assertion(dataset, test string) (kind, column string) {
	one := r.Project.Models[dataset]
	if one == nil {
		return "custom_sql", ""
	}
	i := slices.IndexFunc(one.Tests, func(t model.Test) bool { return t.Text == test })
	if i < 0 {
		return "custom_sql", ""
	}
	t := one.Tests[i]
	if len(t.Columns) == 1 {
		column = t.Columns[0]
	}
	return t.Kind.String(), column
}

// tellLoad tells of the tables that the run's units went into.
func (r *run) tellLoad(now time.Time) {
	if r.report.Load == nil || r.report.Load.Leaves == 0 {
		return
	}
	for _, name := range r.Project.Order {
		one := r.Project.Models[name]
		if one == nil || one.Load == "" || len(r.records[name]) == 0 {
			continue
		}
		var o lineage.Outcome
		for u, record := range r.records[name] {
			o.Rows += record.Rows
			o.Files++
			widen(&o, u)
		}
		table := lineage.TableName(one.Load)
		r.told.emit(r.told.run.BeginDataset(table, "", now))
		r.told.emit(r.told.run.EndDataset(table, now, o))
	}
}

// troubleText is why a run that came to its end did not do all of it.
func (r *run) troubleText() string {
	var why []string
	for _, v := range r.report.Verdicts {
		why = append(why, v.Dataset+" "+v.Unit+": "+v.Reason)
	}
	if why == nil {
		return fmt.Sprintf("exit %d", r.report.Exit)
	}
	return strings.Join(why, "; ")
}
