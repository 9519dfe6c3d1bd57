package engine

import (
	"context"
	"errors"
	"sync"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// run is a plan under way.
type run struct {
	*Mill
	mu sync.Mutex // guards what the steps of a batch share: all below, and the planner's verdicts
	*planner
	plan     *Plan
	reads    map[string][]job.Unit                     // of contracts, by all that is planned
	files    map[string]map[job.Unit]string            // staged in this run
	records  map[string]map[job.Unit]ledger.UnitRecord // made in this run
	contents map[string]map[job.Unit]string            // of what was written in this run
	retested map[string]map[job.Unit]bool              // whose edited tests have run on what is published
	entry    ledger.Entry                              // the commit that is being put together
	uploads  []staged
	tests    []job.TestResult
	report   *Report
	done     int64 // models looked at
	total    int64
	rows     int64 // of files that were made
	bytes    int64
	told     *told // nil: nobody is told of the run
	broken   bool  // the making ended before its end: what was surveyed is not recorded
}

// staged is a file that the next commit publishes.
type staged struct {
	key, path string
}

// Plan reads what is new and says what a run would do. It writes nothing to the
// lake or the warehouse.
func (m *Mill) Plan(ctx context.Context, sel Selection) (*Plan, error) {
	p, err := m.prepareRun(ctx, sel, false)
	if err != nil {
		return nil, err
	}
	plan := p.plan()
	plan.Edits, plan.Orphans = p.edits(), m.Orphans(sel)
	return plan, p.expect(ctx, plan)
}

func (m *Mill) prepareRun(ctx context.Context, sel Selection, making bool) (*planner, error) {
	if err := m.samePartitions(); err != nil {
		return nil, err
	}
	m.Engine.Use(m.Project.Contracts, m.Project.Models)
	if r := m.reading(); r != nil {
		m.Log.InfoContext(ctx, "reading from the object store", "way", r.Way, "httpfs", r.HTTPFS, "causes", r.Causes)
	}
	if err := m.take(ctx, sel); err != nil {
		return nil, err
	}
	if sel.Agreed != nil { // before anything is read
		if err := sel.Agreed.still(m); err != nil {
			return nil, err
		}
	}
	if err := m.survey(ctx, making); err != nil {
		return nil, err
	}
	p := m.planner(sel)
	if sel.Agreed != nil {
		return p, sel.Agreed.same(p.plan())
	}
	return p, nil
}

// Execute makes and publishes what the selection asks for and loads the warehouse.
// The report is not nil even with an error: it says what was published before it. A run
// that fails is recorded as far as the lake can be written.
func (m *Mill) Execute(ctx context.Context, sel Selection) (report *Report, err error) {
	began := m.Now()
	report = &Report{Run: m.Run, Command: m.Command, Started: began.UTC(),
		Units: []MadeUnit{}, Verdicts: []ledger.Verdict{}, Tests: []job.TestResult{}, Accounts: []FeedAccount{}}
	told := m.tell(report)
	p, err := m.prepareRun(ctx, sel, true)
	if err != nil {
		report.Exit, err = m.ended(ctx, err)
		told.failed(m, err)
		m.recordUnplanned(context.WithoutCancel(ctx), report, sel.Reason, err)
		return report, err
	}
	r := &run{told: told, Mill: m, planner: p, plan: p.plan(), files: map[string]map[job.Unit]string{}, records: map[string]map[job.Unit]ledger.UnitRecord{},
		retested: map[string]map[job.Unit]bool{}, contents: map[string]map[job.Unit]string{}, report: report}
	report.Plan = r.plan
	r.tellPlanned()
	m.Log.InfoContext(ctx, "planned", "run", m.Run, "objects", len(r.plan.Objects), "units", len(r.plan.Units), "seconds", m.Now().Sub(began).Seconds())
	defer func() { err = errors.Join(err, m.Discard()) }()
	for _, w := range r.plan.work {
		r.total += int64(len(w.models))
	}
	if err = r.make(ctx); err != nil {
		r.broken = true
		for _, u := range r.entry.Units {
			delete(r.records[u.Dataset], job.Unit(u.Unit)) // made, and not published
		}
	}
	r.finish()
	err = errors.Join(err, r.releaseAll(context.WithoutCancel(ctx)))
	if err == nil && m.Warehouse != nil {
		err = r.load(ctx)
	}
	if err != nil {
		var exit int
		exit, err = m.ended(ctx, err)
		report.Exit = Graver(report.Exit, exit)
	}
	r.tellEnd(err)
	return report, errors.Join(err, r.close(context.WithoutCancel(ctx), err))
}

// ended is the exit code of a run, and the error that ends it. What broke the run off is said
// beside what broke off, and its exit code counts whatever wraps it.
func (m *Mill) ended(ctx context.Context, err error) (exit int, ended error) {
	cause := context.Cause(ctx)
	if cause == nil {
		return m.ExitCode(err), err
	}
	if !errors.Is(err, cause) {
		err = errors.Join(cause, err)
	}
	return Graver(m.ExitCode(cause), m.ExitCode(err)), err
}

// releaseAll gives back what was landed: the load needs the memory, and not the rows.
func (r *run) releaseAll(ctx context.Context) error {
	var err error
	for _, name := range sortedKeys(r.feeds) {
		err = errors.Join(err, r.release(ctx, r.feeds[name]))
	}
	return err
}

// make makes and publishes what is planned, batch by batch.
func (r *run) make(ctx context.Context) error {
	r.reads = r.contractUnits(r.plan.work)
	if err := r.parkHistory(ctx); err != nil {
		return err
	}
	for _, batch := range r.batches() {
		if err := r.batch(ctx, batch); err != nil {
			return err
		}
	}
	return r.lastStrays(ctx)
}

// batch makes some units and publishes them with one commit.
func (r *run) batch(ctx context.Context, batch []work) error {
	if err := r.settleContracts(ctx, batch); err != nil {
		return err
	}
	if err := r.makeBatch(ctx, batch); err != nil {
		return err
	}
	return r.publish(ctx)
}
