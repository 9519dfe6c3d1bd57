package ledger

import (
	"slices"
	"strings"
	"time"
)

// Closure freezes the published units of a period: what would make them again is
// held.
type Closure struct {
	Period   string    `json:"period"` // a date, month or year, as a unit is named
	Run      string    `json:"run"`
	At       time.Time `json:"at"`
	Operator string    `json:"operator,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Ended    bool      `json:"ended,omitempty"`
}

// Pin keeps a unit at a version that it was rolled back to.
type Pin struct {
	Dataset  string    `json:"dataset"`
	Unit     string    `json:"unit"`
	To       string    `json:"to"` // the run whose state was put back
	Run      string    `json:"run"`
	At       time.Time `json:"at"`
	Operator string    `json:"operator,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Released bool      `json:"released,omitempty"`
}

// Keep is a published file that is copied aside before an upload replaces it.
type Keep struct {
	Key string `json:"key"`
	To  string `json:"to"`
}

// foldGuards adds what an entry says of closed periods and pinned units.
func (s *State) foldGuards(e Entry) {
	if s.Closed == nil {
		s.Closed = map[string]Closure{}
	}
	if s.Pins == nil {
		s.Pins = map[string]map[string]Pin{}
	}
	for _, c := range e.Closures {
		if c.Ended {
			delete(s.Closed, c.Period)
			continue
		}
		s.Closed[c.Period] = c
	}
	for _, p := range e.Pins {
		if p.Released {
			delete(s.Pins[p.Dataset], p.Unit)
			continue
		}
		put(s.Pins, p.Dataset, p.Unit, p)
	}
}

// Pinned returns the pin of a unit.
func (s *State) Pinned(dataset, unit string) (Pin, bool) {
	p, ok := s.Pins[dataset][unit]
	return p, ok
}

// Closures are the closed periods, in order.
func (s *State) Closures() []Closure {
	var all []Closure
	for _, c := range s.Closed {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Closure) int { return strings.Compare(a.Period, b.Period) })
	return all
}
