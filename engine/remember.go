package engine

import (
	"fmt"
	"slices"

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
	return p.remembered(one.Name, u, p.mill.refusal(one.Name, print))
}

// hash is the hash of a unit as the run will find it, if that can be told before.
func (p *planner) hash(dataset string, u job.Unit) (hash string, known bool) {
	if print, ok := p.cat.prints[dataset][u]; ok {
		return print, true
	}
	record, _ := p.mill.State().Unit(dataset, string(u))
	return record.Content, !p.dirty[dataset][u]
}

// refusal is the fingerprint under which a unit is refused: of what it is made
// from, and of the limits and tests that it is held against.
func (m *Mill) refusal(name, print string) string {
	if c := m.Project.Contracts[name]; c != nil {
		return ledger.Fingerprint(print, m.limitsPrint(c))
	}
	return ledger.Fingerprint(print, m.testsPrint(m.Project.Models[name]))
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
		}
	}
	return parts
}
