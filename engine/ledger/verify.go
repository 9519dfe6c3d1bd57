package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/klauspost/compress/zstd"
)

// Verification is what was found of a whole ledger, from its first entry.
type Verification struct {
	Entries     int64         `json:"entries"`
	Checkpoints int           `json:"checkpoints"`
	Faults      []LedgerFault `json:"faults"`
}

// LedgerFault is a record that is not as it was written, or is not there.
type LedgerFault struct {
	Key   string `json:"key"`
	Fault string `json:"fault"`
}

// Verify reads every record of the ledger again and follows the chain of hashes: an
// edited or missing entry is found by the one behind it, the last one by its Done, a
// missing Done by the entries behind it, a checkpoint by folding the entries before it.
// Of what Dones say of lost files a later checkpoint tells alone; that the last entries
// are gone together with all that was written since, nothing does. It changes nothing,
// and needs no ledger that can be opened.
func Verify(ctx context.Context, store Store) (*Verification, error) {
	objects, err := store.List(ctx, Prefix)
	if err != nil {
		return nil, fmt.Errorf("list ledger: %w", err)
	}
	v := &verifier{Ledger: &Ledger{store: store}, found: &Verification{Faults: []LedgerFault{}}, state: NewState("")}
	listing := listing(objects)
	checkpoints := map[int64]bool{}
	for _, o := range objects {
		var n int64
		if _, err := fmt.Sscanf(o.Key, Prefix+"%d"+checkpointSuffix, &n); err == nil && o.Key == checkpointKey(n) {
			checkpoints[n] = true
		}
	}
	last := listing.last(checkpoints)
	present := map[int64]bool{}
	for _, n := range listing.entries {
		present[n] = true
	}
	for n := int64(1); n <= last; n++ {
		if !present[n] {
			v.fault(entryKey(n), "it is missing")
			v.state.Number, v.state.Hash, v.broken = n, "", true
			continue
		}
		if err := v.entry(ctx, n, listing.done[n] || n < last); err != nil {
			return nil, err
		}
		if checkpoints[n] {
			if err := v.checkpoint(ctx, n); err != nil {
				return nil, err
			}
		}
	}
	return v.found, nil
}

// last is the greatest number that any record says an entry had.
func (c contents) last(checkpoints map[int64]bool) int64 {
	var last int64
	for _, n := range c.entries {
		last = max(last, n)
	}
	for n := range c.done {
		last = max(last, n)
	}
	for n := range checkpoints {
		last = max(last, n)
	}
	return last
}

type verifier struct {
	*Ledger
	found  *Verification
	state  *State
	broken bool // the entry before was not there or could not be read: its hash is not known
	marred bool // a fault was found: what is folded from there on is not what was
}

func (v *verifier) fault(key, format string, args ...any) {
	v.marred = true
	v.found.Faults = append(v.found.Faults, LedgerFault{Key: key, Fault: fmt.Sprintf(format, args...)})
}

// read returns nil for a record that is gone since it was listed.
func (v *verifier) read(ctx context.Context, key string) ([]byte, error) {
	data, err := v.Ledger.read(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		v.fault(key, "it is missing")
		return nil, nil
	}
	return data, err
}

func (v *verifier) entry(ctx context.Context, n int64, isDone bool) error {
	data, err := v.read(ctx, entryKey(n))
	if err != nil || data == nil {
		return err
	}
	v.found.Entries++
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil {
		v.fault(entryKey(n), "it cannot be read: %v", err)
		v.broken = true
		return nil
	}
	if e.Number != n {
		v.fault(entryKey(n), "it says that it is entry %d", e.Number)
	}
	if !v.broken && e.Previous != v.state.Hash {
		v.fault(entryKey(n), "it does not follow from entry %d: one of the two was changed", n-1)
	}
	v.broken = false
	done := Done{}
	if isDone {
		packed, err := v.read(ctx, doneKey(n))
		if err != nil {
			return err
		}
		if packed != nil {
			if err := json.Unmarshal(packed, &done); err != nil {
				v.fault(doneKey(n), "it cannot be read: %v", err)
			} else if done.Number != n {
				v.fault(doneKey(n), "it says that it is of entry %d", done.Number)
			} else if done.Entry != hash(data) {
				v.fault(entryKey(n), "it is not the entry that was completed: it was changed afterwards")
			}
		}
	}
	v.state.fold(e, hash(data), done)
	return nil
}

// checkpoint compares a checkpoint with the fold of the entries before it.
func (v *verifier) checkpoint(ctx context.Context, n int64) error {
	packed, err := v.read(ctx, checkpointKey(n))
	if err != nil || packed == nil {
		return err
	}
	v.found.Checkpoints++
	r, err := zstd.NewReader(nil)
	if err != nil {
		return fmt.Errorf("verify checkpoint: %w", err)
	}
	defer r.Close()
	data, err := r.DecodeAll(packed, nil)
	if err != nil {
		v.fault(checkpointKey(n), "it cannot be read: %v", err)
		return nil
	}
	want, err := json.Marshal(v.state)
	if err != nil {
		return fmt.Errorf("verify checkpoint: %w", err)
	}
	if !v.marred && !bytes.Equal(bytes.TrimSpace(data), want) {
		v.fault(checkpointKey(n), "it is not what the entries before it make")
	}
	return nil
}
