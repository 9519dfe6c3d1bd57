package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// dataTests runs the data tests whose inputs were made on a unit, and holds what
// a failing one is about, with all that was made from it.
func (r *run) dataTests(ctx context.Context, w work) error {
	for _, d := range r.Project.DataTests {
		if r.waits(d, w) {
			continue
		}
		audit, ok := r.auditOf(d, w)
		if !ok {
			continue
		}
		result, err := r.Engine.Audit(ctx, audit)
		var space *job.SpaceError
		if err != nil && (ctx.Err() != nil || errors.As(err, &space)) {
			return err
		}
		verdict := ledger.Verdict{Kind: ledger.RefusedKind, Exit: ExitRefused, Reason: fmt.Sprintf("%s: data test %s: %s rows", d.File, d.Name, count(result.Failures))}
		if err != nil { // nothing is known of the rows: the next run asks again
			verdict = ledger.Verdict{Kind: ledger.FailedKind, Exit: ExitFailed, Reason: r.discreet(err.Error())}
		}
		r.mu.Lock()
		r.tests = append(r.tests, r.masked([]job.TestResult{result})...)
		if (err != nil || !result.Passed) && !d.Warn {
			r.withdraw(d, w.unit, verdict)
		}
		r.mu.Unlock()
	}
	return nil
}

// auditOf is what a data test reads on a unit; false where there is nothing to test.
func (r *run) auditOf(d *model.DataTest, w work) (job.Audit, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.testable(d, w) {
		return job.Audit{}, false
	}
	inputs := job.Inputs{Contracts: map[string][]job.Unit{}, Files: map[string][]string{}}
	for _, name := range d.Inputs {
		units := r.testedUnits(name, w)
		if r.feeds[name] != nil {
			inputs.Contracts[name] = units
		} else {
			inputs.Files[name] = r.filesOf(name, units)
		}
	}
	return job.Audit{Unit: w.unit, Previous: r.cat.beforeTest(d, w.unit), Test: d, Inputs: inputs}, true
}

// testedUnits are the units of a dataset that a data test reads.
func (r *run) testedUnits(name string, w work) []job.Unit {
	if all := r.cat.units[name]; len(all) == 1 && all[0] == job.Whole {
		return all
	}
	return []job.Unit{w.unit}
}

// waits reports whether a data test cannot be asked because of something that it reads
// and that is held: a contract, of which the run does not have all records, or what a
// model makes of the same unit, of which it would read what stood before. What the test
// is about is held, unless it would only warn.
func (r *run) waits(d *model.DataTest, w work) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.narrowed(d) {
		return false
	}
	for _, name := range d.Inputs {
		why, waits := r.unread(name, r.testedUnits(name, w))
		if v, stands := r.verdicts[name][w.unit]; stands && !waits {
			why, waits = inTheWay(name, w.unit, v), true
		}
		if !waits {
			continue
		}
		if !d.Warn {
			r.withdraw(d, w.unit, ledger.Verdict{Kind: ledger.HeldKind, Exit: ExitHeld, Reason: fmt.Sprintf("%s: data test %s waits: %s", d.File, d.Name, why)})
		}
		return true
	}
	return false
}

// narrowed reports whether a run was not asked for a model that a data test reads: it
// would compare the new with the stale.
func (r *run) narrowed(d *model.DataTest) bool {
	return r.sel.Datasets != nil && slices.ContainsFunc(d.Inputs, func(name string) bool {
		return r.feeds[name] == nil && !slices.Contains(r.sel.Datasets, name)
	})
}

// testable reports whether a unit has something new that a data test reads, and
// all else that it reads.
func (r *run) testable(d *model.DataTest, w work) bool {
	if r.narrowed(d) || w.stage < d.Stage {
		return false
	}
	fresh := false
	for _, name := range d.Inputs {
		if f := r.feeds[name]; f != nil && f.contract.BusinessDate != "" && w.unit == job.Whole {
			return false // its records are there by date
		}
		_, made := r.records[name][w.unit]
		fresh = fresh || made || r.retested[name][w.unit]
		if one := r.Project.Models[name]; one != nil && one.Dated() && !made {
			if _, published := r.State().Unit(name, string(w.unit)); !published {
				return false
			}
		}
	}
	return fresh
}

// withdraw takes what a data test is about that has failed, or could not be run, out of
// the commit, and all that was made from it on the unit.
func (r *run) withdraw(d *model.DataTest, u job.Unit, why ledger.Verdict) {
	about := slices.Concat(d.On, r.Project.Downstream(d.On...))
	for _, name := range about {
		record, made := r.records[name][u]
		if !made && !r.retested[name][u] {
			continue
		}
		if !made {
			record, _ = r.State().Unit(name, string(u))
		}
		r.entry.Units = slices.DeleteFunc(r.entry.Units, func(e ledger.UnitRecord) bool { return e.Dataset == name && e.Unit == string(u) })
		r.uploads = slices.DeleteFunc(r.uploads, func(s staged) bool { return made && s.key == record.Key })
		delete(r.records[name], u)
		r.forget(name, u)
		r.holdRejects(name, u)
		v := ledger.Verdict{Dataset: name, Unit: string(u), Kind: ledger.HeldKind, Exit: why.Exit, Reason: why.Reason}
		if slices.Contains(d.On, name) {
			v.Kind, v.Fingerprint = why.Kind, r.refusalPrint(name, u, record.Fingerprint)
		}
		r.hold(v)
	}
}
