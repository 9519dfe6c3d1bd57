package engine

import (
	"fmt"
	"strings"
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
	newest := p.newest(dataset)
	old := published && p.mill.HoldAfter > 0 && u.Last().Before(newest.AddDate(0, 0, -p.mill.HoldAfter))
	c, closed := p.closure(u)
	switch {
	case closed && !p.sel.Reopen:
		return fmt.Sprintf("%s is closed (run %s): %s", c.Period, c.Run, p.again(u, closed, old)), true
	case old && !p.sel.Rewrite:
		return fmt.Sprintf("published, and more than %d days older than %s: %s", p.mill.HoldAfter, newest.Format(time.DateOnly), p.again(u, closed, old)), true
	}
	return "", false
}

// again is the command that makes a guarded unit all the same. It gets past all that
// guards it at once, and asks for no less than was asked for: a damaged file is stale to
// a full run alone.
func (p *planner) again(u job.Unit, closed, old bool) string {
	command := "run"
	if p.sel.Full {
		command += " --full"
		if p.sel.Datasets != nil {
			command += " --select " + strings.Join(p.sel.Datasets, ",")
		}
	}
	if old || p.sel.Full { // no more of a full run than is held
		command += " --from " + first(u) + " --to " + u.Last().Format(time.DateOnly)
	}
	if closed {
		command += " --reopen"
	}
	if old {
		command += " --yes"
	}
	return command + " --reason TEXT"
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
