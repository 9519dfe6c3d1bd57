package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// Selection narrows a plan or a run.
type Selection struct {
	From          time.Time  `json:"from,omitzero"` // business dates, both included; zero is open
	To            time.Time  `json:"to,omitzero"`
	Datasets      []string   `json:"datasets,omitempty"`       // nil: all
	Units         []job.Unit `json:"units,omitempty"`          // beside whole datasets these alone; nil: all
	Full          bool       `json:"full,omitempty"`           // make again what is up to date
	AcceptRemoved bool       `json:"accept_removed,omitempty"` // objects that have vanished are removed from their units
	Reopen        bool       `json:"reopen,omitempty"`         // units of closed periods may be made again
	Rewrite       bool       `json:"rewrite,omitempty"`        // published units older than HoldAfter may be made again
	Reason        string     `json:"reason,omitempty"`         // for Reopen or Rewrite, for the record

	Agreed *PlanFile `json:"-"` // the plan that is to be run, and nothing else; its Selection is this one
}

func (s Selection) has(dataset string, u job.Unit) bool {
	return s.covers(u) && (s.Datasets == nil || slices.Contains(s.Datasets, dataset))
}

// whole reports whether nothing of the project is left out.
func (s Selection) whole() bool {
	return s.From.IsZero() && s.To.IsZero() && s.Datasets == nil && s.Units == nil
}

func (s Selection) covers(u job.Unit) bool {
	return u.Overlaps(s.From, s.To) && (s.Units == nil || u == job.Whole || slices.Contains(s.Units, u))
}

// The actions of a plan.
const (
	ActionMake  = "make"   // it will be made
	ActionCheck = "check"  // it will be made if the rows of an input change
	ActionTest  = "test"   // its tests were edited: they run on what is published
	ActionHold  = "hold"   // it stays as it is: something stands in the way
	ActionSeal  = "sealed" // an object is gone, and nothing has changed
	actionWait  = "wait"   // an object has a new version that is not read yet, and nothing else has changed: not in plans
)

// PlannedUnit is one unit that a run would touch, and why.
type PlannedUnit struct {
	Dataset string   `json:"dataset"`
	Unit    job.Unit `json:"unit"`
	Action  string   `json:"action"`
	Why     []string `json:"why"`
	Exit    int      `json:"exit,omitempty"`
	Rows    *int64   `json:"rows,omitempty"` // that are expected of it; nil: nobody can tell, or nothing is made
}

// Plan is what a run would do.
type Plan struct {
	Objects []ObjectChange `json:"objects"`
	Units   []PlannedUnit  `json:"units"`
	Exit    int            `json:"exit"`

	// What a plan tells beside what is done; a run's plan has neither.
	Edits    []Edit       `json:"edits,omitempty"`
	Orphans  []Orphan     `json:"orphans,omitempty"`  // published, and made by nothing any more
	Expected *Expectation `json:"expected,omitempty"` // nil: nothing is made

	work []work
}

// work is one unit with the contracts to settle and the models to look at, as far
// as they belong to one stage.
type work struct {
	stage     int
	unit      job.Unit
	contracts []string
	models    []*model.Model
}

// queue is the work in the order in which it is done: by stage, and by date.
func (p *planner) queue() []work {
	stages := p.mill.Project.Stages()
	type place struct {
		stage int
		unit  job.Unit
	}
	at := map[place]*work{}
	get := func(name string, u job.Unit) *work {
		key := place{stages[name], u}
		if at[key] == nil {
			at[key] = &work{stage: key.stage, unit: u}
		}
		return at[key]
	}
	for _, name := range p.mill.Project.Order {
		if p.mill.feeds[name] != nil {
			for u := range p.contracts[name] {
				w := get(name, u)
				w.contracts = append(w.contracts, name)
			}
			continue
		}
		for u := range merged(p.dirty[name], p.retest[name]) {
			w := get(name, u)
			w.models = append(w.models, p.mill.Project.Models[name])
		}
	}
	var queue []work
	for _, w := range at {
		queue = append(queue, *w)
	}
	slices.SortFunc(queue, func(a, b work) int { return cmp.Or(cmp.Compare(a.stage, b.stage), cmp.Compare(a.unit, b.unit)) })
	return queue
}

func merged(a, b map[job.Unit]bool) map[job.Unit]bool {
	all := maps.Clone(a)
	if all == nil {
		all = map[job.Unit]bool{}
	}
	maps.Copy(all, b)
	return all
}

func (p *planner) plan() *Plan {
	plan := &Plan{Objects: []ObjectChange{}, Units: append([]PlannedUnit{}, p.planned...), work: p.queue()}
	for _, name := range p.mill.Project.Order {
		if f := p.mill.feeds[name]; f != nil {
			refused := f.refused()
			plan.Objects = append(append(plan.Objects, f.news()...), refused...)
			for _, o := range refused {
				plan.Exit = Graver(plan.Exit, o.Exit)
			}
		}
	}
	for _, u := range p.planned {
		plan.Exit = Graver(plan.Exit, u.Exit)
	}
	return plan
}
