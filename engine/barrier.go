package engine

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// barrier is what keeps a contract's unit as it is, and the action that this is; ""
// where nothing does. changed tells whether it is to be made, and again whether it is to
// be made although it is not.
func (p *planner) barrier(name string, u job.Unit, record ledger.UnitRecord, changed, again bool) (v ledger.Verdict, action string) {
	v = ledger.Verdict{Dataset: name, Unit: string(u), Fingerprint: p.cat.prints[name][u], Kind: ledger.HeldKind, Exit: ExitHeld}
	var gone, rewritten []string
	for _, one := range p.cat.versions[name][u] {
		switch {
		case one.refusal != nil && mismatch(one.refusal):
			v.Kind, v.Exit, v.Reason = ledger.RefusedKind, ExitBalance, fmt.Sprintf("object %s: %s: %s", one.Key, one.refusal.Reason, one.refusal.Detail)
			return v, ActionHold
		case one.refusal != nil:
			v.Reason = fmt.Sprintf("the new version of object %s is refused: %s: %s", one.Key, one.refusal.Reason, one.refusal.Detail)
			return v, ActionHold
		case one.vanished:
			gone = append(gone, one.Key)
		case one.waiting:
			rewritten = append(rewritten, one.Key)
		}
	}
	asked := changed || again
	switch old, refused := p.refusedFor(name, u, p.cat.prints[name][u], p.hash); {
	case gone != nil && !asked:
		v.Exit, v.Reason = ExitDone, "sealed: "+strings.Join(gone, ", ")+" vanished"
		return v, ActionSeal
	case gone != nil:
		why := "something has changed"
		if !changed {
			why = "it cannot be made again"
		}
		v.Reason = fmt.Sprintf("sealed, and %s: restore %s, or run --accept-removed", why, strings.Join(gone, ", "))
		return v, ActionHold
	case refused:
		return old, ActionHold
	case rewritten != nil:
		v.Reason = beingRewritten(rewritten...)
		if !asked {
			v.Exit = ExitDone // as it is; what is stale for another reason cannot be made from it
			return v, actionWait
		}
		return v, ActionHold
	}
	return v, ""
}

// beingRewritten says why units are not made whose objects have new versions that have
// not settled: the records of the old ones are gone.
func beingRewritten(keys ...string) string {
	return "new version of " + strings.Join(keys, ", ") + ": read once it has settled (lake.settle)"
}

// blocked reports whether something that the unit is made from stands in the way: a
// verdict, or that its file is lost and it is not made in this run. What lies at its
// place then has the rows of before.
func (p *planner) blocked(one *model.Model, u job.Unit) (why string, exit int, held bool) {
	inputs := one.Inputs
	if one.ReadsItself {
		inputs = append(slices.Clone(inputs), one.Name)
	}
	for _, input := range inputs {
		for _, v := range p.cat.granted(one, input, u) {
			if verdict, ok := p.verdicts[input][v]; ok {
				held = true
				if Graver(exit, verdict.Exit) == verdict.Exit || why == "" {
					why, exit = inTheWay(input, v, verdict), Graver(exit, verdict.Exit)
				}
				continue
			}
			record, _ := p.mill.State().Unit(input, string(v))
			if record.Lost && p.mill.feeds[input] == nil && !p.dirty[input][v] {
				held = true
				if why == "" {
					why = fmt.Sprintf("%s %s is lost and not selected; a run without a selection makes it again", input, v)
				}
			}
		}
	}
	return why, exit, held
}

// inTheWay names what stands in the way of something. The reason belongs to it where
// nothing else says it: of a unit that is as it should be.
func inTheWay(dataset string, u job.Unit, verdict ledger.Verdict) string {
	why := fmt.Sprintf("%s %s is %s", dataset, u, verdict.Kind)
	if verdict.Exit == ExitDone {
		why += ": " + verdict.Reason
	}
	return why
}

// untestable holds a unit of which a test reads a contract that is held: the run does
// not have all of its records. What such a test would only warn of is no reason.
func (p *planner) untestable(one *model.Model, u job.Unit) (v ledger.Verdict, held bool) {
	for _, t := range one.Tests {
		if t.Warn {
			continue
		}
		if why, waits := p.unread(t.Target, p.cat.granted(one, t.Target, u)); waits {
			return ledger.Verdict{Dataset: one.Name, Unit: string(u), Kind: ledger.HeldKind, Exit: ExitHeld,
				Reason: fmt.Sprintf("test %s waits: %s", t.Text, why)}, true
		}
	}
	return v, false
}

// unread reports whether a contract's records are not to be had on one of the units.
func (p *planner) unread(dataset string, units []job.Unit) (why string, waits bool) {
	if p.mill.feeds[dataset] == nil {
		return "", false
	}
	for _, u := range units {
		if verdict, stands := p.verdicts[dataset][u]; stands {
			return inTheWay(dataset, u, verdict), true
		}
	}
	return "", false
}
