package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// keepRows copies what stays of the old leaves into the new one, in the order
// of their dates and without their values becoming Go values: one connection's
// COPY TO is the other's COPY FROM. An insert could not freeze the rows.
func (l *load) keepRows(ctx context.Context, conn *pgx.Conn, f *leaf) (err error) {
	reader, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close(context.WithoutCancel(ctx))) }()
	columns := f.table.stored()
	for _, old := range slices.SortedFunc(slices.Values(f.old), func(a, b *node) int { return a.from.Compare(b.from) }) {
		if !slices.ContainsFunc(f.kept(), func(u Loaded) bool { return u.Leaf == old.name }) {
			continue
		}
		out := fmt.Sprintf("copy (select %s from %s%s%s) to stdout with (format binary)", columns, ident(old.name), f.replaced(), f.order)
		in := fmt.Sprintf("copy %s (%s) from stdin with (format binary, freeze)", ident(f.stage), columns)
		rows, err := pipe(ctx, reader, out, conn, in)
		if err != nil {
			return fmt.Errorf("copy leaf %s into %s: %w", old.name, f.stage, err)
		}
		f.report.rows += rows
	}
	return nil
}

// stored are the columns that COPY carries.
func (t *table) stored() string {
	var names []string
	for _, c := range t.columns {
		if !c.Computed {
			names = append(names, c.Name)
		}
	}
	return quoteAll(names)
}

// replaced leaves out the dates that the leaf's parts bring.
func (f *leaf) replaced() string {
	var dates []string
	for _, s := range f.parts {
		dates = append(dates, "date "+literal(dateText(s.From)))
	}
	if len(dates) == 0 {
		return ""
	}
	return " where " + quote(f.table.key) + " not in (" + strings.Join(dates, ", ") + ")"
}

// pipe lets one server process read what another writes. A writer that fails
// fails the reader too: an end of stream alone is taken for success.
func pipe(ctx context.Context, from *pgx.Conn, out string, to *pgx.Conn, in string) (rows int64, err error) {
	reader, writer := io.Pipe()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		_, err := from.PgConn().CopyTo(ctx, writer, out)
		_ = writer.CloseWithError(err) // never fails
		return err
	})
	group.Go(func() error {
		tag, err := to.PgConn().CopyFrom(ctx, reader, in)
		rows = tag.RowsAffected()
		_ = reader.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // never fails
		return err
	})
	return rows, group.Wait()
}

// compactExcess makes one leaf of each month whose days are beyond openDays. A
// month that cannot be compacted now is left for the next load: readers miss
// nothing.
func (l *load) compactExcess(ctx context.Context) error {
	touched := map[string]bool{}
	for _, s := range l.report.Parts {
		touched[s.Table] = s.Leaf != ""
	}
	if err := l.readState(ctx); err != nil {
		return err
	}
	var batches []*batch
	for name := range l.tables {
		if !touched[name] {
			continue
		}
		t, err := readTable(ctx, l.main, name)
		if err != nil {
			return err
		}
		l.tables[name] = t
		closed := t.closedBefore(nil)
		for _, month := range t.root.children {
			if !month.split || month.compacted() || !month.from.Before(closed) {
				continue
			}
			batches = append(batches, l.compaction(t, month))
		}
	}
	return l.compact(ctx, batches, true)
}

// compacted tells a month that is one leaf, or has none.
func (n *node) compacted() bool {
	return len(n.children) == 0 || len(n.children) == 1 && n.children[0].from.Equal(n.from) && n.children[0].to.Equal(n.to)
}

// compaction makes one leaf of all leaves of a month.
func (l *load) compaction(t *table, month *node) *batch {
	f := &leaf{table: t, from: month.from, to: month.to, parent: month, old: month.children, was: l.unitsIn(t, month.children)}
	return &batch{name: "days of " + month.from.Format("2006-01") + " of " + t.name, leaves: []*leaf{f}, left: 1, held: map[string]bool{}}
}

// compact shows each batch by itself. With patience, what cannot be compacted
// because somebody uses it is only logged.
func (l *load) compact(ctx context.Context, batches []*batch, patience bool) error {
	before := len(l.held)
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
		group.Go(func() error {
			begun, f := time.Now(), b.leaves[0]
			if err := l.loadLeaf(inner, b, f); err != nil {
				return err
			}
			if !b.failed {
				l.w.log.InfoContext(inner, "compacted", "table", f.table.name, "leaf", f.name, "rows", f.report.rows, "took", time.Since(begun))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if patience {
		l.forgive(ctx, before)
	}
	return context.Cause(ctx)
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
		l.w.log.WarnContext(ctx, "a month stays in days for now", "error", err)
	}
}
