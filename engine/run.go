package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// run is a plan under way.
type run struct {
	*Mill
	*planner
	plan     *Plan
	files    map[string]map[job.Unit]string            // staged in this run
	records  map[string]map[job.Unit]ledger.UnitRecord // made in this run
	retested map[string]map[job.Unit]bool              // whose edited tests have run on what is published
	entry    ledger.Entry                              // the commit that is being put together
	uploads  []staged
	tests    []job.TestResult
	report   *Report
	done     int64 // models looked at
	total    int64
}

// staged is a file that the next commit publishes.
type staged struct {
	key, path string
}

// Plan reads what is new and says what a run would do. It writes nothing to the
// lake or the warehouse.
func (m *Mill) Plan(ctx context.Context, sel Selection) (*Plan, error) {
	p, err := m.prepareRun(ctx, sel)
	if err != nil {
		return nil, err
	}
	return p.plan(), nil
}

func (m *Mill) prepareRun(ctx context.Context, sel Selection) (*planner, error) {
	m.Engine.Use(m.Project.Models)
	if err := m.take(ctx, sel.AcceptRemoved); err != nil {
		return nil, err
	}
	if err := m.survey(ctx); err != nil {
		return nil, err
	}
	return m.planner(sel), nil
}

// Execute makes and publishes what the selection asks for and loads the warehouse.
// The report is not nil even with an error: it says what was published before it.
func (m *Mill) Execute(ctx context.Context, sel Selection) (report *Report, err error) {
	began := m.Now()
	report = &Report{Run: m.Run, Command: m.Command, Started: began.UTC(),
		Units: []MadeUnit{}, Verdicts: []ledger.Verdict{}, Tests: []job.TestResult{}, Accounts: []FeedAccount{}}
	p, err := m.prepareRun(ctx, sel)
	if err != nil {
		return report, err
	}
	r := &run{Mill: m, planner: p, plan: p.plan(), files: map[string]map[job.Unit]string{}, records: map[string]map[job.Unit]ledger.UnitRecord{},
		retested: map[string]map[job.Unit]bool{}, report: report}
	report.Plan = r.plan
	m.Log.InfoContext(ctx, "planned", "run", m.Run, "objects", len(r.plan.Objects), "units", len(r.plan.Units), "seconds", m.Now().Sub(began).Seconds())
	defer func() { err = errors.Join(err, m.Discard()) }()
	for _, w := range r.plan.work {
		r.total += int64(len(w.models))
	}
	for _, batch := range r.batches() {
		if err := r.batch(ctx, batch); err != nil {
			return report, err
		}
	}
	if err := r.lastStrays(ctx); err != nil {
		return report, err
	}
	r.finish()
	if m.Warehouse != nil {
		if err := r.load(ctx); err != nil {
			report.Exit = Graver(report.Exit, m.ExitCode(err))
			return report, errors.Join(err, r.close(context.WithoutCancel(ctx), err))
		}
	}
	return report, r.close(ctx, nil)
}

// batches parts the work so that what must be landed at once is within the budget.
func (r *run) batches() [][]work {
	var batches [][]work
	var batch []work
	objects := map[string]bool{}
	var bytes int64
	for _, w := range r.plan.work {
		var more int64
		fresh := map[string]bool{}
		for _, name := range w.contracts {
			for _, v := range r.cat.versions[name][w.unit] {
				if key := name + "\x00" + v.Key; !objects[key] {
					fresh[key] = true
					more += r.feeds[name].objects[v.Key].Text
				}
			}
		}
		if len(batch) > 0 && (len(batch) >= max(1, r.BatchDays) || bytes+more > r.Budget || w.unit == job.Whole) {
			batches = append(batches, batch)
			batch, bytes, objects = nil, 0, map[string]bool{}
		}
		batch = append(batch, w)
		bytes += more
		for key := range fresh {
			objects[key] = true
		}
	}
	if batch != nil {
		batches = append(batches, batch)
	}
	return batches
}

// batch makes some units and publishes them with one commit.
func (r *run) batch(ctx context.Context, batch []work) error {
	if err := r.settleContracts(ctx, batch); err != nil {
		return err
	}
	began := time.Now()
	for _, w := range batch {
		for _, one := range w.models {
			r.Progress(Progress{Step: "models", Done: r.done, Total: r.total, What: one.Name + " " + string(w.unit)})
			r.done++
			if err := r.makeUnit(ctx, one, w.unit); err != nil {
				return err
			}
		}
		if err := r.dataTests(ctx, w); err != nil {
			return err
		}
	}
	r.timing.add("models", began)
	return r.publish(ctx)
}

// settleContracts lands what the batch reads, tells duplicates apart and audits
// the accounts.
func (r *run) settleContracts(ctx context.Context, batch []work) error {
	units := map[string][]job.Unit{}
	for _, w := range batch {
		for _, name := range w.contracts {
			units[name] = append(units[name], w.unit)
		}
	}
	for _, name := range r.Project.Order {
		f := r.feeds[name]
		if f == nil || len(units[name]) == 0 {
			continue
		}
		began := time.Now()
		if err := r.ensureLanded(ctx, f, units[name]); err != nil {
			return err
		}
		r.timing.add("read", began)
		began = time.Now()
		settled, err := r.Engine.Settle(ctx, f.contract, units[name], r.Work)
		if err != nil {
			return err
		}
		for _, s := range settled {
			if err := r.admitContract(ctx, f, s); err != nil {
				return err
			}
		}
		r.timing.add("clean", began)
	}
	return nil
}

// ensureLanded lands the objects of units that are not landed yet. What earlier
// batches landed is released first if both would not fit.
func (r *run) ensureLanded(ctx context.Context, f *feed, units []job.Unit) error {
	var missing []string
	for _, u := range units {
		if _, stands := r.verdicts[f.contract.Name][u]; stands {
			continue
		}
		for _, v := range r.cat.versions[f.contract.Name][u] {
			if !f.landed[v.Key] && !slices.Contains(missing, v.Key) {
				missing = append(missing, v.Key)
			}
		}
	}
	if len(missing) == 0 && len(f.landed) > 0 {
		return nil
	}
	if len(missing) == 0 { // no object holds records of the units: they are made empty
		_, err := r.Engine.Land(ctx, f.contract, nil)
		return err
	}
	if err := r.release(ctx, f); err != nil {
		return err
	}
	missing = missing[:0]
	for _, u := range units {
		if _, stands := r.verdicts[f.contract.Name][u]; stands {
			continue
		}
		for _, v := range r.cat.versions[f.contract.Name][u] {
			if !slices.Contains(missing, v.Key) {
				missing = append(missing, v.Key)
			}
		}
	}
	slices.SortFunc(missing, lake.Compare)
	return r.landAgain(ctx, f, missing)
}

// landAgain lands objects that the survey has read and released.
func (r *run) landAgain(ctx context.Context, f *feed, keys []string) error {
	all, err := r.prepareAll(ctx, f, keys)
	if err != nil {
		return err
	}
	for _, p := range all {
		if known := f.objects[p.record.Key]; p.record.ETag != known.ETag || p.record.Refused != nil {
			return &ChangedError{Object: p.record.Key}
		}
	}
	_, err = r.land(ctx, f, all)
	return err
}

// ChangedError says that an object was replaced while a run was reading it.
type ChangedError struct{ Object string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("object %s was replaced while the run was reading it", e.Object)
}

// Try returns the remedy.
func (e *ChangedError) Try() string { return "run again: it reads the new version" }

// admitContract audits the accounts of a contract's unit and puts it, or what
// stands in its way, into the commit.
func (r *run) admitContract(ctx context.Context, f *feed, s job.Settled) error {
	name := f.contract.Name
	if _, stands := r.verdicts[name][s.Unit]; stands {
		return nil
	}
	f.accounts[string(s.Unit)] = s.Cells
	record := ledger.UnitRecord{Dataset: name, Unit: string(s.Unit), Fingerprint: r.cat.prints[name][s.Unit], SQL: f.hash, Cells: s.Cells,
		Run: r.Run, Engine: r.Engine.Name(), At: r.Now().UTC()}
	record.Content = record.Fingerprint
	sum := ledger.Sum(s.Cells)
	record.Rows, record.Control = sum.Accepted.Records, sum.Accepted
	for _, v := range r.cat.versions[name][s.Unit] {
		record.Objects = append(record.Objects, v.Version)
	}
	verdict := r.auditContract(f, s)
	if s.Rejects != nil {
		key := s.Unit.Key("_rejects/" + name)
		if verdict != nil {
			key = s.Unit.Key("_rejects/" + name + "/_held/" + r.Run)
		}
		r.uploads = append(r.uploads, staged{key: key, path: s.Rejects.Path})
	}
	if verdict != nil {
		r.hold(*verdict)
		return nil
	}
	set(r.records, name, s.Unit, record)
	r.entry.Units = append(r.entry.Units, record)
	return nil
}

// hold notes that a unit is not published.
func (r *run) hold(v ledger.Verdict) {
	v.Run = r.Run
	r.Log.Info("held", "dataset", v.Dataset, "unit", v.Unit, "kind", v.Kind, "exit", v.Exit, "reason", v.Reason)
	set(r.verdicts, v.Dataset, job.Unit(v.Unit), v)
}

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
	refusal := ledger.Fingerprint(print, r.testsPrint(one))
	if old, ok := r.State().Verdicts[one.Name][string(u)]; ok && old.Kind == ledger.RefusedKind && old.Fingerprint == refusal && !r.sel.Full {
		old.Reason += " (as in run " + old.Run + ")"
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

// publish stages the files of the batch, commits them and makes them visible.
func (r *run) publish(ctx context.Context) error {
	began := time.Now()
	defer func() { r.timing.add("lake", began) }()
	if err := r.strays(ctx); err != nil {
		return err
	}
	r.entry.Objects = r.dirtyObjects()
	r.entry.Verdicts = r.newVerdicts()
	if len(r.entry.Units)+len(r.entry.Objects)+len(r.entry.Verdicts)+len(r.uploads) == 0 {
		return nil
	}
	etags := map[string]string{}
	for _, s := range r.uploads {
		upload, err := r.Lake.Stage(ctx, s.key, s.path)
		if err != nil {
			return errors.Join(err, r.abort(ctx))
		}
		r.entry.Uploads = append(r.entry.Uploads, upload)
		etags[s.key] = upload.ETag
		r.report.Published++
		r.report.Bytes += upload.Size
	}
	for i, u := range r.entry.Units {
		if etag, ok := etags[u.Key]; ok {
			r.entry.Units[i].ETag = etag
			if made, ok := r.records[u.Dataset][job.Unit(u.Unit)]; ok {
				made.ETag = etag
				set(r.records, u.Dataset, job.Unit(u.Unit), made)
			}
		}
	}
	r.stamp()
	if err := r.ledger.Commit(ctx, r.entry); err != nil {
		return errors.Join(err, r.abort(ctx))
	}
	r.Log.InfoContext(ctx, "published", "entry", r.State().Number, "units", len(r.entry.Units), "files", len(r.entry.Uploads), "seconds", time.Since(began).Seconds())
	r.committed()
	return nil
}

// stamp signs the commit.
func (r *run) stamp() {
	r.entry.Run, r.entry.At, r.entry.Host = r.Run, r.Now().UTC(), hostname()
	r.entry.Operator, r.entry.Engine, r.entry.Program = os.Getenv("USER"), r.Engine.Name(), r.Program
}

// committed forgets the commit; its files lie in the lake now.
func (r *run) committed() {
	for _, u := range r.entry.Units {
		if u.Key != "" {
			delete(r.files[u.Dataset], job.Unit(u.Unit))
		}
	}
	for _, o := range r.entry.Objects {
		delete(r.feeds[o.Feed].dirty, o.Key)
	}
	r.entry, r.uploads = ledger.Entry{}, nil
}

// abort takes the staged bytes of a commit back that was not made.
func (r *run) abort(ctx context.Context) error {
	var err error
	for _, u := range r.entry.Uploads {
		err = errors.Join(err, r.Lake.Abort(context.WithoutCancel(ctx), u))
	}
	return err
}

// strays writes the rejects without a business date of the objects that this run
// has read, as far as they are landed.
func (r *run) strays(ctx context.Context) error {
	for _, name := range r.Project.Order {
		f := r.feeds[name]
		if f == nil {
			continue
		}
		for _, key := range sortedKeys(f.strays) {
			if !f.landed[key] {
				continue
			}
			path := filepath.Join(r.Work, "strays", ledger.Fingerprint(name, key)+".parquet")
			file, err := r.Engine.Strays(ctx, f.contract, key, path)
			if err != nil {
				return err
			}
			if file != nil {
				r.uploads = append(r.uploads, staged{key: "_rejects/" + name + "/none/" + ledger.Fingerprint(key) + ".parquet", path: path})
			}
			delete(f.strays, key)
		}
	}
	return nil
}

// lastStrays lands the objects whose rejects without a business date no batch has
// written: those of which no unit was made.
func (r *run) lastStrays(ctx context.Context) error {
	for _, name := range r.Project.Order {
		f := r.feeds[name]
		if f == nil {
			continue
		}
		for _, chunk := range r.chunks(f, sortedKeys(f.strays)) {
			if err := r.release(ctx, f); err != nil {
				return err
			}
			if err := r.landAgain(ctx, f, chunk); err != nil {
				return err
			}
			if err := r.publish(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) dirtyObjects() []ledger.ObjectRecord {
	var objects []ledger.ObjectRecord
	for _, name := range sortedKeys(r.feeds) {
		f := r.feeds[name]
		for _, key := range sortedKeys(f.dirty) {
			objects = append(objects, f.objects[key])
		}
	}
	return objects
}

// newVerdicts are those that the ledger does not have yet.
func (r *run) newVerdicts() []ledger.Verdict {
	var verdicts []ledger.Verdict
	for _, name := range sortedKeys(r.verdicts) {
		for _, u := range sortedKeys(r.verdicts[name]) {
			v := r.verdicts[name][u]
			old, ok := r.State().Verdicts[name][string(u)]
			if v.Exit == ExitDone || ok && old.Kind == v.Kind && old.Fingerprint == v.Fingerprint && old.Exit == v.Exit {
				continue
			}
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}
