package warehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Rebuilt is a leaf that was made anew from leaves that were there.
type Rebuilt struct {
	Table   string  `json:"table"`
	Leaf    string  `json:"leaf"`
	Leaves  int     `json:"leaves"` // that it replaces
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
}

// Compact makes one leaf of all day leaves of a month, in every table; the zero
// time stands for all months beyond those that loads keep open. Readers see the
// day leaves until the month's leaf is proved and swapped in. Errors are those
// of [Warehouse.Load].
func (w *Warehouse) Compact(ctx context.Context, month time.Time) (Report, error) {
	return w.change(ctx, Request{}, func(ctx context.Context, l *load) error {
		if err := l.readTables(ctx); err != nil {
			return err
		}
		batches := l.excess()
		if !month.IsZero() {
			batches = l.everyMonth(month, func(n *node) bool { return !n.compacted() })
		}
		return l.rebuild(ctx, batches)
	})
}

// readTables reads the state of every partitioned table that was ever loaded.
func (l *load) readTables(ctx context.Context) error {
	if err := l.readState(ctx); err != nil {
		return err
	}
	l.tables = tables{}
	for _, u := range l.loads {
		if u.Leaf == "" {
			continue
		}
		if _, err := l.tables.get(ctx, l.main, u.Table); err != nil {
			return err
		}
	}
	return nil
}

// compactExcess compacts at the end of a load what its days have pushed out. A
// month that cannot be compacted now is left for the next load: readers miss
// nothing.
func (l *load) compactExcess(ctx context.Context) error {
	grown := slices.ContainsFunc(l.report.Parts, func(p PartReport) bool { return p.Leaf != "" })
	if !grown {
		return nil
	}
	if err := l.readTables(ctx); err != nil {
		return err
	}
	before := len(l.held)
	if err := l.rebuild(ctx, l.excess()); err != nil {
		return err
	}
	l.forgive(ctx, before)
	return nil
}

// excess are the months whose days are beyond openDays.
func (l *load) excess() (batches []*batch) {
	for _, name := range slices.Sorted(maps.Keys(l.tables)) {
		t := l.tables[name]
		closed := t.closedBefore(nil)
		for _, month := range t.root.children {
			if month.split && !month.compacted() && month.from.Before(closed) {
				batches = append(batches, l.compaction(t, month))
			}
		}
	}
	return batches
}

// everyMonth compacts one month in all tables where it is as wanted.
func (l *load) everyMonth(from time.Time, wanted func(*node) bool) (batches []*batch) {
	for _, name := range slices.Sorted(maps.Keys(l.tables)) {
		if month := l.tables[name].month(from); month != nil && wanted(month) {
			batches = append(batches, l.compaction(l.tables[name], month))
		}
	}
	return batches
}

// compacted tells a month that is one leaf, or has none.
func (n *node) compacted() bool {
	return len(n.children) == 0 || len(n.children) == 1 && n.children[0].from.Equal(n.from) && n.children[0].to.Equal(n.to)
}

// compaction makes one leaf of all leaves of a month.
func (l *load) compaction(t *table, month *node) *batch {
	return l.rebuilding(&leaf{table: t, from: month.from, to: month.to, parent: month, old: month.children})
}

// rebuilding is a batch of one leaf made from those that it replaces.
func (l *load) rebuilding(f *leaf) *batch {
	f.was, f.keeps = l.unitsIn(f.table, f.old), true
	return &batch{name: dateText(f.from) + " to " + dateText(f.to.AddDate(0, 0, -1)) + " of " + f.table.name, leaves: []*leaf{f}, left: 1, held: map[string]bool{}}
}

// rebuild makes and shows each batch by itself.
func (l *load) rebuild(ctx context.Context, batches []*batch) error {
	var ready []*batch
	for _, b := range batches {
		err := l.name(ctx, b.leaves[0])
		switch {
		case err == nil:
			ready = append(ready, b)
		case holds(err):
			l.hold(b, "", err)
		default:
			return err
		}
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(l.jobs.leaves)
	for _, b := range ready {
		group.Go(func() error { return l.rebuildOne(inner, b) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

func (l *load) rebuildOne(ctx context.Context, b *batch) error {
	begun, f := time.Now(), b.leaves[0]
	if err := l.loadLeaf(ctx, b, f); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.failed {
		return nil
	}
	done := Rebuilt{Table: f.table.name, Leaf: f.name, Leaves: len(f.old), Rows: f.report.rows, Seconds: time.Since(begun).Seconds()}
	l.report.Rebuilt = append(l.report.Rebuilt, done)
	l.w.log.InfoContext(ctx, "rebuilt leaf", "leaf", done.Leaf, "from", done.Leaves, "rows", done.Rows, "seconds", done.Seconds)
	return nil
}

// dropsLater tells a leaf that replaces so many that dropping them with their
// indexes would keep readers waiting. They become orphans first, which this load
// drops once the new leaf is shown, or the next one does.
func (f *leaf) dropsLater() bool { return len(f.old) > 1 }

func (l *load) dropReplaced(ctx context.Context, leaves []*leaf) error {
	for _, f := range leaves {
		if !f.dropsLater() {
			continue
		}
		for _, old := range f.old {
			if err := l.dropOrphan(ctx, old.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgive logs held compactions that readers or a user's objects stopped.
func (l *load) forgive(ctx context.Context, before int) {
	own := slices.Clone(l.held[before:])
	l.held = l.held[:before]
	for _, err := range own {
		var deadline *SwapDeadlineError
		var layout *LayoutError
		if !errors.As(err, &deadline) && !errors.As(err, &layout) {
			l.held = append(l.held, err)
			continue
		}
		l.w.log.WarnContext(ctx, "a month stays in days for now", "error", fmt.Sprint(err))
	}
}
