package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// IdleKey is where the last run is noted that found everything up to date.
const IdleKey = Prefix + "idle.json"

// NoteIdle replaces the note of the last run that found everything up to date. It is
// no entry: the ledger grows by what has changed, and not by nights on which nothing
// has. What is true about the lake does not depend on it.
func (l *Ledger) NoteIdle(ctx context.Context, r RunSummary) error {
	data, err := json.Marshal(r)
	if err == nil {
		err = l.store.Put(ctx, IdleKey, data)
	}
	if err != nil {
		return fmt.Errorf("note of a run with nothing to do: %w", err)
	}
	return nil
}

// ReadIdle returns the last run that found everything up to date, nil where none has.
func ReadIdle(ctx context.Context, store Store) (*RunSummary, error) {
	r, err := store.Open(ctx, IdleKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", IdleKey, err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read ledger %s: %w", IdleKey, err)
	}
	var found RunSummary
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, &DamageError{Key: IdleKey, Err: err}
	}
	return &found, nil
}
