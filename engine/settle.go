package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// settleContracts lands what the batch reads, tells duplicates apart and audits
// the accounts.
func (r *run) settleContracts(ctx context.Context, batch []work) error {
	units := r.contractUnits(batch)
	for _, name := range r.Project.Order {
		f := r.feeds[name]
		if f == nil || len(units[name]) == 0 {
			continue
		}
		began := time.Now()
		if err := r.landOrHold(ctx, f, units[name]); err != nil {
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

// contractUnits are the units of contracts that a batch reads: those that are to be
// settled, and all that its models are granted. An earlier batch may have released
// them.
func (r *run) contractUnits(batch []work) map[string][]job.Unit {
	units := map[string][]job.Unit{}
	need := func(name string, u job.Unit) {
		if r.feeds[name] != nil && !slices.Contains(units[name], u) {
			units[name] = append(units[name], u)
		}
	}
	for _, w := range batch {
		for _, name := range w.contracts {
			need(name, w.unit)
		}
		for _, one := range w.models {
			names := one.References()
			if r.dirty[one.Name][w.unit] {
				names = slices.Concat(one.Inputs, names)
			}
			for _, name := range names {
				for _, u := range r.cat.granted(one, name, w.unit) {
					need(name, u)
				}
			}
		}
	}
	return units
}

// ChangedError says that an object was replaced while a run was reading it.
type ChangedError struct{ Object string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("object %s was replaced or removed while the run was reading it", e.Object)
}

// Try returns the remedy.
func (e *ChangedError) Try() string { return "run again: it reads what is there now" }

// admitContract audits the accounts of a contract's unit and puts it, or what
// stands in its way, into the commit.
func (r *run) admitContract(ctx context.Context, f *feed, s job.Settled) error {
	name := f.contract.Name
	if _, stands := r.verdicts[name][s.Unit]; stands {
		return nil
	}
	if _, made := r.records[name][s.Unit]; made {
		return nil // settled by an earlier batch, and again as an input
	}
	record := ledger.UnitRecord{Dataset: name, Unit: string(s.Unit), Fingerprint: r.cat.prints[name][s.Unit], SQL: f.hash, Semantics: r.Semantics, Cells: s.Cells,
		Run: r.Run, Engine: r.Engine.Name(), At: r.Now().UTC()}
	record.Content = record.Fingerprint
	if known, published := r.Own().Unit(name, string(s.Unit)); published && !known.Lost && known.Fingerprint == record.Fingerprint {
		record.Run, record.At = known.Run, known.At // settled for what is made from it: the version is the one that is published
	}
	record.Closes = s.Closes
	sum := ledger.Sum(s.Cells)
	record.Rows, record.Control = sum.Accepted.Records, sum.Accepted
	for _, v := range r.cat.versions[name][s.Unit] {
		record.Objects = append(record.Objects, v.Version)
	}
	verdict := r.auditContract(f, s)
	if s.Rejects != nil {
		key := rejectsKey(name, s.Unit)
		if verdict != nil {
			key = r.heldRejectsKey(name, s.Unit)
		}
		r.uploads = append(r.uploads, staged{key: key, path: s.Rejects.Path})
	}
	if verdict != nil {
		r.hold(*verdict)
		return nil
	}
	if s.Rejects != nil {
		record.Rejects = rejectsKey(name, s.Unit)
	}
	if known, ok := r.Own().Unit(name, string(s.Unit)); ok && s.Rejects == nil && known.Rejects != "" {
		r.entry.Removals = append(r.entry.Removals, known.Rejects)
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
