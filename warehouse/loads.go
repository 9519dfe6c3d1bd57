package warehouse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Loaded is a row of ledgermill.loads: a unit of a table that readers see.
type Loaded struct {
	Table, Unit string
	Leaf        string     // "" for a table that is merged by key
	From, To    *time.Time // business dates, half open; nil for a whole dataset
	Fingerprint string
	ContentHash string
	Definition  string
	Rows        int64
	Sums        map[string]string // exact decimal texts
	Controls    []Control         // as PostgreSQL found them
	Run         string
	At          time.Time // UTC
}

// Loads returns what is loaded, by table and unit. A unit whose leaf somebody
// dropped is not loaded.
func (w *Warehouse) Loads(ctx context.Context) (list []Loaded, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		list, err = readLoads(ctx, conn)
		return err
	})
	return list, err
}

func readLoads(ctx context.Context, conn *pgx.Conn) ([]Loaded, error) {
	if err := requireMigrated(ctx, conn); err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, `
		select table_name, unit, coalesce(leaf, ''), from_date, to_date, fingerprint, content_hash, definition, rows, sums, controls, run_id, loaded_at
		from ledgermill.loads l
		where leaf is null and exists (select from pg_class c where c.relnamespace = $1::regnamespace and c.relname = l.table_name)
		   or exists (select from pg_class c where c.relnamespace = $1::regnamespace and c.relname = l.leaf and c.relispartition)
		order by table_name, from_date, unit`, bankSchema)
	if err != nil {
		return nil, fmt.Errorf("read ledgermill.loads: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Loaded])
	if err != nil {
		return nil, fmt.Errorf("read ledgermill.loads: %w", err)
	}
	return list, nil
}

func requireMigrated(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	if err := conn.QueryRow(ctx, "select to_regclass('ledgermill.loads') is not null and to_regclass('ledgermill.dimension_keys') is not null").Scan(&there); err != nil {
		return fmt.Errorf("look for ledgermill.loads: %w", err)
	}
	if !there {
		return &LayoutError{Table: "ledgermill.loads", Reason: "does not exist: the database is not migrated", Remedy: "ledgermill warehouse migrate"}
	}
	return nil
}

// noNil is the empty list for none: null is no JSON of ours.
func noNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// LatestDate is the last business date that is loaded in any table, or false
// if there is none. Units that begin later than tomorrow do not count, unless all do.
func (w *Warehouse) LatestDate(ctx context.Context) (day time.Time, found bool, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		list, err := readLoads(ctx, conn)
		if err != nil {
			return err
		}
		day = lastDate(datesOf(list), time.Now())
		return nil
	})
	return day, !day.IsZero(), err
}

// dates are the business dates of a unit, half open.
type dates struct{ from, to time.Time }

func datesOf(list []Loaded) (units []dates) {
	for _, l := range list {
		if l.From != nil && l.To != nil {
			units = append(units, dates{*l.From, *l.To})
		}
	}
	return units
}

// lastDate is the last business date of the units, zero without any. Nowhere is it
// later than tomorrow at UTC: a unit that begins after that is a mistyped date, which
// must not carry along what is counted from the last. Where all begin after that they
// are meant so, as generated data may be.
func lastDate(units []dates, now time.Time) time.Time {
	tomorrow := now.UTC().AddDate(0, 0, 1)
	var last, beyond time.Time
	for _, u := range units {
		if day := u.to.AddDate(0, 0, -1); u.from.After(tomorrow) {
			beyond = latest(beyond, day)
		} else {
			last = latest(last, day)
		}
	}
	if last.IsZero() {
		return beyond
	}
	return last
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Missing returns those parts, in their order, whose content or definition is
// not what the warehouse has. Parts below a table's floor are left out.
func (w *Warehouse) Missing(ctx context.Context, parts []Part) (missing []Part, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		missing, err = readMissing(ctx, conn, parts)
		return err
	})
	return missing, err
}

// Loadable returns those parts, in their order, that are not below a table's floor.
func (w *Warehouse) Loadable(ctx context.Context, parts []Part) (list []Part, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		if err := requireMigrated(ctx, conn); err != nil {
			return err
		}
		floors, err := readFloors(ctx, conn)
		for _, p := range parts {
			if !p.below(floors) {
				list = append(list, p)
			}
		}
		return err
	})
	return list, err
}

// below tells a part that retention has removed.
func (p Part) below(floors map[string]time.Time) bool {
	floor, set := floors[p.Table]
	return set && !p.whole() && !p.To.After(floor)
}

func readMissing(ctx context.Context, conn *pgx.Conn, parts []Part) ([]Part, error) {
	list, err := readLoads(ctx, conn)
	if err != nil {
		return nil, err
	}
	type key struct{ table, unit string }
	loaded := make(map[key]Loaded, len(list))
	for _, l := range list {
		loaded[key{l.Table, l.Unit}] = l
	}
	floors, err := readFloors(ctx, conn)
	if err != nil {
		return nil, err
	}
	tables := tables{}
	var missing []Part
	for _, p := range parts {
		if p.below(floors) {
			continue
		}
		t, err := tables.get(ctx, conn, p.Table)
		if err != nil {
			return nil, err
		}
		l, there := loaded[key{p.Table, p.Unit}]
		if !there || l.ContentHash != p.ContentHash || l.Definition != t.definition(p) {
			missing = append(missing, p)
		}
	}
	return slices.Clip(missing), nil
}

func readFloors(ctx context.Context, conn *pgx.Conn) (map[string]time.Time, error) {
	rows, err := conn.Query(ctx, "select table_name, floor from ledgermill.floors")
	if err != nil {
		return nil, fmt.Errorf("read ledgermill.floors: %w", err)
	}
	floors := map[string]time.Time{}
	var name string
	var floor time.Time
	if _, err := pgx.ForEachRow(rows, []any{&name, &floor}, func() error { floors[name] = floor; return nil }); err != nil {
		return nil, fmt.Errorf("read ledgermill.floors: %w", err)
	}
	return floors, nil
}

// tables reads each table once.
type tables map[string]*table

func (ts tables) get(ctx context.Context, conn *pgx.Conn, name string) (*table, error) {
	if t, ok := ts[name]; ok {
		return t, nil
	}
	t, err := readTable(ctx, conn, name)
	if err == nil {
		ts[name] = t
	}
	return t, err
}
