package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"ledgermill/engine/lake"

	"github.com/klauspost/compress/zstd"
)

// Commit makes e the next entry and completes its uploads. Where another run has
// committed meanwhile, it rebases, unless the two do not go together: *ConflictError,
// and nothing of e is visible. Where the store has lost uploads meanwhile, the entry
// stands without them: *LostError.
func (l *Ledger) Commit(ctx context.Context, e Entry) error {
	for {
		e.Format, e.Project = Format, l.project
		e.Number, e.Previous = l.state.Number+1, l.state.Hash
		data, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		err = l.store.Create(ctx, entryKey(e.Number), data)
		if err == nil {
			return l.settle(ctx, e, data)
		}
		mine := l.holds(context.WithoutCancel(ctx), entryKey(e.Number), data)
		if !errors.Is(err, lake.ErrExists) {
			l.pending = mine
			return fmt.Errorf("commit ledger entry %d: %w", e.Number, err)
		}
		if mine {
			return l.settle(ctx, e, data)
		}
		before := l.state.Number
		if err := l.Reload(ctx); err != nil {
			return err
		}
		if err := l.conflict(ctx, e, before); err != nil {
			return err
		}
	}
}

// holds reports whether an entry may be the one that was to be created: a store can
// fail, or find the key taken, after it has done what it was asked for.
func (l *Ledger) holds(ctx context.Context, key string, data []byte) bool {
	found, err := l.read(ctx, key)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return bytes.Equal(found, data)
}

func (l *Ledger) settle(ctx context.Context, e Entry, data []byte) error {
	// The commit is made: a cancelled run still makes visible what it has committed.
	ctx = context.WithoutCancel(ctx)
	l.pending = true
	done, err := l.finish(ctx, e, hash(data))
	if err != nil {
		return err
	}
	l.pending = false
	l.state.fold(e, hash(data), done)
	if e.Number%checkpointEvery == 0 {
		err = l.writeCheckpoint(ctx)
	}
	if done.Gone != nil {
		err = errors.Join(err, &LostError{Number: e.Number, Keys: done.Gone})
	}
	return err
}

func (l *Ledger) writeCheckpoint(ctx context.Context) error {
	data, err := json.Marshal(l.state)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	w, err := zstd.NewWriter(nil)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	packed := w.EncodeAll(data, nil)
	if err := errors.Join(l.store.Put(ctx, checkpointKey(l.state.Number), packed), w.Close()); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

func (l *Ledger) readCheckpoint(ctx context.Context, n int64) error {
	packed, err := l.read(ctx, checkpointKey(n))
	if err != nil {
		return err
	}
	r, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return &DamageError{Key: checkpointKey(n), Err: err}
	}
	defer r.Close()
	state := NewState("")
	if err := json.NewDecoder(r).Decode(state); err != nil {
		return &DamageError{Key: checkpointKey(n), Err: err}
	}
	if err := l.admit(state.Format, state.Project); err != nil {
		return err
	}
	l.state = state
	return nil
}
