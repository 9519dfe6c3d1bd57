package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// conflict holds an entry against those that others have committed since.
func (l *Ledger) conflict(ctx context.Context, e Entry, since int64) error {
	for n := since + 1; n <= l.state.Number; n++ {
		data, err := l.read(ctx, entryKey(n))
		if err != nil {
			return err
		}
		var other Entry
		if err := json.Unmarshal(data, &other); err != nil {
			return &DamageError{Key: entryKey(n), Err: err}
		}
		if found := e.against(other); found != nil {
			return found
		}
	}
	return nil
}

// against is what two entries that do not know of each other may not both do: change or
// guard one unit, close a period that the other publishes in, or remove what the other
// has uploaded.
func (e Entry) against(other Entry) *ConflictError {
	theirs := other.touched()
	for _, t := range e.touched() {
		if i := slices.IndexFunc(theirs, func(o touch) bool { return o.unit == t.unit }); i >= 0 {
			return &ConflictError{Unit: t.unit, Did: theirs[i].did, Run: other.Run}
		}
	}
	if u, ok := closes(other.Closures, e.touched()); ok {
		return &ConflictError{Unit: u, Did: "closed the period of", Run: other.Run}
	}
	if u, ok := closes(e.Closures, theirs); ok {
		return &ConflictError{Unit: u, Did: "changed", Run: other.Run}
	}
	for _, up := range other.Uploads {
		if slices.Contains(e.Removals, up.Key) {
			return &ConflictError{Key: up.Key, Did: "published", Run: other.Run}
		}
	}
	return nil
}

// touch is what an entry does with a unit.
type touch struct {
	unit UnitRef
	did  string
}

func (e Entry) touched() []touch {
	var all []touch
	for _, u := range e.Units {
		all = append(all, touch{UnitRef{u.Dataset, u.Unit}, "published"})
	}
	for _, d := range e.Drops {
		all = append(all, touch{d, "dropped"})
	}
	for _, p := range e.Pins {
		all = append(all, touch{UnitRef{p.Dataset, p.Unit}, "pinned or released"})
	}
	return all
}

// closes returns a unit that lies in a period that is closed, or has it in it. A name
// of a period is the beginning of the names of all that lie in it.
func closes(closures []Closure, touched []touch) (UnitRef, bool) {
	for _, c := range closures {
		for _, t := range touched {
			if !c.Ended && (strings.HasPrefix(t.unit.Unit, c.Period) || strings.HasPrefix(c.Period, t.unit.Unit)) {
				return t.unit, true
			}
		}
	}
	return UnitRef{}, false
}
