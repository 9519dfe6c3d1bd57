package engine

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// planner finds what is stale, before anything is made.
type planner struct {
	mill      *Mill
	cat       *catalogue
	sel       Selection
	looked    map[string]bool                        // the models that were looked at
	verdicts  map[string]map[job.Unit]ledger.Verdict // what stands in the way
	dirty     map[string]map[job.Unit]bool           // may have other rows afterwards, or must be made as a step
	retest    map[string]map[job.Unit]bool           // whose tests run on what is published
	planned   []PlannedUnit
	contracts map[string]map[job.Unit]bool // to settle
}

func (m *Mill) planner(sel Selection) *planner {
	p := &planner{mill: m, cat: m.catalogue(), sel: sel, looked: map[string]bool{}, verdicts: map[string]map[job.Unit]ledger.Verdict{},
		dirty: map[string]map[job.Unit]bool{}, retest: map[string]map[job.Unit]bool{}, contracts: map[string]map[job.Unit]bool{}}
	for _, name := range m.Project.Order {
		if f := m.feeds[name]; f != nil {
			p.planFeed(name, f)
			continue
		}
		p.planModel(m.Project.Models[name])
		p.looked[name] = true
	}
	p.requireSteps()
	p.requireTests()
	return p
}

func set[V any](m map[string]map[job.Unit]V, name string, u job.Unit, v V) {
	if m[name] == nil {
		m[name] = map[job.Unit]V{}
	}
	m[name][u] = v
}

func (p *planner) say(dataset string, u job.Unit, action string, exit int, why ...string) {
	p.planned = append(p.planned, PlannedUnit{Dataset: dataset, Unit: u, Action: action, Why: why, Exit: exit})
}

func (p *planner) planFeed(name string, f *feed) {
	again := p.sel.Full && (p.sel.Datasets == nil || slices.Contains(p.sel.Datasets, name))
	for _, u := range p.cat.units[name] {
		selected := p.sel.covers(u)
		record, published := p.mill.State().Unit(name, string(u))
		print := p.cat.prints[name][u]
		changed := !published || record.Lost || record.Fingerprint != print
		if v, action := p.barrier(name, u, record, changed, again); action != "" {
			set(p.verdicts, name, u, v)
			// What is not asked for keeps what is made from it from being made, too.
			if selected && action != actionWait {
				p.say(name, u, action, v.Exit, v.Reason)
			}
			continue
		}
		if !selected {
			// Nor may what is selected have it settled and published on the way.
			if v, ok := p.protect(name, u); changed && ok {
				set(p.verdicts, name, u, v)
			}
			continue
		}
		if !changed && !again {
			continue
		}
		if v, ok := p.protect(name, u); ok {
			set(p.verdicts, name, u, v)
			p.say(name, u, ActionHold, v.Exit, append(p.whyContract(f, u, record, published), v.Reason)...)
			continue
		}
		set(p.dirty, name, u, true)
		set(p.contracts, name, u, true)
		p.say(name, u, ActionMake, 0, p.whyContract(f, u, record, published)...)
	}
}

// whyContract tells what is new about a contract's unit.
func (p *planner) whyContract(f *feed, u job.Unit, record ledger.UnitRecord, published bool) []string {
	if !published {
		return []string{"new"}
	}
	var why []string
	switch {
	case record.SQL == f.hash:
	default:
		if record.MadeUnder() != p.mill.Semantics {
			why = append(why, p.whySemantics(record))
		}
		if contractHash(record.MadeUnder(), f.contract) != record.SQL {
			why = append(why, "edited contract")
		}
	}
	before := map[string]ledger.Version{}
	for _, v := range record.Objects {
		before[v.Key] = v
	}
	for _, v := range p.cat.versions[f.contract.Name][u] {
		old, known := before[v.Key]
		delete(before, v.Key)
		switch {
		case !known:
			why = append(why, "late rows in "+v.Key)
		case old.ETag != v.ETag:
			why = append(why, "corrected "+v.Key)
		case old.Control != v.Control:
			why = append(why, "other control file of "+v.Key)
		}
	}
	for _, v := range record.Objects {
		if _, gone := before[v.Key]; gone {
			why = append(why, "no rows in "+v.Key+" any more")
		}
	}
	if why == nil && p.sel.Full {
		why = []string{"again"}
	}
	return why
}

// whySemantics tells that an engine makes other rows of the same statement now.
func (p *planner) whySemantics(record ledger.UnitRecord) string {
	return fmt.Sprintf("new semantics number: %s, made under %s", p.mill.Semantics, record.MadeUnder())
}

func (p *planner) planModel(one *model.Model) {
	for _, u := range p.cat.units[one.Name] {
		if !p.sel.has(one.Name, u) {
			continue
		}
		why, exit, held := p.blocked(one, u)
		if held && exit == ExitDone {
			// What it is made from is gone, and nothing asks for that but a stale model.
			if _, certain, possible := p.assess(one, u); !certain && !possible {
				if one.Publish == model.No { // whoever reads it has it made
					set(p.verdicts, one.Name, u, ledger.Verdict{Dataset: one.Name, Unit: string(u), Kind: ledger.HeldKind, Reason: why})
				}
				continue
			}
			exit = ExitHeld
		}
		if held {
			set(p.verdicts, one.Name, u, ledger.Verdict{Dataset: one.Name, Unit: string(u), Kind: ledger.HeldKind, Exit: exit, Reason: why})
			p.say(one.Name, u, ActionHold, exit, why)
			continue
		}
		reasons, certain, possible := p.assess(one, u)
		if !certain && !possible {
			p.planTests(one, u)
			continue
		}
		if v, ok := p.protect(one.Name, u); ok && certain {
			set(p.verdicts, one.Name, u, v)
			p.say(one.Name, u, ActionHold, v.Exit, append(slices.Clip(reasons), v.Reason)...)
			continue
		}
		if v, ok := p.refusedBefore(one, u); ok {
			set(p.verdicts, one.Name, u, v)
			p.say(one.Name, u, ActionHold, v.Exit, v.Reason)
			continue
		}
		if v, ok := p.untestable(one, u); ok {
			set(p.verdicts, one.Name, u, v)
			p.say(one.Name, u, ActionHold, v.Exit, append(slices.Clip(reasons), v.Reason)...)
			continue
		}
		set(p.dirty, one.Name, u, true)
		action := ActionMake
		if !certain {
			action = ActionCheck
		}
		p.say(one.Name, u, action, 0, reasons...)
		p.need(one, u)
	}
}

// planTests has edited tests run on what is published, without making it again.
func (p *planner) planTests(one *model.Model, u job.Unit) {
	record, _ := p.mill.State().Unit(one.Name, string(u))
	if record.Tests == p.mill.testsPrint(one) {
		return
	}
	if v, ok := p.untestable(one, u); ok {
		set(p.verdicts, one.Name, u, v)
		p.say(one.Name, u, ActionHold, v.Exit, "edited tests", v.Reason)
		return
	}
	set(p.retest, one.Name, u, true)
	p.needOf(one, one.References(), u)
	p.say(one.Name, u, ActionTest, 0, "edited tests")
}

// need settles the contracts that a model and its tests read on a unit.
func (p *planner) need(one *model.Model, u job.Unit) {
	p.needOf(one, slices.Concat(one.Inputs, one.References()), u)
}

func (p *planner) needOf(one *model.Model, names []string, u job.Unit) {
	for _, input := range names {
		if p.mill.feeds[input] == nil {
			continue
		}
		for _, v := range p.cat.granted(one, input, u) {
			set(p.contracts, input, v, true)
		}
	}
}

// assess tells whether a unit is stale for certain, or only if the rows of an
// input turn out to be other ones.
func (p *planner) assess(one *model.Model, u job.Unit) (why []string, certain, possible bool) {
	record, published := p.mill.State().Unit(one.Name, string(u))
	unknown := map[string]bool{}
	print, inputs := p.cat.print(one, u, func(dataset string, v job.Unit) string {
		hash, known := p.hash(dataset, v)
		if !known {
			unknown[dataset] = true
		}
		return hash
	})
	switch {
	case !published:
		return []string{"new"}, true, false
	case record.Lost:
		return []string{"lost"}, true, false
	}
	if record.MadeUnder() != p.mill.Semantics {
		why, certain = append(why, p.whySemantics(record)), true
	}
	if record.SQL != ledger.Fingerprint(one.Data()) {
		why, certain = append(why, "edited "+one.File), true
	}
	for _, input := range sortedKeys(inputs) {
		switch {
		case unknown[input]:
			why, possible = append(why, "if rows of "+input+" change"), true
		case record.Inputs[input] != inputs[input]:
			why, certain = append(why, p.whyInput(input, u)), true
		}
	}
	if !certain && !possible && record.Fingerprint != print {
		why, certain = append(why, "another business date before it"), true
	}
	if p.sel.Full && !certain {
		why, certain = append(why, "again"), true
	}
	return why, certain, possible
}

func (p *planner) whyInput(input string, u job.Unit) string {
	for _, done := range p.planned {
		if done.Dataset == input && done.Unit == u && done.Action == ActionMake {
			return strings.Join(done.Why, ", ")
		}
	}
	return input + " changed"
}

// requireSteps adds the unpublished steps that a stale model reads: they lie in no
// lake, so they are made whenever they are read.
func (p *planner) requireSteps() {
	order := p.mill.Project.Order
	for _, name := range slices.Backward(order) {
		one := p.mill.Project.Models[name]
		if one == nil {
			continue
		}
		for _, u := range p.cat.units[name] {
			if !p.dirty[name][u] {
				continue
			}
			for _, input := range one.Inputs {
				step := p.mill.Project.Models[input]
				if step == nil || step.Publish != model.No {
					continue
				}
				for _, v := range p.cat.granted(one, input, u) {
					if !p.dirty[input][v] {
						set(p.dirty, input, v, true)
						p.need(step, v)
					}
				}
			}
		}
	}
}

// requireTests settles the contracts that a data test reads on the units that it
// will be asked about.
func (p *planner) requireTests() {
	for _, d := range p.mill.Project.DataTests {
		for _, input := range d.Inputs {
			for u := range merged(p.dirty[input], p.retest[input]) {
				for _, other := range d.Inputs {
					for _, v := range []job.Unit{u, job.Whole} {
						if _, ok := p.cat.prints[other][v]; ok {
							set(p.contracts, other, v, true)
						}
					}
				}
			}
		}
	}
}
