package engine

import (
	"fmt"
	"slices"
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// remembered is a verdict on the same content under the same rules: it is said
// again and not found out again.
func (p *planner) remembered(name string, u job.Unit, refusal string) (ledger.Verdict, bool) {
	old, ok := p.mill.State().Verdicts[name][string(u)]
	if !ok || old.Kind != ledger.RefusedKind || old.Fingerprint != refusal || p.sel.Full {
		return old, false
	}
	old.Reason += " (as in run " + old.Run + ")"
	return old, true
}

// refusedBefore is what stands against a unit whose inputs will stay as they are.
func (p *planner) refusedBefore(one *model.Model, u job.Unit) (v ledger.Verdict, ok bool) {
	open := false
	print, _ := p.cat.print(one, u, func(dataset string, v job.Unit) string {
		hash, known := p.hash(dataset, v)
		open = open || !known
		return hash
	})
	if open {
		return v, false
	}
	return p.refusedFor(one.Name, u, print, p.hash)
}

// hash is the hash of a unit as the run will find it, if that can be told before.
func (p *planner) hash(dataset string, u job.Unit) (hash string, known bool) {
	if print, ok := p.cat.prints[dataset][u]; ok {
		return print, true
	}
	record, _ := p.mill.State().Unit(dataset, string(u))
	return record.Content, p.looked[dataset] && !p.dirty[dataset][u]
}

// refusedFor is the verdict on a unit of a known fingerprint, if nothing has changed
// since that it was found by.
func (p *planner) refusedFor(name string, u job.Unit, print string, hash func(string, job.Unit) (string, bool)) (v ledger.Verdict, ok bool) {
	refusal, known := p.refusal(name, u, print, hash)
	if !known {
		return v, false
	}
	return p.remembered(name, u, refusal)
}

// refusal is the fingerprint under which a unit is refused: of what it is made
// from, of the limits and tests that it is held against, and of what else these
// read or are told. It is not known while some of that may be made again.
func (p *planner) refusal(name string, u job.Unit, print string, hash func(string, job.Unit) (string, bool)) (refusal string, known bool) {
	parts := []string{print}
	if c := p.mill.Project.Contracts[name]; c != nil {
		parts = append(parts, p.mill.limitsPrint(c))
	} else {
		parts = append(parts, p.mill.testsPrint(p.mill.Project.Models[name]))
	}
	for _, d := range p.mill.Project.DataTests {
		if d.UsesBusinessDay && slices.Contains(d.On, name) {
			parts = append(parts, "previous", p.cat.beforeTest(d, u).Format(time.DateOnly))
		}
	}
	known = true
	for _, v := range p.cat.compared(p.mill.Project.Models[name], u) {
		h, sure := hash(name, v)
		parts, known = append(parts, name, string(v), h), known && sure
	}
	for _, other := range p.mill.witnesses(name) {
		for _, v := range p.cat.units[other] {
			if v != u && v != job.Whole {
				continue
			}
			h, sure := hash(other, v)
			parts, known = append(parts, other, string(v), h), known && sure
		}
	}
	return ledger.Fingerprint(parts...), known
}

// witnesses are the datasets that the tests of one read beside it, sorted: neither
// what it is made from nor what is made from it.
func (m *Mill) witnesses(name string) []string {
	var names, own []string
	if one := m.Project.Models[name]; one != nil {
		names, own = slices.Clone(one.References()), one.Inputs
	}
	for _, d := range m.Project.DataTests {
		if slices.Contains(d.On, name) {
			names = append(names, d.Inputs...)
		}
	}
	own = slices.Concat(own, m.Project.Downstream(name), []string{name})
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(own, n) })
	slices.Sort(names)
	return slices.Compact(names)
}

// limitsPrint is the hash of a contract's limits and of the data tests that hold it.
func (m *Mill) limitsPrint(c *contract.Contract) string {
	var parts []string
	for _, l := range c.Limits {
		parts = append(parts, l.Reason, fmt.Sprint(l.Count), l.Percent)
	}
	return ledger.Fingerprint(append(parts, m.dataTestsOn(c.Name)...)...)
}

// testsPrint is the hash of a model's tests and of the data tests that hold it.
func (m *Mill) testsPrint(one *model.Model) string {
	var parts []string
	for _, t := range one.Tests {
		parts = append(parts, t.Text, fmt.Sprint(t.Warn), fmt.Sprint(t.AtMost))
	}
	return ledger.Fingerprint(append(parts, m.dataTestsOn(one.Name)...)...)
}

func (m *Mill) dataTestsOn(name string) []string {
	var parts []string
	for _, d := range m.Project.DataTests {
		if slices.Contains(d.On, name) {
			parts = append(parts, d.Name, sqltext.Canonical(d.SQL), fmt.Sprint(d.Warn))
			if d.AtMost > 0 {
				parts = append(parts, fmt.Sprint(d.AtMost))
			}
		}
	}
	return parts
}
