package engine

import (
	"fmt"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// guard is what protects a unit from being made again: a roll-back, a closed period,
// or its age. A closed period takes no new unit either. A unit whose file is lost is
// made again, unless it is pinned to another version than would come of it.
func (p *planner) guard(dataset string, u job.Unit) (why string, held bool) {
	record, published := p.mill.Own().Unit(dataset, string(u))
	if pin, ok := p.mill.State().Pinned(dataset, string(u)); ok {
		return fmt.Sprintf("rolled back to run %s: ledgermill rollback --release --date %s", pin.To, u), true
	}
	if one := p.mill.Project.Models[dataset]; one != nil && one.Publish == model.No || u == job.Whole || record.Lost {
		return "", false
	}
	if c, ok := p.closure(u); ok && !p.sel.Reopen {
		return fmt.Sprintf("%s is closed (run %s): run --reopen --reason TEXT", c.Period, c.Run), true
	}
	if !published || p.mill.HoldAfter <= 0 || p.sel.Rewrite {
		return "", false
	}
	newest := p.newest(dataset)
	if oldest := newest.AddDate(0, 0, -p.mill.HoldAfter); u.Last().Before(oldest) {
		return fmt.Sprintf("published, and more than %d days older than %s: run --from %s --to %s --yes --reason TEXT",
			p.mill.HoldAfter, newest.Format(time.DateOnly), first(u), u.Last().Format(time.DateOnly)), true
	}
	return "", false
}

func first(u job.Unit) string {
	from, _ := u.Bounds()
	return from.Format(time.DateOnly)
}

// closure is the closed period that a unit lies in, in part or whole.
func (p *planner) closure(u job.Unit) (ledger.Closure, bool) {
	for _, c := range p.mill.State().Closures() {
		if from, after := job.Unit(c.Period).Bounds(); u.Overlaps(from, after.AddDate(0, 0, -1)) {
			return c, true
		}
	}
	return ledger.Closure{}, false
}

// newest is the last business date of the newest published unit.
func (p *planner) newest(dataset string) time.Time {
	names := p.mill.Own().UnitNames(dataset)
	if len(names) == 0 {
		return time.Time{}
	}
	return job.Unit(names[len(names)-1]).Last()
}

// protect holds a unit that would be made again and is guarded.
func (p *planner) protect(dataset string, u job.Unit) (ledger.Verdict, bool) {
	why, held := p.guard(dataset, u)
	return ledger.Verdict{Dataset: dataset, Unit: string(u), Kind: ledger.HeldKind, Exit: ExitHeld, Reason: why}, held
}
