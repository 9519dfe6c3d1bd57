package engine

import (
	"context"
	"maps"
	"sync"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// ReadFrom is an environment whose published units are read where they are the same as
// would be made here. Nothing is ever written to it.
type ReadFrom struct {
	Name  string
	Lake  lake.Store
	Input string // URL of its raw objects
}

// beside is what a mill reads of another environment: its ledger as it was when the
// mill was opened, and both together.
type beside struct {
	name      string
	state     *ledger.State
	sameInput bool

	mu     sync.Mutex // guards what is below: steps ask at the same time
	number int64      // of the own entry that merged is of
	merged *ledger.State
	theirs map[string]bool // keys of files of the other lake that are read
}

// openBeside reads the other environment's ledger and lays the lake over its.
func (m *Mill) openBeside(ctx context.Context) error {
	from := m.ReadFrom
	if from == nil {
		return nil
	}
	l, err := ledger.Open(ctx, readOnly{from.Lake}, m.Name, m.Now)
	if err != nil {
		return &StoreError{Op: "read from " + from.Name + ", whose lake is", URL: from.Lake.URL(), Err: err}
	}
	m.beside = &beside{name: from.Name, state: l.State(), sameInput: m.Input != nil && from.Input == m.Input.URL()}
	m.Lake = lake.NewOverlay(m.Lake, from.Lake, func(key string) bool {
		_, theirs := m.beside.with(m.ledger.State())
		return theirs[key]
	})
	return nil
}

// Own is what the ledger of this environment says, without what it reads elsewhere.
func (m *Mill) Own() *ledger.State { return m.ledger.State() }

// with is the own state, and below it what the other environment has published: a unit
// of which nothing is published here is that of there. Which of them would be made of
// the same, the fingerprints tell.
func (b *beside) with(own *ledger.State) (*ledger.State, map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.merged != nil && b.number == own.Number {
		return b.merged, b.theirs
	}
	merged := *own
	b.theirs = map[string]bool{}
	merged.Units = maps.Clone(own.Units)
	for dataset, units := range b.state.Units {
		contract := b.state.Objects[dataset] != nil
		all := maps.Clone(own.Units[dataset])
		if all == nil {
			all = map[string]ledger.UnitRecord{}
		}
		for name, u := range units {
			_, have := all[name]
			if have || u.Lost || contract && !b.sameInput {
				continue
			}
			u.Kept, u.Borrowed = nil, b.name
			all[name] = u
			if u.Key != "" {
				b.theirs[u.Key] = true
			}
		}
		merged.Units[dataset] = all
	}
	merged.Statements = mergeMaps(own.Statements, b.state.Statements)
	if b.sameInput {
		merged.Objects = mergeMaps(own.Objects, b.state.Objects)
	}
	b.merged, b.number = &merged, own.Number
	return b.merged, b.theirs
}

// mergeMaps is all of both, the first before the second.
func mergeMaps[V any](first, second map[string]map[string]V) map[string]map[string]V {
	all := map[string]map[string]V{}
	for name, inner := range second {
		all[name] = maps.Clone(inner)
	}
	for name, inner := range first {
		if all[name] == nil {
			all[name] = map[string]V{}
		}
		maps.Copy(all[name], inner)
	}
	return all
}
