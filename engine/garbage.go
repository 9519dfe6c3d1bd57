package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// Garbage is what runs have left in a lake's staging area.
type Garbage struct {
	Left    []lake.Leftover `json:"left"`
	Pending int             `json:"pending"` // uploads of commits that are not finished, which are none of it
	Removed bool            `json:"removed"` // what was left, behind completing what was pending
	Lost    int             `json:"lost"`    // units whose uploads are gone: the next run makes them again
}

// CollectGarbage lists what dead runs have left in a lake, and with remove removes
// it, behind completing what they had committed. It holds the lake's lock: nobody
// is at work meanwhile.
func CollectGarbage(ctx context.Context, root lake.Store, holder lake.Info, remove bool, now func() time.Time) (g Garbage, err error) {
	g.Left = []lake.Leftover{}
	unlock, err := root.Lock(ctx, holder)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	needed, err := ledger.Unfinished(ctx, root)
	if err != nil {
		return g, err
	}
	g.Pending = len(needed)
	var store ledger.Store = root
	if !remove {
		store = readOnly{root}
	}
	l, err := ledger.Open(ctx, store, "", now)
	if err != nil {
		return g, err
	}
	for _, units := range l.State().Units {
		for _, u := range units {
			if u.Lost {
				g.Lost++
			}
		}
	}
	if remove {
		needed = nil
	}
	left, err := root.Leftovers(ctx)
	if err != nil {
		return g, err
	}
	for _, l := range left {
		if !slices.ContainsFunc(needed, l.Holds) {
			g.Left = append(g.Left, l)
		}
	}
	if remove {
		_, err = root.Sweep(ctx, func(string) bool { return false })
		g.Removed = err == nil
	}
	return g, err
}
