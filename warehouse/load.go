package warehouse

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// load is one call of Load under way.
type load struct {
	w       *Warehouse
	request Request
	begun   time.Time // of the run's rows, as etl_processed_timestamp
	tag     string    // tells this load's staged leaves from any other's
	// main holds the load lock; leaves are swapped on it, so that a load that
	// lost the lock swaps nothing.
	main   *pgx.Conn
	conns  *conns
	tables tables

	swapping sync.Mutex // guards main once parts are loaded
	mu       sync.Mutex // guards report, held and the states of units
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
func (w *Warehouse) Load(ctx context.Context, r Request) (Report, error) {
	l := &load{w: w, request: r, begun: time.Now().UTC(), tables: tables{}}
	tag := make([]byte, 3)
	rand.Read(tag)
	l.tag = "__" + hex.EncodeToString(tag)
	err := w.with(ctx, func(conn *pgx.Conn) error {
		l.main = conn
		return l.run(ctx)
	})
	l.report.Elapsed = time.Since(l.begun)
	return l.report, errors.Join(append(l.held, err)...)
}

func (l *load) run(ctx context.Context) (err error) {
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
	units, err := l.plan(ctx)
	if err != nil {
		return err
	}
	l.conns = newConns(l.w.options.Streams, l.w.connectLoader)
	err = l.loadUnits(ctx, units)
	err = errors.Join(err, l.conns.close(clean))
	if err != nil || len(l.held) > 0 {
		err = errors.Join(err, l.dropOrphans(clean))
	}
	if err == nil {
		err = l.analyzeParents(ctx)
	}
	return err
}

// unit is what becomes visible at once.
type unit struct {
	name  string
	parts []*staged
	// left counts parts not yet staged; failed is set by the first that cannot.
	left   int
	failed bool
}

// staged is a part on its way.
type staged struct {
	Part
	unit    *unit
	table   *table
	spot    spot
	columns []string
	leaf    string // final name
	stage   string // name until the swap
	report  PartReport
	sums    map[string]string
}

// plan checks each part against its table and groups the parts into units:
// those of a date by unit, each whole dataset alone.
func (l *load) plan(ctx context.Context) ([]*unit, error) {
	var units []*unit
	byName := map[string]*unit{}
	seen := map[[2]string]bool{}
	for _, p := range l.request.Parts {
		if seen[[2]string{p.Table, p.Unit}] {
			return nil, fmt.Errorf("plan load: two parts for table %s unit %s", p.Table, p.Unit)
		}
		seen[[2]string{p.Table, p.Unit}] = true
		u := byName[p.Unit]
		if u == nil || p.whole() {
			u = &unit{name: p.Unit}
			units = append(units, u)
			if !p.whole() {
				byName[p.Unit] = u
			}
		}
		s := &staged{Part: p, unit: u, report: PartReport{Table: p.Table, Unit: p.Unit}}
		u.parts = append(u.parts, s)
		u.left++
		if err := l.prepare(ctx, s); err != nil {
			if !holds(err) {
				return nil, err
			}
			l.hold(u, err)
		}
	}
	return units, nil
}

func (l *load) prepare(ctx context.Context, s *staged) (err error) {
	if s.table, err = l.tables.get(ctx, l.main, s.Table); err != nil {
		return err
	}
	if err = s.table.layout(s.Part); err != nil {
		return err
	}
	if s.columns, err = s.table.match(s.Part); err != nil || s.whole() {
		return err
	}
	if s.spot, err = s.table.locate(s.From, s.To); err != nil {
		return err
	}
	if s.spot.month != nil {
		if err := l.addMonth(ctx, s.table, s.spot.month); err != nil {
			return err
		}
		s.spot = spot{parent: s.spot.month}
	}
	s.leaf = fit(s.Table, leafSuffix(s.From, s.To), "")
	s.stage = fit(s.leaf, "", l.tag)
	return nil
}

// loadUnits stages as many parts at once as there are streams, the largest of
// each unit first, and swaps each unit as soon as it is whole.
func (l *load) loadUnits(ctx context.Context, units []*unit) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(l.w.options.Streams)
	for _, u := range units {
		parts := slices.Clone(u.parts)
		slices.SortStableFunc(parts, func(a, b *staged) int { return cmp.Compare(b.Rows, a.Rows) })
		for _, s := range parts {
			if inner.Err() != nil {
				break
			}
			group.Go(func() error { return l.loadPart(inner, s) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// loadPart returns only errors that end the load.
func (l *load) loadPart(ctx context.Context, s *staged) error {
	if l.isHeld(s.unit) {
		return nil
	}
	var err error
	if s.whole() {
		err = l.merge(ctx, s)
	} else {
		err = l.stagePart(ctx, s)
	}
	if err == nil && !s.whole() && l.lastOf(s.unit) {
		err = l.swap(ctx, s.unit)
	}
	if err != nil && ctx.Err() == nil && holds(err) {
		l.hold(s.unit, err)
		return nil
	}
	return err
}

func (l *load) isHeld(u *unit) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return u.failed
}

func (l *load) lastOf(u *unit) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u.left--
	return u.left == 0 && !u.failed
}

func (l *load) hold(u *unit, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u.failed = true
	l.held = append(l.held, err)
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

// note adds a loaded unit to the report. The caller holds mu.
func (l *load) note(u *unit) {
	l.report.Units++
	for _, s := range u.parts {
		l.report.Parts = append(l.report.Parts, s.report)
		l.report.Rows += s.report.Rows
		l.report.Bytes += s.report.Bytes
		if s.leaf != "" {
			l.report.Leaves++
		}
	}
}
