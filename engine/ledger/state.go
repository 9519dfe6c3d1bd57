package ledger

import (
	"maps"
	"slices"
	"time"
)

// State is the fold of the entries: what is published, what was read, what stands
// in the way. Its maps are never nil.
type State struct {
	Format   int                                `json:"format"`
	Project  string                             `json:"project"`
	Number   int64                              `json:"number"` // of the last entry folded in
	Hash     string                             `json:"hash"`   // sha256 of that entry
	Objects  map[string]map[string]ObjectRecord `json:"objects"`
	Units    map[string]map[string]UnitRecord   `json:"units"`
	Verdicts map[string]map[string]Verdict      `json:"verdicts"`
	Closed   map[string]Closure                 `json:"closed,omitempty"` // by period
	Pins     map[string]map[string]Pin          `json:"pins,omitempty"`   // by dataset and unit
	Runs     []RunSummary                       `json:"runs"`             // oldest first, the last MaxRuns of them

	Statements map[string]map[string]string `json:"statements,omitempty"` // texts by dataset and hash, of published units and kept versions
}

// MaxRuns is how many run records a state keeps.
const MaxRuns = 1000

// NewState is the state of an empty ledger.
func NewState(project string) *State {
	return &State{Format: Format, Project: project, Objects: map[string]map[string]ObjectRecord{},
		Units: map[string]map[string]UnitRecord{}, Verdicts: map[string]map[string]Verdict{},
		Closed: map[string]Closure{}, Pins: map[string]map[string]Pin{}}
}

func put[V any](m map[string]map[string]V, outer, inner string, v V) {
	if m[outer] == nil {
		m[outer] = map[string]V{}
	}
	m[outer][inner] = v
}

// fold adds an entry and what its Done says of it.
func (s *State) fold(e Entry, hash string, done Done) {
	s.Number, s.Hash, s.Project = e.Number, hash, e.Project
	for _, o := range e.Objects {
		if o.Dropped {
			delete(s.Objects[o.Feed], o.Key)
			continue
		}
		put(s.Objects, o.Feed, o.Key, o)
	}
	for _, v := range e.Verdicts {
		if v.Lifted {
			delete(s.Verdicts[v.Dataset], v.Unit)
			continue
		}
		put(s.Verdicts, v.Dataset, v.Unit, v)
	}
	for _, u := range e.Units {
		put(s.Units, u.Dataset, u.Unit, u)
		delete(s.Verdicts[u.Dataset], u.Unit)
	}
	for _, d := range e.Drops {
		delete(s.Units[d.Dataset], d.Unit)
		delete(s.Verdicts[d.Dataset], d.Unit)
		delete(s.Pins[d.Dataset], d.Unit)
	}
	s.foldStatements(e.Statements)
	s.foldGuards(e)
	for _, l := range done.Lost {
		if u, ok := s.Units[l.Dataset][l.Unit]; ok {
			u.Lost = true
			put(s.Units, l.Dataset, l.Unit, u)
		}
	}
	for _, l := range done.LostStrays {
		if o, ok := s.Objects[l.Feed][l.Key]; ok {
			o.Contract = ""
			put(s.Objects, l.Feed, l.Key, o)
		}
	}
	if e.Summary != nil {
		s.foldRun(*e.Summary)
	}
}

// foldRun adds the record of a run. What was done by hand is recorded with its entry,
// and again when the warehouse has followed.
func (s *State) foldRun(r RunSummary) {
	if last := len(s.Runs) - 1; last >= 0 && r.ByHand && s.Runs[last].ByHand && s.Runs[last].Run == r.Run {
		s.Runs[last] = r
		return
	}
	s.Runs = append(s.Runs, r)
	s.Runs = s.Runs[max(0, len(s.Runs)-MaxRuns):]
}

// Keys are those of all objects of the lake that the ledger has: published units with
// their former versions, and rejects.
func (s *State) Keys() map[string]bool {
	keys := map[string]bool{}
	for _, units := range s.Units {
		for _, u := range units {
			for _, version := range append([]UnitRecord{u}, u.Kept...) {
				keys[version.Key], keys[version.Rejects] = true, true
			}
		}
	}
	for _, objects := range s.Objects {
		for _, o := range objects {
			keys[o.Strays] = true
		}
	}
	for _, verdicts := range s.Verdicts {
		for _, v := range verdicts {
			keys[v.Rejects] = true
		}
	}
	delete(keys, "") // what has no object
	return keys
}

// Unit returns the published unit of a dataset.
func (s *State) Unit(dataset, unit string) (UnitRecord, bool) {
	u, ok := s.Units[dataset][unit]
	return u, ok
}

// ClosedRejects are the ids of the rejects of a feed that records fixed by hand have
// closed.
func (s *State) ClosedRejects(feed string) map[string]bool {
	closed := map[string]bool{}
	for _, u := range s.Units[feed] {
		for _, id := range u.Closes {
			closed[id] = true
		}
	}
	return closed
}

// UnitNames are the published units of a dataset, in order.
func (s *State) UnitNames(dataset string) []string {
	return slices.Sorted(maps.Keys(s.Units[dataset]))
}

// Run returns the record of a run, by its id or the beginning of it.
func (s *State) Run(id string) (RunSummary, bool) {
	for _, r := range slices.Backward(s.Runs) {
		if len(id) >= 4 && len(r.Run) >= len(id) && r.Run[:len(id)] == id {
			return r, true
		}
	}
	return RunSummary{}, false
}

// LastRun is when the last recorded run ended, what was done by hand left out; zero
// where there is none.
func (s *State) LastRun() time.Time {
	for _, r := range slices.Backward(s.Runs) {
		if !r.ByHand {
			return r.Finished
		}
	}
	return time.Time{}
}
