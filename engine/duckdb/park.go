package duckdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/sqltext"
)

// parked are landed records that wait on disk for their units.
type parked struct {
	path     string
	from, to string // least and greatest business date as 2025-01-31; "" in a contract without one
	undated  bool   // records without a business date, which belong to no unit
}

// ownFile is the share of the parked records, one in so many, from which a business
// date has a file of its own. A night's object holds one such date, and late records
// of many others.
const ownFile = 8

// Park moves the landed records of a feed from memory to local disk, in the order
// of their business dates, so that Recall reads those of a few units alone. The
// objects stay known: none of them is read again.
func (e *Engine) Park(ctx context.Context, c *contract.Contract) (err error) {
	l := e.landings[c.Name]
	if l == nil {
		return nil
	}
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	files, err := l.park(ctx, s, filepath.Join(e.spill.Path(), "parked", l.suffix()))
	if err == nil {
		err = l.empty(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("park %s: %w", c.Name, err)
	}
	l.parked = append(l.parked, files...)
	return nil
}

func (l *landing) park(ctx context.Context, s *session, dir string) ([]parked, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	files, wheres, err := l.parts(ctx, s)
	if err != nil {
		return nil, err
	}
	for i := range files {
		files[i].path = filepath.Join(dir, fmt.Sprintf("%06d.parquet", len(l.parked)+i))
		_, err := s.exec(ctx, fmt.Sprintf("copy (select * from %s where %s) to %s (format parquet, compression snappy)",
			l.table, wheres[i], sqltext.QuoteString(files[i].path)))
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// parts divides the landed records into files: one for each date of many records,
// one for all other dates in their order, one for those without a date.
func (l *landing) parts(ctx context.Context, s *session) (files []parked, wheres []string, err error) {
	if l.contract.BusinessDate == "" {
		return []parked{{}}, []string{"true"}, nil
	}
	date := sqltext.QuoteName(l.contract.BusinessDate)
	var day *string
	var n, all, undated int64
	records := map[string]int64{}
	err = s.rows(ctx, fmt.Sprintf("select cast(%s as varchar), count(*) from %s group by all", date, l.table), []any{&day, &n}, func() error {
		all += n
		if day == nil {
			undated = n
			return nil
		}
		records[*day] = n
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	var own, others []string
	for _, d := range slices.Sorted(maps.Keys(records)) {
		if records[d]*ownFile >= all {
			own = append(own, sqltext.QuoteString(d))
			files, wheres = append(files, parked{from: d, to: d}), append(wheres, date+" = date "+sqltext.QuoteString(d))
			continue
		}
		others = append(others, d)
	}
	if len(others) > 0 {
		where := date + " is not null"
		if own != nil {
			where += " and " + date + " not in (" + strings.Join(own, ", ") + ")"
		}
		files, wheres = append(files, parked{from: others[0], to: others[len(others)-1]}), append(wheres, where+" order by "+date)
	}
	if undated > 0 {
		files, wheres = append(files, parked{undated: true}), append(wheres, date+" is null")
	}
	return files, wheres, nil
}

// Recall makes the landed records of a feed those of the given units, from what
// was parked. They are to be settled again.
func (e *Engine) Recall(ctx context.Context, c *contract.Contract, units []job.Unit) (err error) {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l, err := e.landing(ctx, s, c)
	if err != nil {
		return err
	}
	if err := l.empty(ctx, s); err != nil {
		return fmt.Errorf("recall %s: %w", c.Name, err)
	}
	paths := l.parkedOf(func(p parked) bool { return p.holds(units) })
	if len(paths) == 0 {
		return nil
	}
	_, err = s.exec(ctx, fmt.Sprintf("insert into %s select * from %s where %s", l.table, parquet(paths...), job.Within(c, units)))
	if err != nil {
		return fmt.Errorf("recall %s: %w", c.Name, err)
	}
	return nil
}

func (l *landing) parkedOf(want func(parked) bool) []string {
	var paths []string
	for _, p := range l.parked {
		if want(p) {
			paths = append(paths, p.path)
		}
	}
	return paths
}

// holds reports whether records of one of the units may be in the file.
func (p parked) holds(units []job.Unit) bool {
	if p.undated {
		return false
	}
	return p.from == "" || slices.ContainsFunc(units, func(u job.Unit) bool {
		first, after := u.Bounds()
		return p.to >= first.Format("2006-01-02") && p.from < after.Format("2006-01-02")
	})
}

// empty makes the table of landed records anew: to delete from it would give no
// memory back.
func (l *landing) empty(ctx context.Context, s *session) error {
	l.settled = map[job.Unit]bool{}
	return s.script(ctx, "drop table if exists "+l.table, createLanding(l.contract, l.table))
}

// undated is where the records without a business date are.
func (l *landing) undated() string {
	if l.parked == nil {
		return l.table
	}
	if paths := l.parkedOf(func(p parked) bool { return p.undated }); paths != nil {
		return parquet(paths...)
	}
	return l.table
}
