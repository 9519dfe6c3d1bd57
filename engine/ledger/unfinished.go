package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"ledgermill/engine/lake"
)

// Unfinished returns the uploads of entries that were committed and not finished:
// whoever opens the ledger for writing completes them. It changes nothing.
func Unfinished(ctx context.Context, store Store) ([]lake.Upload, error) {
	objects, err := store.List(ctx, Prefix)
	if err != nil {
		return nil, fmt.Errorf("list ledger: %w", err)
	}
	l := &Ledger{store: store}
	all := listing(objects)
	var uploads []lake.Upload
	for _, n := range all.entries {
		if all.done[n] || n < all.checkpoint {
			continue
		}
		data, err := l.read(ctx, entryKey(n))
		if err != nil {
			return nil, err
		}
		var e Entry
		if err := json.Unmarshal(data, &e); err != nil {
			return nil, &DamageError{Key: entryKey(n), Err: err}
		}
		uploads = append(uploads, e.Uploads...)
	}
	return uploads, nil
}
