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
	if content, ok := r.contents[dataset][u]; ok {
		return content
	}
	record, _ := r.State().Unit(dataset, string(u))
	return record.Content
}

// knownHash is the hash of a unit, and whether this run will leave it so.
func (r *run) knownHash(dataset string, u job.Unit) (string, bool) {
	if content, ok := r.contents[dataset][u]; ok {
		return content, true
	}
	return r.planner.hash(dataset, u)
}

// refusalPrint is the fingerprint of a refusal that this run has found.
func (r *run) refusalPrint(dataset string, u job.Unit, print string) string {
	refusal, _ := r.refusal(dataset, u, print, r.knownHash)
	return refusal
}

// begin decides whether a unit is made: nil where it is up to date, or something
// that it is made from stands in the way.
func (r *run) begin(s *step) *attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, u := s.one, s.unit
	r.Progress(Progress{Step: "models", Done: r.done, Total: r.total, Rows: r.rows, Bytes: r.bytes, What: one.Name + " " + string(u)})
	r.done++
	if r.holdBlocked(s) {
		return nil
	}
	a := &attempt{}
	a.print, a.inputs = r.cat.print(one, u, r.hash)
	var published bool
	a.known, published = r.State().Unit(one.Name, string(u))
	a.current = published && !a.known.Lost && a.known.Fingerprint == a.print && !r.sel.Full && one.Publish != model.No
	if a.current && a.known.Tests == r.testsPrint(one) {
		return nil
	}
	if v, ok := r.protect(one.Name, u); ok && !a.current {
		r.hold(v)
		return nil
	}
	if old, ok := r.refusedFor(one.Name, u, a.print, r.knownHash); ok {
		set(r.verdicts, one.Name, u, old)
		return nil
	}
	if v, ok := r.untestable(one, u); ok {
		r.hold(v)
		return nil
	}
	a.task = job.Task{Unit: u, Previous: r.cat.before(one, u), Model: r.askable(one, u), Inputs: r.inputsOf(one, u), Control: r.controlOf(one),
		Stamp: a.print, Directory: r.Work}
	if a.current {
		a.file = job.File{Path: r.Lake.Location(a.known.Key), Rows: a.known.Rows}
	}
	return a
}

// askable is a model without the tests that would warn of what is not there: records
// of a contract that is held.
func (r *run) askable(one *model.Model, u job.Unit) *model.Model {
	waits := func(t model.Test) bool {
		why, waits := r.unread(t.Target, r.cat.granted(one, t.Target, u))
		if waits {
			r.Log.Warn("a test is left out", "model", one.Name, "unit", u, "test", t.Text, "reason", why)
		}
		return waits
	}
	if !slices.ContainsFunc(one.Tests, waits) {
		return one
	}
	here := *one
	here.Tests = slices.DeleteFunc(slices.Clone(one.Tests), waits)
	return &here
}

// holdBlocked holds a unit if something that it is made from is held.
func (r *run) holdBlocked(s *step) bool {
	if _, stands := r.verdicts[s.one.Name][s.unit]; stands {
		return true
	}
	why, exit, held := r.blocked(s.one, s.unit)
	if held {
		r.hold(ledger.Verdict{Dataset: s.one.Name, Unit: string(s.unit), Kind: ledger.HeldKind, Exit: Graver(exit, ExitHeld), Reason: why})
	}
	return held
}

// wrote lets others of the run read the unit's file.
func (r *run) wrote(s *step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set(r.files, s.one.Name, s.unit, s.attempt.file.Path)
	set(r.contents, s.one.Name, s.unit, s.attempt.file.Content)
	r.rows += s.attempt.file.Rows
	r.bytes += s.attempt.file.Bytes
	r.Progress(Progress{Step: "models", Done: r.done, Total: r.total, Rows: r.rows, Bytes: r.bytes, What: s.one.Name + " " + string(s.unit)})
}

// admit puts a made and tested unit into the commit, or notes what keeps it out.
func (r *run) admit(s *step) {
	a := s.attempt
	if a == nil {
		return
	}
	a.results = append(a.results, r.volumes(s.one, s.unit, a.file.Rows)...)
	r.tests = append(r.tests, r.masked(a.results)...)
	if r.holdBlocked(s) {
		r.forget(s.one.Name, s.unit)
		return
	}
	var v *ledger.Verdict
	if !a.current {
		v = r.auditTotals(s.one, s.unit, a.file)
	}
	if v == nil {
		v = auditTests(s.one, s.unit, a.results)
	}
	switch {
	case v != nil:
		v.Fingerprint = r.refusalPrint(s.one.Name, s.unit, a.print)
		r.forget(s.one.Name, s.unit)
		r.hold(*v)
	case a.current && a.known.Borrowed != "": // what is published elsewhere is noted there
		set(r.retested, s.one.Name, s.unit, true)
	case a.current:
		a.known.Tests = r.testsPrint(s.one)
		set(r.retested, s.one.Name, s.unit, true)
		r.entry.Units = append(r.entry.Units, a.known)
	default:
		r.admitFile(s.one, s.unit, a)
	}
}

// forget makes the run see again what is published of a unit.
func (r *run) forget(dataset string, u job.Unit) {
	delete(r.files[dataset], u)
	delete(r.contents[dataset], u)
}

// failed notes a model that could not be evaluated and goes on, unless nothing
// else could be either.
func (r *run) failed(ctx context.Context, s *step, err error) error {
	var broken *job.ModelError
	var space *job.SpaceError
	if ctx.Err() != nil || !errors.As(err, &broken) || errors.As(err, &space) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(s.one.Name, s.unit)
	r.Log.ErrorContext(ctx, "a model failed", "model", s.one.Name, "unit", s.unit, "error", r.discreet(err.Error()))
	r.hold(ledger.Verdict{Dataset: s.one.Name, Unit: string(s.unit), Fingerprint: s.attempt.print, Kind: ledger.FailedKind, Exit: ExitFailed, Reason: r.discreet(err.Error())})
	s.attempt = nil
	return nil
}

// equal reports whether the rows are those of the file that is published.
func (a *attempt) equal() bool {
	return a.known.Key != "" && !a.known.Lost && a.known.Borrowed == "" && a.known.Content == a.file.Content
}

// damaged tells what is wrong with the published file of rows that were made again
// alike: it would stay.
func (r *run) damaged(ctx context.Context, s *step) (fault string, err error) {
	if s.one.Publish == model.No || !s.attempt.equal() {
		return "", nil
	}
	if fault, err = damageOf(ctx, r.Lake, s.attempt.known); fault != "" {
		r.Log.WarnContext(ctx, "a published file is damaged; it is replaced", "object", s.attempt.known.Key, "fault", fault)
	}
	return fault, err
}

// admitFile puts a made unit into the commit. Where its rows are those that are
// published, the published file stays and only its fingerprint is noted.
func (r *run) admitFile(one *model.Model, u job.Unit, a *attempt) {
	record := ledger.UnitRecord{Dataset: one.Name, Unit: string(u), Fingerprint: a.print, Content: a.file.Content, SQL: ledger.Fingerprint(one.Data()), Semantics: r.Semantics,
		Tests: r.testsPrint(one), Inputs: a.inputs, Rows: a.file.Rows, Columns: a.file.Columns, Totals: a.file.Totals, Control: a.file.Control,
		Run: r.Run, Engine: r.Engine.Name(), At: r.Now().UTC()}
	if u != job.Whole && a.known.Borrowed == "" && a.known.Content == record.Content {
		record.At = a.known.At // the rows are those of then; how fresh a whole dataset is, the making tells
	}
	switch {
	case one.Publish == model.No:
	case a.equal() && a.damage == "":
		record.Key, record.ETag, record.Size, record.Run = a.known.Key, a.known.ETag, a.known.Size, a.known.Run
		r.report.Unchanged++
	default:
		record.Key, record.Size = u.Key(one.Name), a.file.Bytes
		r.uploads = append(r.uploads, staged{key: record.Key, path: a.file.Path})
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
