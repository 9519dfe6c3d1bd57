package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"
)

// transfers is how many objects are on their way at once.
const transfers = 4

// Transfer is a local file and the object that it becomes, or that it is made of.
type Transfer struct {
	Key  string `json:"key"`
	File string `json:"file"`
	Size int64  `json:"size"` // bytes
}

// Send makes objects of files, some at once, each whole or not at all. It calls
// progress after each, one call at a time.
func Send(ctx context.Context, to Store, list []Transfer, progress func(Transfer)) error {
	return each(ctx, list, progress, func(ctx context.Context, t Transfer) error {
		u, err := to.Stage(ctx, t.Key, t.File)
		if err != nil {
			return err
		}
		_, err = to.Complete(ctx, u)
		if err != nil {
			err = both(err, to.Abort(context.WithoutCancel(ctx), u))
		}
		return err
	})
}

// Receive makes files of objects, some at once, and holds them against size and
// checksum before they take their names.
func Receive(ctx context.Context, from Reader, list []Transfer, progress func(Transfer)) error {
	return each(ctx, list, progress, func(ctx context.Context, t Transfer) error { return receive(ctx, from, t) })
}

// Discard removes objects, some at once.
func Discard(ctx context.Context, from Writer, list []Transfer, progress func(Transfer)) error {
	return each(ctx, list, progress, func(ctx context.Context, t Transfer) error { return from.Remove(ctx, t.Key) })
}

func each(ctx context.Context, list []Transfer, progress func(Transfer), do func(context.Context, Transfer) error) error {
	var one sync.Mutex
	moving, ctx := errgroup.WithContext(ctx)
	moving.SetLimit(transfers)
	for _, t := range list {
		moving.Go(func() error {
			if err := do(ctx, t); err != nil {
				return err
			}
			one.Lock()
			defer one.Unlock()
			progress(t)
			return nil
		})
	}
	return moving.Wait()
}

func receive(ctx context.Context, from Reader, t Transfer) (err error) {
	if err := os.MkdirAll(filepath.Dir(t.File), 0o777); err != nil {
		return fmt.Errorf("download %s: %w", t.Key, err)
	}
	out, err := os.CreateTemp(filepath.Dir(t.File), ".download-")
	if err != nil {
		return fmt.Errorf("download %s: %w", t.Key, err)
	}
	err = errors.Join(Fetch(ctx, from, t.Key, t.Size, out), out.Chmod(0o644), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), t.File)
	}
	if err != nil {
		return fmt.Errorf("download %s: %w", t.Key, both(err, removed(out.Name())))
	}
	return nil
}

// Fetch copies an object of size bytes to w. It fails with ErrChanged if size or
// checksum is another than the store has said.
func Fetch(ctx context.Context, from Reader, key string, size int64, w io.Writer) error {
	sum, err := from.Checksum(ctx, key)
	if err != nil {
		return err
	}
	r, err := from.Open(ctx, key)
	if err != nil {
		return err
	}
	check := sum.Checker()
	n, err := io.CopyBuffer(io.MultiWriter(w, check), &stoppable{ctx, r}, make([]byte, 1<<20))
	if err = both(err, r.Close()); err != nil {
		return failed("read object", key, err)
	}
	if n != size {
		return failed("read object", key, fmt.Errorf("%w: %d bytes, not %d", ErrChanged, n, size))
	}
	return failed("read object", key, check.Check())
}
