package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// batches parts the work so that the records that must be in memory at once are
// within the budget.
func (r *run) batches() [][]work {
	var batches [][]work
	var batch []work
	seen := map[string]bool{}
	var bytes int64
	for _, w := range r.plan.work {
		var more int64
		fresh := map[string]bool{}
		for name, units := range r.contractUnits([]work{w}) {
			for _, u := range units {
				if id := name + "\x00" + string(u); !seen[id] && !fresh[id] {
					fresh[id] = true
					more += r.textOf(name, u)
				}
			}
		}
		if len(batch) > 0 && (len(batch) >= max(1, r.BatchDays) || bytes+more > r.Budget || w.stage != batch[0].stage) {
			batches = append(batches, batch)
			batch, bytes, seen = nil, 0, map[string]bool{}
		}
		batch = append(batch, w)
		bytes += more
		for id := range fresh {
			seen[id] = true
		}
	}
	if batch != nil {
		batches = append(batches, batch)
	}
	return batches
}

// textOf is about how many bytes of raw text a unit's records were: the share of
// each object that the unit has.
func (r *run) textOf(feed string, u job.Unit) int64 {
	var bytes int64
	for _, v := range r.cat.versions[feed][u] {
		o := r.feeds[feed].objects[v.Key]
		if r.feeds[feed].contract.BusinessDate == "" {
			bytes += o.Text
			continue
		}
		for _, c := range o.Cells {
			if c.Unit == string(u) && o.Records > 0 {
				bytes += o.Text * c.Read.Records / o.Records
			}
		}
	}
	return bytes
}

// parkHistory decides whether what the run reads is kept in memory or parked: the
// objects are landed whole, whichever of their units are made.
func (r *run) parkHistory(ctx context.Context) error {
	if r.parks {
		return nil
	}
	var bytes int64
	for _, name := range sortedKeys(r.feeds) {
		f := r.feeds[name]
		for key := range f.landed {
			bytes += f.objects[key].Text
		}
		for _, key := range r.missing(f, r.reads[name]) {
			bytes += f.objects[key].Text
		}
	}
	if bytes <= r.Budget {
		return nil
	}
	r.parks = true
	for _, name := range sortedKeys(r.feeds) {
		if err := r.Engine.Park(ctx, r.feeds[name].contract); err != nil {
			return err
		}
	}
	return nil
}

// ensureLanded brings the records of units into memory. Where everything fits, all
// that the run reads is landed at once: an object that came later could hold
// records of units that are settled already.
func (r *run) ensureLanded(ctx context.Context, f *feed, units []job.Unit) error {
	if r.parks {
		for _, chunk := range r.chunks(f, r.missing(f, units)) {
			if err := r.landAgain(ctx, f, chunk); err != nil {
				return err
			}
		}
		return r.Engine.Recall(ctx, f.contract, units)
	}
	if missing := r.missing(f, r.reads[f.contract.Name]); len(missing) > 0 {
		return r.landAgain(ctx, f, missing)
	}
	if len(f.landed) == 0 { // no object holds records of the units: they are made empty
		_, err := r.Engine.Land(ctx, f.contract, nil)
		return err
	}
	return nil
}

// missing are the objects with records of the units that this run has not landed,
// in natural order.
func (r *run) missing(f *feed, units []job.Unit) []string {
	var missing []string
	for _, u := range units {
		if _, stands := r.verdicts[f.contract.Name][u]; stands {
			continue
		}
		for _, v := range r.cat.versions[f.contract.Name][u] {
			if !f.landed[v.Key] {
				missing = append(missing, v.Key)
			}
		}
	}
	slices.SortFunc(missing, lake.Compare)
	return slices.Compact(missing)
}

// RefusedAgainError says that objects which were read before, and have not changed, are
// refused now: by a setting of today, or as the engine finds them.
type RefusedAgainError struct {
	Objects []ledger.ObjectRecord // Refused says why
}

func (e *RefusedAgainError) Error() string {
	var all []string
	for _, o := range e.Objects {
		all = append(all, againRefused(o))
	}
	return strings.Join(all, "; ")
}

// Try returns the remedy.
func (e *RefusedAgainError) Try() string { return e.Objects[0].Refused.Try }

// ExitCode is that of a refused object.
func (e *RefusedAgainError) ExitCode() int { return ExitHeld }

func againRefused(o ledger.ObjectRecord) string {
	return fmt.Sprintf("object %s, which was read before, is refused now: %s: %s", o.Key, o.Refused.Reason, o.Refused.Detail)
}

// landAgain lands objects whose accounts are known but whose records this run does
// not have. With a RefusedAgainError the others may have landed.
func (r *run) landAgain(ctx context.Context, f *feed, keys []string) error {
	all, err := r.prepareAll(ctx, f, keys)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.record.ETag != f.objects[p.record.Key].ETag {
			return &ChangedError{Object: p.record.Key}
		}
	}
	if _, err = r.land(ctx, f, all); err == nil && r.parks {
		err = r.Engine.Park(ctx, f.contract)
	}
	if err != nil {
		return err
	}
	refused := &RefusedAgainError{}
	for _, p := range all {
		if p.record.Refused != nil {
			refused.Objects = append(refused.Objects, p.record)
		}
	}
	if refused.Objects != nil {
		return refused
	}
	return nil
}

// landOrHold brings the records of units into memory, and holds those of which an
// object is refused that was read before.
func (r *run) landOrHold(ctx context.Context, f *feed, units []job.Unit) error {
	for {
		err := r.ensureLanded(ctx, f, units)
		var refused *RefusedAgainError
		if !errors.As(err, &refused) {
			return err
		}
		for _, o := range refused.Objects {
			r.holdUnread(f, o)
		}
	}
}

// holdUnread holds all units that this run would read an object's records for.
func (r *run) holdUnread(f *feed, o ledger.ObjectRecord) {
	name := f.contract.Name
	r.plan.Objects = append(r.plan.Objects, ObjectChange{Feed: name, Key: o.Key, Change: RefusedObject, Detail: o.Refused.Reason + ": " + o.Refused.Detail,
		Try: o.Refused.Try, Exit: ExitHeld, Size: o.Size, Records: f.objects[o.Key].Records})
	for _, u := range r.reads[name] {
		has := slices.ContainsFunc(r.cat.versions[name][u], func(v version) bool { return v.Key == o.Key })
		if _, stands := r.verdicts[name][u]; has && !stands {
			r.hold(ledger.Verdict{Dataset: name, Unit: string(u), Fingerprint: r.cat.prints[name][u], Kind: ledger.HeldKind, Exit: ExitHeld, Reason: againRefused(o)})
		}
	}
}
