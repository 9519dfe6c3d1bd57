package model

import (
	"slices"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// Stages divide the datasets so that each finds what it reads, and what its tests
// name, made for all units: whole datasets have even stages and those of units odd
// ones. Dimensions come first, then the days, then what sums up all days.
func (p *Project) Stages() map[string]int {
	stages := map[string]int{}
	for _, name := range p.Order {
		var needs []string
		if one := p.Models[name]; one != nil {
			needs = slices.Concat(one.Inputs, one.References())
		}
		stage := 0
		if p.dated(name) {
			stage = 1
		}
		for _, need := range needs {
			for stage < stages[need] {
				stage += 2
			}
		}
		stages[name] = stage
	}
	return stages
}

// dated reports whether a dataset is made by units.
func (p *Project) dated(name string) bool {
	if one := p.Models[name]; one != nil {
		return one.Dated()
	}
	c := p.Contracts[name]
	return c != nil && c.Partition != contract.Whole
}

// stageOf finds the stage behind which a data test can be asked, and refuses one that
// would be asked too early, or hold what is published by then: of a dataset and of what
// is made from it in a later stage.
func (l *loader) stageOf(t *DataTest, st statement, tree *tree, s *source) {
	stages := l.project.Stages()
	for _, table := range tree.tables {
		late := table.name
		i := slices.IndexFunc(t.Inputs, func(early string) bool {
			return stages[early] < stages[late] && slices.Contains(l.project.Downstream(early), late)
		})
		if i < 0 {
			continue
		}
		early, pos := t.Inputs[i], st.pos(table.off)
		if l.project.dated(early) && !l.project.dated(late) {
			l.faultTry(pos, "have a model with `-- publish: whole` compare the two, and test that one: `-- on: "+late+"` holds "+late,
				"%s is whole, and made from %s once all dates of that are: a test of one date comes before it", late, early)
			return
		}
		if j := slices.IndexFunc(t.On, func(on string) bool { return stages[on] < stages[late] }); j >= 0 && !t.Warn {
			if on := sqltext.Select(s.directives, "on"); len(on) > 0 {
				pos = on[0].Pos
			}
			l.faultTry(pos, "`-- on: "+late+"`", "a test of %s, which is made from %s in a later stage, cannot hold %s: that is published by then", late, early, t.On[j])
			return
		}
		t.Stage = max(t.Stage, stages[late])
	}
}
