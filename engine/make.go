package engine

import (
	"context"
	"errors"
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// hash is the hash of a unit as it is now: made in this run, or published.
func (r *run) hash(dataset string, u job.Unit) string {
	if print, ok := r.cat.prints[dataset][u]; ok {
		return print
	}
	if record, ok := r.records[dataset][u]; ok {
		return record.Content
	}
	record, _ := r.State().Unit(dataset, string(u))
	return record.Content
}

// makeUnit makes one unit of a model unless it is up to date or something that it
// is made from stands in the way.
func (r *run) makeUnit(ctx context.Context, one *model.Model, u job.Unit) error {
	if _, stands := r.verdicts[one.Name][u]; stands {
		return nil
	}
	if why, exit, held := r.blocked(one, u); held {
		r.hold(ledger.Verdict{Dataset: one.Name, Unit: string(u), Kind: ledger.HeldKind, Exit: Graver(exit, ExitHeld), Reason: why})
		return nil
	}
	print, inputs := r.cat.print(one, u, r.hash)
	known, published := r.State().Unit(one.Name, string(u))
	current := published && !known.Lost && known.Fingerprint == print && !r.sel.Full && one.Publish != model.No
	if current && known.Tests == r.testsPrint(one) {
		return nil
	}
	refusal := r.refusal(one.Name, print)
	if old, ok := r.remembered(one.Name, u, refusal); ok {
		set(r.verdicts, one.Name, u, old)
		return nil
	}
	task := job.Task{Unit: u, Previous: r.cat.before(one, u), Model: one, Inputs: r.inputsOf(one, u), Control: r.controlOf(one), Stamp: print, Directory: r.Work}
	if current {
		return r.testAgain(ctx, task, known, refusal)
	}
	made, err := r.Engine.Make(ctx, task)
	if err != nil {
		return r.failed(ctx, one, u, print, err)
	}
	r.tests = append(r.tests, made.Tests...)
	v := r.auditTotals(one, u, made.File)
	if v == nil {
		v = auditTests(one, u, made.Tests)
	}
	if v != nil {
		v.Fingerprint = refusal
		r.hold(*v)
		return nil
	}
	r.admitModel(one, u, made.File, print, inputs, known)
	return nil
}

// testAgain runs edited tests on a published unit. One that fails now stays
// published, and says so until it passes or is replaced.
func (r *run) testAgain(ctx context.Context, task job.Task, known ledger.UnitRecord, refusal string) error {
	results, err := r.Engine.Test(ctx, task, r.Lake.Location(known.Key), known.Rows)
	if err != nil {
		return err
	}
	r.tests = append(r.tests, results...)
	if v := auditTests(task.Model, task.Unit, results); v != nil {
		v.Fingerprint = refusal
		r.hold(*v)
		return nil
	}
	known.Tests = r.testsPrint(task.Model)
	set(r.retested, known.Dataset, task.Unit, true)
	r.entry.Units = append(r.entry.Units, known)
	return nil
}

// failed notes a model that could not be evaluated and goes on, unless nothing
// else could be either.
func (r *run) failed(ctx context.Context, one *model.Model, u job.Unit, print string, err error) error {
	var broken *job.ModelError
	var space *job.SpaceError
	if ctx.Err() != nil || !errors.As(err, &broken) || errors.As(err, &space) {
		return err
	}
	r.Log.ErrorContext(ctx, "a model failed", "model", one.Name, "unit", u, "error", err)
	r.hold(ledger.Verdict{Dataset: one.Name, Unit: string(u), Fingerprint: print, Kind: ledger.FailedKind, Exit: ExitFailed, Reason: err.Error()})
	return nil
}

// admitModel puts a made unit into the commit. Where its rows are those that are
// published, the published file stays and only its fingerprint is noted.
func (r *run) admitModel(one *model.Model, u job.Unit, file job.File, print string, inputs map[string]string, known ledger.UnitRecord) {
	record := ledger.UnitRecord{Dataset: one.Name, Unit: string(u), Fingerprint: print, Content: file.Content, SQL: ledger.Fingerprint(one.Data()),
		Tests: r.testsPrint(one), Inputs: inputs, Rows: file.Rows, Columns: file.Columns, Totals: file.Totals, Control: file.Control,
		Run: r.Run, Engine: r.Engine.Name(), At: r.Now().UTC()}
	set(r.files, one.Name, u, file.Path)
	switch {
	case one.Publish == model.No:
	case known.Key != "" && !known.Lost && known.Content == file.Content:
		record.Key, record.ETag, record.Size, record.Run = known.Key, known.ETag, known.Size, known.Run
		r.report.Unchanged++
	default:
		record.Key, record.Size = u.Key(one.Name), file.Bytes
		r.uploads = append(r.uploads, staged{key: record.Key, path: file.Path})
	}
	set(r.records, one.Name, u, record)
	r.entry.Units = append(r.entry.Units, record)
}

// inputsOf are what a model may read on a unit: settled contracts, and files made
// in this run or published.
func (r *run) inputsOf(one *model.Model, u job.Unit) job.Inputs {
	inputs := job.Inputs{Contracts: map[string][]job.Unit{}, Files: map[string][]string{}}
	names := slices.Concat(one.Inputs, one.References())
	if one.ReadsItself {
		names = append(names, one.Name)
	}
	for _, name := range names {
		units := r.cat.granted(one, name, u)
		if r.feeds[name] != nil {
			inputs.Contracts[name] = units
			continue
		}
		inputs.Files[name] = r.filesOf(name, units)
	}
	return inputs
}

func (r *run) filesOf(dataset string, units []job.Unit) []string {
	var files []string
	for _, v := range units {
		if path, ok := r.files[dataset][v]; ok {
			files = append(files, path)
		} else if record, ok := r.State().Unit(dataset, string(v)); ok && record.Key != "" {
			files = append(files, r.Lake.Location(record.Key))
		}
	}
	return files
}
