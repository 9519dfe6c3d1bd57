package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// close ends the run: it records it in the ledger if it did anything, and else notes
// that it was there.
func (r *run) close(ctx context.Context, cause error) error {
	r.took(r.report)
	r.warehouseAccounts()
	if r.report.NothingToDo() && len(r.report.Tests) == 0 && cause == nil && len(r.dirtyObjects()) == 0 && len(r.newVerdicts()) == 0 && len(r.lifted()) == 0 {
		return r.noteIdle(ctx)
	}
	summary := r.summary(r.report, r.sel.Reason)
	for _, a := range r.report.Accounts {
		summary.Account = append(summary.Account, ledger.Account{Feed: a.Feed, By: a.Aggregates, Cell: a.Cell})
	}
	r.report.Unusual = r.unusual(*summary)
	// Before the entry: a run whose evidence could not be kept says so there.
	kept := r.keepRecord(ctx, r.report)
	if kept != nil {
		r.report.Exit = Graver(r.report.Exit, r.ExitCode(kept))
		cause = errors.Join(cause, kept)
	}
	summary.Finished, summary.Exit = r.Now().UTC(), r.report.Exit
	if cause != nil {
		summary.Error = r.discreet(cause.Error())
	}
	r.entry = ledger.Entry{Summary: summary}
	if !r.broken {
		r.entry.Objects, r.entry.Verdicts = r.dirtyObjects(), slices.Concat(r.newVerdicts(), r.lifted())
	}
	r.entry.Removals = droppedStrays(r.entry.Objects)
	r.heldRejects()
	r.sign(&r.entry)
	if err := r.ledger.Commit(ctx, r.entry); err != nil {
		return errors.Join(kept, err)
	}
	r.committed()
	return kept
}

// recordUnplanned records a run that failed before it had a plan. What keeps it from
// being recorded is logged: the error that ended the run stays the one that is told.
func (m *Mill) recordUnplanned(ctx context.Context, report *Report, reason string, failed error) {
	m.took(report)
	kept := m.keepRecord(ctx, report)
	entry := ledger.Entry{Summary: m.summary(report, reason)}
	entry.Summary.Error = m.discreet(failed.Error())
	m.sign(&entry)
	if err := errors.Join(kept, m.ledger.Commit(ctx, entry)); err != nil {
		m.Log.ErrorContext(ctx, "the run could not be recorded", "run", m.Run, "error", err)
	}
}

// took notes in a report how long the run and its steps have taken so far.
func (m *Mill) took(report *Report) {
	report.Seconds = m.Now().Sub(report.Started).Seconds()
	report.Steps = map[string]float64{}
	for step, d := range m.timing {
		report.Steps[step] = d.Seconds()
	}
}

// summary is the ledger's record of a run as its report has it so far.
func (m *Mill) summary(report *Report, reason string) *ledger.RunSummary {
	return &ledger.RunSummary{Run: m.Run, Command: m.Command, Started: report.Started, Finished: m.Now().UTC(), Exit: report.Exit,
		Units: len(report.Units), Config: m.Config, Reason: reason}
}

// keepRecord writes the report and the structured log beside the ledger.
func (m *Mill) keepRecord(ctx context.Context, report *Report) error {
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("record of the run: %w", err)
	}
	if m.Record != nil {
		if err := m.Lake.Put(ctx, ledger.Prefix+"runs/"+m.Run+".log", m.Record()); err != nil {
			return fmt.Errorf("log of the run: %w", err)
		}
	}
	if err := m.Lake.Put(ctx, ledger.Prefix+"runs/"+m.Run+".json", data); err != nil {
		return fmt.Errorf("record of the run: %w", err)
	}
	return nil
}

// lifted are the ledger's verdicts that no longer stand.
func (r *run) lifted() []ledger.Verdict {
	var lifted []ledger.Verdict
	for name, units := range r.State().Verdicts {
		for u, v := range units {
			if _, stands := r.verdicts[name][job.Unit(u)]; !stands && r.sel.has(name, job.Unit(u)) {
				v.Lifted = true
				lifted = append(lifted, v)
			}
		}
	}
	slices.SortFunc(lifted, func(a, b ledger.Verdict) int {
		return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Unit, b.Unit))
	})
	return lifted
}

// warehouseAccounts adds what the warehouse found to the accounts of the feeds.
func (r *run) warehouseAccounts() {
	if r.report.Load == nil {
		return
	}
	for i, a := range r.report.Accounts {
		var sum ledger.Tally
		found := false
		for _, p := range r.report.Load.Control {
			one := r.Project.Models[p.Dataset]
			if _, made := r.records[p.Dataset][p.Unit]; made && one != nil && one.Preserves == a.Feed {
				sum, found = sum.Plus(p.Control), true
			}
		}
		if found {
			r.report.Accounts[i].Warehouse = &sum
		}
	}
}

// StepsOf are the seconds that the steps of a recorded run took, nil where its report
// is gone.
func StepsOf(ctx context.Context, from lake.Reader, run string) map[string]float64 {
	var report Report
	if readReport(ctx, from, run, &report) != nil {
		return nil
	}
	return report.Steps
}

// readReport reads the record of a run.
func readReport(ctx context.Context, from lake.Reader, run string, report *Report) (err error) {
	r, err := from.Open(ctx, ledger.Prefix+"runs/"+run+".json")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return json.NewDecoder(r).Decode(report)
}
