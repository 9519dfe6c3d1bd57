package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// landing is the table that holds the typed records of a feed's objects until
// they are released: the contract's columns, and
//
//	_o        which object, a place in objects
//	_reasons  why the record is rejected, first reason first; null: it is not
//	_raw      the record as sent, private columns masked; null unless rejected
//	_rounded  a value lost digits beyond its scale
//	_bytes    of an object read in its store: what the record takes there; null:
//	          that cannot be told
//	_closes   the id of the reject that the record was fixed of; null: of none
type landing struct {
	contract *contract.Contract
	table    string
	objects  []job.Object // without a key: withdrawn
	settled  map[job.Unit]bool
	parked   []parked
	adopted  bool // a view of another engine's files
}

func landingTable(feed string) string { return sqltext.QuoteName("landed " + feed) }

// Land reads objects of one feed into memory, each value by the strict grammar of
// its column, and returns their accounts by unit: duplicates and key conflicts are
// not told apart yet and count as accepted. Objects landed before are left alone,
// and after an error nothing of these is left; but a *job.UnprovenError comes with
// the cells of all objects that it does not name.
func (e *Engine) Land(ctx context.Context, c *contract.Contract, objects []job.Object) (cells []ledger.Cell, err error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l, err := e.landing(ctx, s, c)
	if err != nil {
		return nil, err
	}
	first := len(l.objects)
	for _, o := range objects {
		if !slices.ContainsFunc(l.objects, func(p job.Object) bool { return p.Key == o.Key }) {
			l.objects = append(l.objects, o)
		}
	}
	doubts := map[int]error{}
	for _, group := range groupObjects(l.objects[first:], first) {
		if err := l.read(ctx, s, group, doubts); err != nil {
			return nil, errors.Join(err, l.undo(ctx, s, first))
		}
	}
	unproven, err := l.proven(ctx, s, first, doubts)
	if err == nil {
		cells, err = l.survey(ctx, s, first)
	}
	if err != nil {
		return nil, errors.Join(err, l.undo(ctx, s, first))
	}
	if unproven != nil {
		return cells, unproven
	}
	return cells, nil
}

// undo forgets the objects from first on, and what has landed of them.
func (l *landing) undo(ctx context.Context, s *session, first int) error {
	l.objects = l.objects[:first]
	_, err := s.exec(context.WithoutCancel(ctx), fmt.Sprintf("delete from %s where _o >= %d", l.table, first))
	return err
}

// landing is the table of a feed, made empty where nothing has landed yet.
func (e *Engine) landing(ctx context.Context, s *session, c *contract.Contract) (*landing, error) {
	if l := e.landings[c.Name]; l != nil {
		return l, nil
	}
	l := &landing{contract: c, table: landingTable(c.Name), settled: map[job.Unit]bool{}}
	if _, err := s.exec(ctx, createLanding(c, l.table)); err != nil {
		return nil, fmt.Errorf("land %s: %w", c.Name, err)
	}
	e.landings[c.Name] = l
	return l, nil
}

// Release forgets what was landed of a feed, and what was parked.
func (e *Engine) Release(ctx context.Context, feed string) (err error) {
	if e.landings[feed] == nil {
		return nil
	}
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return e.forget(ctx, s, feed)
}

func createLanding(c *contract.Contract, table string) string {
	var columns []string
	for _, col := range c.Columns {
		columns = append(columns, sqltext.QuoteName(col.Name)+" "+col.Type.String())
	}
	columns = append(columns, "_o integer", "_reasons varchar", "_raw varchar", "_rounded boolean", "_bytes integer", "_closes varchar")
	return "create table " + table + " (" + strings.Join(columns, ", ") + ")"
}

// objectGroup are objects that one statement can read: same section and shape, same
// header and types, the same taken from the key.
type objectGroup struct {
	objects []job.Object
	first   []int // places in landing.objects
}

func groupObjects(objects []job.Object, offset int) []objectGroup {
	var groups []objectGroup
	at := map[string]int{}
	for i, o := range objects {
		if o.InPlace == nil && o.Report.Good() == 0 {
			continue // nothing to read, and DuckDB refuses some empty texts
		}
		key := fmt.Sprintf("%s\x00%q\x00%q\x00%s\x00%t\x00%s\x00%q\x00%t\x00%t\x00%t", o.Section.Objects, o.Mapping.Raw, o.Fills, o.NewLine, o.Serial,
			contract.Shape(o.Key), o.Columns, o.InPlace == nil, o.InPlace != nil && o.InPlace.Lines, o.InPlace != nil && o.InPlace.Quoted)
		g, ok := at[key]
		if !ok {
			g = len(groups)
			at[key] = g
			groups = append(groups, objectGroup{})
		}
		groups[g].objects = append(groups[g].objects, o)
		groups[g].first = append(groups[g].first, offset+i)
	}
	return groups
}

// read lands a group. What is wrong with an object in its store becomes a doubt, by
// its place; any other error ends the landing.
func (l *landing) read(ctx context.Context, s *session, g objectGroup, doubts map[int]error) error {
	_, err := s.exec(ctx, l.insert(g, l.contract.Checks))
	if raised(err) && len(l.contract.Checks) > 0 && ctx.Err() == nil {
		err = l.readAndCheck(ctx, s, g)
	}
	if err != nil && g.objects[0].InPlace != nil {
		return l.doubt(ctx, s, g, err, doubts)
	}
	if err != nil {
		var space *job.SpaceError
		if ctx.Err() != nil || errors.As(err, &space) {
			return fmt.Errorf("read %d objects of %s: %w", len(g.objects), l.contract.Name, err)
		}
		if !raised(err) && !unreadable(err) {
			return fmt.Errorf("read %d objects of %s: %w", len(g.objects), l.contract.Name, err)
		}
		if len(g.objects) == 1 {
			return &job.ObjectError{Object: g.objects[0].Key, Err: err}
		}
		return l.blame(ctx, s, g, err)
	}
	return nil
}

// blame reads the objects of a failed group one by one to name the one at fault.
func (l *landing) blame(ctx context.Context, s *session, g objectGroup, cause error) error {
	for i, o := range g.objects {
		one := objectGroup{objects: g.objects[i : i+1], first: g.first[i : i+1]}
		if err := l.read(ctx, s, one, nil); err != nil {
			return err
		}
		if _, err := s.exec(ctx, fmt.Sprintf("delete from %s where _o = %d", l.table, g.first[i])); err != nil {
			return fmt.Errorf("read object %s: %w", o.Key, err)
		}
	}
	return fmt.Errorf("read %d objects of %s: %w", len(g.objects), l.contract.Name, cause)
}

// insert is the statement that reads a group: text, typed, filled, judged.
func (l *landing) insert(g objectGroup, checks []contract.Check) string {
	o := g.objects[0]
	cells := l.contract.Cells(o.Section, o.Mapping, o.Fills, Dialect{})
	return fmt.Sprintf("insert into %s\n%s", l.table, l.judged(g, cells, checks, l.filled(g, cells, l.typed(o, cells, source(g)))))
}

// typed adds the value of every column to the raw text.
func (l *landing) typed(_ job.Object, cells []contract.Cell, from string) string {
	list := []string{"*"}
	for _, c := range cells {
		if c.Typed != "" {
			list = append(list, c.Typed+" as "+typedName(c.Column.Name))
		}
	}
	return "select " + strings.Join(list, ",\n  ") + "\nfrom " + from
}

// filled gives the columns the contract's names, after DEFAULT; the raw text goes
// on under names that cannot meet them.
func (l *landing) filled(g objectGroup, cells []contract.Cell, from string) string {
	o := g.objects[0]
	var list, rounded []string
	for _, c := range cells {
		name := c.Column.Name
		switch c.From {
		case contract.FromObject:
			list = append(list, keyOf(g)+" as "+sqltext.QuoteName(name))
			continue
		case contract.FromRecord:
			list = append(list, "cast("+sqltext.QuoteName(job.NumberColumn)+" as bigint) as "+sqltext.QuoteName(name))
			continue
		}
		list = append(list, c.Filled(typedName(name))+" as "+sqltext.QuoteName(name))
		if c.Typed != "" && c.Empty != "true" && !alwaysReadable(c) {
			list = append(list, c.Unreadable(typedName(name))+" as "+badName(name))
		}
		if c.Rounded != "" {
			rounded = append(rounded, "coalesce("+c.Rounded+", false)")
		}
	}
	for i, r := range o.Mapping.Raw {
		list = append(list, sqltext.QuoteName(r.Name)+" as "+rawName(i))
	}
	if rounded == nil {
		rounded = []string{"false"}
	}
	list = append(list, "("+strings.Join(rounded, " or ")+`) as "`+"\x1frounded"+`"`, sqltext.QuoteName(fileColumn))
	return "select " + strings.Join(list, ",\n  ") + "\nfrom (" + from + ")"
}

// alwaysReadable reports whether every text is a value of the column.
func alwaysReadable(c contract.Cell) bool {
	return c.From == contract.FromRaw && c.Column.Type.Base == contract.Varchar
}

// survey returns the accounts of the objects from first on, and proves that every
// record that was counted has been landed.
func (l *landing) survey(ctx context.Context, s *session, first int) ([]ledger.Cell, error) {
	where := fmt.Sprintf("_o >= %d", first)
	cells, err := l.tally(ctx, s, l.table, where, "coalesce(split_part(_reasons, ',', 1), '')")
	if err != nil {
		return nil, fmt.Errorf("survey %s: %w", l.contract.Name, err)
	}
	found := map[string]int64{}
	var all []ledger.Cell
	for _, t := range cells {
		found[t.Cell.Object] += t.Tally.Records
		all = append(all, t.Account())
	}
	for _, o := range l.objects[first:] {
		if o.InPlace == nil && found[o.Key] != o.Report.Good() {
			return nil, &job.CountError{Object: o.Key, Counted: o.Report.Good(), Found: found[o.Key]}
		}
		all = append(all, job.Structural(l.contract, o)...)
	}
	return job.Merge(all), nil
}
