package warehouse

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// load is one call of Load, Compact or another that changes tables, under way.
type load struct {
	w       *Warehouse
	request Request
	begun   time.Time // of the run's rows, as etl_processed_timestamp
	tag     string    // tells this load's staged leaves from any other's
	// main holds the load lock; leaves are swapped on it, so that a load that
	// lost the lock swaps nothing.
	main   *pgx.Conn
	conns  *conns
	jobs   jobs
	tables tables
	loads  []Loaded // at the beginning
	floors map[string]time.Time
	// merged is closed when the whole datasets are through.
	merged   chan struct{}
	merging  atomic.Int64
	swapping sync.Mutex // guards main once parts are loaded
	mu       sync.Mutex // guards report, held and the states of batches
	report   Report
	held     []error
	progress sync.Mutex // one call of Progress at a time
}

// Load brings the parts into their tables. Parts of a date are copied into
// fresh leaves and reconciled there, and all leaves of a unit are swapped in by
// one transaction; parts of whole datasets are merged by key.
//
// A unit with a part that cannot be loaded ([*CopyError], [*ReconcileError],
// [*SwapDeadlineError], [*ColumnsError], [*LayoutError]) stays as it was, the
// other units are loaded, and the joined errors are returned. Any other error
// ends the load. In both cases the report lists what is loaded.
//
// Days of history go straight into one leaf a month, and months beyond
// openDays are compacted at the end.
func (w *Warehouse) Load(ctx context.Context, r Request) (Report, error) {
	return w.change(ctx, r, func(ctx context.Context, l *load) error {
		batches, err := l.plan(ctx)
		if err != nil {
			return err
		}
		if err := l.loadBatches(ctx, batches); err != nil {
			return err
		}
		if r.Published != nil || r.Removed != nil {
			if err := l.removeOthers(ctx); err != nil {
				return err
			}
		}
		if err := l.compactExcess(ctx); err != nil {
			return err
		}
		return l.analyzeParents(ctx)
	})
}

// change does what holds the load lock.
func (w *Warehouse) change(ctx context.Context, r Request, do func(context.Context, *load) error) (Report, error) {
	l := &load{w: w, request: r, begun: time.Now().UTC(), tables: tables{}, merged: make(chan struct{})}
	tag := make([]byte, 3)
	rand.Read(tag)
	l.tag = "__" + hex.EncodeToString(tag)
	err := w.with(ctx, func(conn *pgx.Conn) error {
		l.main = conn
		return l.run(ctx, do)
	})
	l.report.Elapsed = time.Since(l.begun)
	// What stands in the way of all comes first: its remedy is the one to try.
	return l.report, errors.Join(append([]error{explain(err)}, l.held...)...)
}

func (l *load) run(ctx context.Context, do func(context.Context, *load) error) (err error) {
	if err := l.lock(ctx); err != nil {
		return err
	}
	clean := context.WithoutCancel(ctx)
	defer func() { err = errors.Join(err, l.unlock(clean)) }()
	if err := requireMigrated(ctx, l.main); err != nil {
		return err
	}
	if err := l.dropOrphans(ctx); err != nil {
		return err
	}
	if l.jobs, err = l.w.chooseJobs(ctx, l.main); err != nil {
		return err
	}
	l.conns = newConns(l.jobs.streams, l.connect)
	err = do(ctx, l)
	err = errors.Join(err, l.conns.close(clean))
	if err != nil || len(l.held) > 0 {
		err = errors.Join(err, l.dropOrphans(clean))
	}
	return err
}

// loadBatches merges whole datasets and stages as many leaves at once as there are
// streams, and swaps each batch as soon as it is whole. The large batches begin
// first, and of each batch the large leaves: a day behind its dimensions would leave
// a core idle at the end. Leaves may wait for the dimensions before they are shown,
// so these never wait for a leaf to end.
func (l *load) loadBatches(ctx context.Context, batches []*batch) error {
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		return l.loadLeaves(inner, group, largestFirst(batches), func() { l.mergeAll(inner, group, batches) })
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// mergeAll begins to merge the whole datasets.
func (l *load) mergeAll(ctx context.Context, group *errgroup.Group, batches []*batch) {
	l.merging.Store(1)
	for _, b := range batches {
		if b.whole != nil {
			l.merging.Add(1)
			group.Go(func() error { return l.loadWhole(ctx, b) })
		}
	}
	l.mergedOne()
}

// loadLeaves begins with the leaves in their order, and calls after once the first
// has what it needs.
func (l *load) loadLeaves(ctx context.Context, group *errgroup.Group, batches []*batch, after func()) error {
	lanes := make(chan struct{}, l.jobs.leaves)
	begin := sync.OnceFunc(after)
	defer begin()
	for _, b := range batches {
		for _, f := range b.leaves {
			select {
			case lanes <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			var err error
			if f.slot, err = l.conns.take(ctx); err != nil {
				return err
			}
			group.Go(func() error {
				defer func() { <-lanes }()
				return l.loadLeaf(ctx, b, f)
			})
			begin()
		}
	}
	return nil
}

// largestFirst orders the batches of leaves by size, those of much the same size as
// they came: by date.
func largestFirst(batches []*batch) []*batch {
	batches = slices.DeleteFunc(slices.Clone(batches), func(b *batch) bool { return b.whole != nil })
	sizes := make(map[*batch]int, len(batches))
	for _, b := range batches {
		slices.SortStableFunc(b.leaves, func(a, b *leaf) int { return cmp.Compare(b.size(), a.size()) })
		var rows int64
		for _, f := range b.leaves {
			rows += f.size()
		}
		sizes[b] = bits.Len64(uint64(rows))
	}
	slices.SortStableFunc(batches, func(a, b *batch) int { return cmp.Compare(sizes[b], sizes[a]) })
	return batches
}

func (l *load) mergedOne() {
	if l.merging.Add(-1) == 0 {
		close(l.merged)
	}
}

// loadWhole returns only errors that end the load.
func (l *load) loadWhole(ctx context.Context, b *batch) error {
	defer l.mergedOne()
	err := l.merge(ctx, b)
	if err != nil && ctx.Err() == nil && holds(err) {
		l.hold(b, "", err)
		return nil
	}
	return err
}

// loadLeaf stages a leaf; with the last of a batch, the batch is swapped. It
// returns only errors that end the load.
func (l *load) loadLeaf(ctx context.Context, b *batch, f *leaf) error {
	_, err := l.stageSound(ctx, b, f)
	if f.slot != nil {
		l.conns.giveBack(f.slot)
		f.slot = nil
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	b.left--
	last := b.left == 0
	l.mu.Unlock()
	if !last {
		return nil
	}
	// A unit held by one leaf must leave the others too, so that it shows nowhere. A
	// leaf that is staged again for that may hold another unit, which the leaves before
	// it have: each round that changes a leaf takes a unit out of it.
	for settled := false; !settled; {
		settled = true
		for _, f := range b.leaves {
			changed, err := l.stageSound(ctx, b, f)
			if err != nil {
				return err
			}
			settled = settled && !changed
		}
	}
	return l.show(ctx, b)
}

// stageSound stages the leaf, again without the units that cannot be loaded, and
// tells whether it is another than before.
func (l *load) stageSound(ctx context.Context, b *batch, f *leaf) (again bool, err error) {
	for {
		l.mu.Lock()
		changed := f.without(func(unit string) bool { return b.failed || b.held[unit] })
		f.empty = f.empty || b.failed || changed && len(f.parts) == 0
		nothing := f.empty
		l.mu.Unlock()
		if f.staged && (changed || nothing) {
			again = true
			if err := l.unstage(ctx, f); err != nil {
				return again, err
			}
		}
		if f.staged || nothing {
			return again, nil
		}
		again = true
		err := l.stageLeaf(ctx, f)
		if err == nil {
			f.staged = true
			continue
		}
		if ctx.Err() != nil || !holds(err) {
			return again, err
		}
		unit := unitOf(err)
		if !slices.ContainsFunc(f.parts, func(s *staged) bool { return s.Unit == unit }) {
			unit = "" // one that was to be kept
		}
		l.hold(b, unit, err)
		if err := l.unstage(ctx, f); err != nil {
			return again, err
		}
	}
}

// show swaps what a batch has staged.
func (l *load) show(ctx context.Context, b *batch) error {
	b.leaves = slices.DeleteFunc(b.leaves, func(f *leaf) bool { return !f.staged })
	if len(b.leaves) == 0 {
		return nil
	}
	if err := l.sound(b); err != nil {
		return err
	}
	err := l.swap(ctx, b)
	if err != nil && ctx.Err() == nil && holds(err) {
		l.hold(b, "", err)
		return nil
	}
	return err
}

// sound refuses to show a part of a unit: what is held is in no leaf.
func (l *load) sound(b *batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range b.leaves {
		for _, s := range f.parts {
			if b.failed || b.held[s.Unit] {
				return fmt.Errorf("show %s: unit %s of %s is staged, though the unit is held", b.name, s.Unit, s.Table)
			}
		}
	}
	return nil
}

// hold keeps a unit, or with "" the whole batch, from being shown.
func (l *load) hold(b *batch, unit string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if unit == "" {
		b.failed = true
	} else {
		b.held[unit] = true
	}
	l.held = append(l.held, err)
}

// unitOf is the unit that an error concerns, "" for all that are on their way
// with it.
func unitOf(err error) string {
	var copying *CopyError
	var reconcile *ReconcileError
	switch {
	case errors.As(err, &copying):
		return copying.Unit
	case errors.As(err, &reconcile):
		return reconcile.Unit
	}
	return ""
}

// holds tells errors that concern one unit from those that end the load.
func holds(err error) bool {
	var (
		copying   *CopyError
		reconcile *ReconcileError
		deadline  *SwapDeadlineError
		columns   *ColumnsError
		layout    *LayoutError
	)
	return errors.As(err, &copying) || errors.As(err, &reconcile) || errors.As(err, &deadline) ||
		errors.As(err, &columns) || errors.As(err, &layout)
}

func (l *load) tell(e Event) {
	if l.request.Progress == nil {
		return
	}
	l.progress.Lock()
	defer l.progress.Unlock()
	l.request.Progress(e)
}

// note adds what is shown to the report. The caller holds mu.
func (l *load) note(units, leaves int, parts []*staged) {
	l.report.Units += units
	l.report.Leaves += leaves
	for _, s := range parts {
		l.report.Parts = append(l.report.Parts, s.report)
		l.report.Rows += s.report.Rows
		l.report.Bytes += s.report.Bytes
	}
}
