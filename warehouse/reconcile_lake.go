package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Lake computes what a part's published file holds, from the file itself. The
// columns are those of the part, and then year, month and day where the table has
// them and the file has not.
type Lake interface {
	// Figures are totals of all columns, with their kinds, and the part's controls.
	Figures(ctx context.Context, columns []string) (Figures, error)
	// Buckets hashes whole rows.
	Buckets(ctx context.Context, columns []string) ([]Bucket, error)
	// RowsIn returns the rows of buckets.
	RowsIn(ctx context.Context, columns, buckets []string) ([]HashedRow, error)
	// RowsOf returns the rows with one of the keys, which are canonical texts.
	RowsOf(ctx context.Context, columns, key []string, keys [][]*string) ([]HashedRow, error)
}

// ReconcileRequest is one call of [Warehouse.Reconcile].
type ReconcileRequest struct {
	Parts []Part // to compare, each with its Lake
	// Published are all parts of the lake: what the warehouse has beyond them has
	// left the lake.
	Published []Part
	Within    Scope // what is looked at beyond Parts
	Rows      bool  // compare whole rows too, by an order-free hash
	// Progress is called when a part is through, never by two goroutines at once.
	// Nil: no progress.
	Progress func(done, total int, p Part)
}

// State is how a unit of the lake stands in the warehouse.
type State string

// The states of a unit.
const (
	Agrees     State = "agrees"
	Differs    State = "differs"
	NotLoaded  State = "not loaded"         // published, and not in the warehouse
	OtherLoad  State = "other content"      // loaded from another content than the published
	NotInLake  State = "not in the lake"    // loaded, and no longer published
	ByNoLoad   State = "brought by no load" // rows of a date that is in no unit that is loaded
	Gone       State = "not made any more"  // published and loaded, and nothing makes it any more
	BelowFloor State = "below the floor"    // retention has removed it
)

// Reconciled is what a reconciliation found.
type Reconciled struct {
	Units   []ReconciledUnit `json:"units"`
	Rows    int64            `json:"rows"` // of the lake, in the units that were compared
	Seconds float64          `json:"seconds"`
	ByRow   bool             `json:"by_row"` // whole rows were compared too
}

// ReconciledUnit is one unit of one table, or a date with rows that are of none.
type ReconciledUnit struct {
	Table         string          `json:"table"`
	Dataset       string          `json:"dataset,omitempty"`
	Unit          string          `json:"unit"`
	State         State           `json:"state"`
	Rows          int64           `json:"rows"`           // in the lake
	WarehouseRows int64           `json:"warehouse_rows"` // counted by PostgreSQL; of a unit not in the lake as loaded
	Differences   []Difference    `json:"differences,omitempty"`
	Examples      []RowDifference `json:"examples,omitempty"`
}

// Agree reports whether lake and warehouse hold the same.
func (r Reconciled) Agree() bool {
	return !slices.ContainsFunc(r.Units, func(u ReconciledUnit) bool { return u.State.apart() })
}

// apart tells the states in which lake and warehouse do not hold the same.
func (s State) apart() bool { return s != Agrees && s != Gone && s != BelowFloor }

// Reconcile compares the lake with the warehouse, each side computing its own
// figures anew. It changes nothing.
func (w *Warehouse) Reconcile(ctx context.Context, r ReconcileRequest) (report Reconciled, err error) {
	begun := time.Now()
	one := &reconciliation{w: w, request: r, tables: tables{}}
	err = w.with(ctx, func(conn *pgx.Conn) error { return one.plan(ctx, conn) })
	if err == nil {
		err = one.compareAll(ctx)
	}
	if err != nil {
		return report, explain(err)
	}
	report.Units, report.ByRow = slices.Concat(one.units, one.left, slices.Concat(one.found...)), r.Rows
	for _, u := range one.units {
		report.Rows += u.Rows
	}
	report.Seconds = time.Since(begun).Seconds()
	return report, nil
}

// usualStreams is how many parts are compared at once: each keeps both sides busy in
// turn.
const usualStreams = 2

// reconciliation is one under way.
type reconciliation struct {
	w       *Warehouse
	request ReconcileRequest
	tables  tables
	utf8    bool
	units   []ReconciledUnit // one a part of the request
	jobs    []comparison
	left    []ReconciledUnit
	dated   []*table
	found   [][]ReconciledUnit // rows that no load brought, of each of the dated
}

// comparison is a part that both sides hold.
type comparison struct {
	at      int
	part    Part
	leaf    string // that holds it; "" of a table that is merged
	columns []string
	side    side
}

// plan finds out what can be compared, and what only one side has.
func (r *reconciliation) plan(ctx context.Context, conn *pgx.Conn) error {
	if err := conn.QueryRow(ctx, "select current_setting('server_encoding') = 'UTF8'").Scan(&r.utf8); err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	list, err := readLoads(ctx, conn)
	if err != nil {
		return err
	}
	floors, err := readFloors(ctx, conn)
	if err != nil {
		return err
	}
	loaded := map[[2]string]Loaded{}
	for _, l := range list {
		loaded[[2]string{l.Table, l.Unit}] = l
	}
	for i, p := range r.request.Parts {
		l, there := loaded[[2]string{p.Table, p.Unit}]
		u := ReconciledUnit{Table: p.Table, Dataset: p.Dataset, Unit: p.Unit, Rows: p.Rows, State: NotLoaded}
		switch {
		case p.below(floors):
			u.State, u.Rows = BelowFloor, 0
		case there:
			u.State = Agrees
			if l.ContentHash != p.ContentHash {
				u.State = OtherLoad
			}
			if err := r.prepare(ctx, conn, i, p, l.Leaf); err != nil {
				return err
			}
		}
		r.units = append(r.units, u)
	}
	r.leftovers(list)
	r.dated, err = r.datedTables(ctx, conn, list)
	r.found = make([][]ReconciledUnit, len(r.dated))
	return err
}

func (r *reconciliation) prepare(ctx context.Context, conn *pgx.Conn, at int, p Part, leaf string) error {
	t, err := r.tables.get(ctx, conn, p.Table)
	if err != nil {
		return err
	}
	columns, err := t.match(p)
	if err != nil {
		return err
	}
	one := side{table: t, unit: p.Unit, relation: ident(p.Table), utf8: r.utf8}
	if p.whole() {
		one.condition = t.live()
	} else {
		key := quote(p.BusinessDate)
		one.condition = fmt.Sprintf("%s >= %s and %s < %s", key, literal(dateText(p.From)), key, literal(dateText(p.To)))
	}
	r.jobs = append(r.jobs, comparison{at: at, part: p, leaf: leaf, columns: columns, side: one})
	return nil
}

// leftovers are units of the warehouse that the lake does not have.
func (r *reconciliation) leftovers(list []Loaded) {
	published := map[[2]string]bool{}
	for _, p := range r.request.Published {
		published[[2]string{p.Table, p.Unit}] = true
	}
	for _, l := range list {
		if r.request.Within.covers(l) && !published[[2]string{l.Table, l.Unit}] {
			r.left = append(r.left, ReconciledUnit{Table: l.Table, Unit: l.Unit, State: NotInLake, WarehouseRows: l.Rows})
		}
	}
}

// compareAll compares as many parts at once as there are streams, and looks for rows
// that are of none.
func (r *reconciliation) compareAll(ctx context.Context) error {
	streams := cmp.Or(r.w.options.Streams, usualStreams)
	pool := newConns(streams, r.w.connectLoader)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(streams)
	finished := make(chan Part)
	told := make(chan struct{})
	go func() {
		defer close(told)
		done := 0
		for p := range finished {
			done++
			if r.request.Progress != nil {
				r.request.Progress(done, len(r.jobs), p)
			}
		}
	}()
	for _, job := range r.batches() {
		group.Go(func() error {
			err := pool.do(inner, func(conn *pgx.Conn) error { return r.compare(inner, conn, job) })
			for _, c := range job {
				finished <- c.part
			}
			return err
		})
	}
	for i, t := range r.dated {
		group.Go(func() error {
			return pool.do(inner, func(conn *pgx.Conn) (err error) {
				r.found[i], err = r.strays(inner, conn, t)
				return err
			})
		})
	}
	err := group.Wait()
	close(finished)
	<-told
	if closing := pool.close(context.WithoutCancel(ctx)); err == nil {
		err = closing
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// mask hides values of private columns; sums and numbers of values are none.
func (c comparison) mask(differences []Difference) {
	for i, d := range differences {
		if (d.What == smallest || d.What == largest) && slices.Contains(c.part.Private, d.Column) {
			differences[i].Lake, differences[i].Warehouse, differences[i].By = "***", "***", ""
		}
	}
}

// remedy says what brings the two together, or tells more: of the first unit of a table
// that is in the state.
func (r Reconciled) remedy(s State, u ReconciledUnit) string {
	only := ""
	if u.Dataset != "" {
		only = " --select " + u.Dataset
	}
	if len(u.Unit) == len("2006-01-02") {
		only += " --date " + u.Unit
	}
	switch s {
	case NotLoaded, OtherLoad:
		return "ledgermill load"
	case NotInLake:
		return "ledgermill load --full: it removes what the lake does not have"
	case ByNoLoad:
		return "find out who wrote them, and delete them in PostgreSQL: a load leaves them, but where it makes their leaf anew"
	case Differs:
		again := "ledgermill load --full" + only + " loads them again from the lake"
		if r.ByRow {
			return again
		}
		return "ledgermill reconcile --rows" + only + " shows the rows; " + again
	case Gone:
		return "ledgermill drop, which takes out what nothing makes any more"
	}
	return ""
}

// keyColumns are the places of the part's key among the columns; without a key
// none.
func (c comparison) keyColumns() []int {
	var places []int
	for _, name := range c.part.Key {
		if i := slices.IndexFunc(c.columns, func(column string) bool { return strings.EqualFold(column, name) }); i >= 0 {
			places = append(places, i)
		}
	}
	return places
}
