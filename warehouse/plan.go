package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// openDays is how many day leaves a table keeps: two months. Three years of
// day leaves would take more locks in one query than a server has by default.
const openDays = 62

// batch is what becomes visible at once: the leaves of a unit, of all units of
// a month that goes into month leaves, or a whole dataset.
type batch struct {
	name   string
	whole  *staged
	leaves []*leaf
	// left counts leaves not yet staged; held are units that cannot be loaded;
	// failed says that nothing of the batch can.
	left   int
	held   map[string]bool
	failed bool
}

// plan checks each part against its table and finds its leaf. Parts below a
// table's floor are left out.
func (l *load) plan(ctx context.Context) ([]*batch, error) {
	if err := l.readState(ctx); err != nil {
		return nil, err
	}
	var wholes []*batch
	var dated []*staged
	held := map[string]bool{}
	seen := map[[2]string]bool{}
	for _, p := range l.request.Parts {
		if seen[[2]string{p.Table, p.Unit}] {
			return nil, fmt.Errorf("plan load: two parts for table %s unit %s", p.Table, p.Unit)
		}
		seen[[2]string{p.Table, p.Unit}] = true
		if p.below(l.floors) {
			continue
		}
		s, err := l.prepare(ctx, p)
		switch {
		case err != nil && !holds(err):
			return nil, err
		case err != nil:
			l.held = append(l.held, err)
			held[p.Unit] = held[p.Unit] || !p.whole()
		case p.whole():
			wholes = append(wholes, &batch{name: p.Unit, whole: s})
		default:
			dated = append(dated, s)
		}
	}
	dated = slices.DeleteFunc(dated, func(s *staged) bool { return held[s.Unit] })
	batches, err := l.planDated(ctx, dated)
	return append(wholes, batches...), err
}

func (l *load) readState(ctx context.Context) (err error) {
	if l.loads, err = readLoads(ctx, l.main); err != nil {
		return err
	}
	l.floors, err = readFloors(ctx, l.main)
	return err
}

func (l *load) prepare(ctx context.Context, p Part) (s *staged, err error) {
	s = &staged{Part: p, report: PartReport{Table: p.Table, Unit: p.Unit}}
	if s.table, err = l.tables.get(ctx, l.main, p.Table); err != nil {
		return nil, err
	}
	if err = s.table.layout(p); err != nil {
		return nil, err
	}
	s.columns, err = s.table.match(p)
	return s, err
}

// planDated finds the leaves of all parts. A month for which a table gets a
// month leaf is one batch with all its units, since their rows show at once.
func (l *load) planDated(ctx context.Context, parts []*staged) ([]*batch, error) {
	byTable := map[string][]*staged{}
	for _, s := range parts {
		byTable[s.Table] = append(byTable[s.Table], s)
	}
	var leaves []*leaf
	held := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(byTable)) {
		more, err := l.leavesOf(ctx, l.tables[name], byTable[name], held)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, more...)
	}
	for _, f := range leaves {
		f.without(func(unit string) bool { return held[unit] })
		f.inOrder()
	}
	return batchesOf(parts, leaves), nil
}

// batchesOf puts leaves that share a unit into one batch, in order of parts.
func batchesOf(parts []*staged, leaves []*leaf) []*batch {
	months := map[time.Time]bool{}
	for _, f := range leaves {
		if len(f.parts) > 0 && !isDay(f.from, f.to) && isDay(f.parts[0].From, f.parts[0].To) {
			months[monthOf(f.from)] = true
		}
	}
	of := map[*leaf]*batch{}
	byName := map[string]*batch{}
	var batches []*batch
	for _, s := range parts {
		if s.leaf == nil || !slices.Contains(s.leaf.parts, s) {
			continue
		}
		name := s.Unit
		if isDay(s.From, s.To) && months[monthOf(s.From)] {
			name = "days of " + s.From.Format("2006-01")
		}
		b := byName[name]
		if b == nil {
			b = &batch{name: name, held: map[string]bool{}}
			byName[name], batches = b, append(batches, b)
		}
		if of[s.leaf] == nil {
			of[s.leaf] = b
			b.leaves = append(b.leaves, s.leaf)
			b.left++
		}
	}
	return batches
}

// leavesOf finds or makes the leaves of one table's parts. What cannot be
// placed is put into held.
func (l *load) leavesOf(ctx context.Context, t *table, parts []*staged, held map[string]bool) ([]*leaf, error) {
	closed := t.closedBefore(parts)
	months := map[time.Time][]*staged{}
	var leaves []*leaf
	for _, s := range parts {
		place, err := t.locate(s.From, s.To)
		if err == nil && place.month != nil {
			err = l.addMonth(ctx, t, place.month)
			place = spot{parent: place.month}
		}
		switch {
		case err != nil && !holds(err):
			return nil, err
		case err != nil:
			l.held = append(l.held, err)
			held[s.Unit] = true
			continue
		}
		if isDay(s.From, s.To) && place.parent != t.root && (place.around != nil || place.parent.from.Before(closed)) {
			months[place.parent.from] = append(months[place.parent.from], s)
			continue
		}
		f := &leaf{table: t, from: s.From, to: s.To, parent: place.parent, parts: []*staged{s}}
		if place.old != nil {
			f.old = []*node{place.old}
		}
		leaves = append(leaves, f)
	}
	for _, month := range slices.SortedFunc(maps.Keys(months), time.Time.Compare) {
		leaves = append(leaves, l.monthLeaves(t, t.month(month), months[month])...)
	}
	for _, f := range leaves {
		if err := l.name(ctx, f); err != nil {
			if !holds(err) {
				return nil, err
			}
			l.held = append(l.held, err)
			for _, s := range f.parts {
				held[s.Unit] = true
			}
		}
	}
	return leaves, nil
}

// monthLeaves makes one leaf of the month, or, where most of a compacted month
// stays as it is, one for each day that is replaced in it.
func (l *load) monthLeaves(t *table, month *node, parts []*staged) []*leaf {
	all := &leaf{table: t, from: month.from, to: month.to, parent: month, old: month.children, parts: parts, was: l.unitsIn(t, month.children), keeps: true}
	var fresh, kept int64
	for _, s := range parts {
		fresh += s.Rows
	}
	for _, u := range all.kept() {
		kept += u.Rows
	}
	if len(month.children) != 1 || isDay(month.children[0].from, month.children[0].to) || fresh >= kept {
		return []*leaf{all}
	}
	var leaves []*leaf
	for _, s := range parts {
		leaves = append(leaves, &leaf{table: t, from: s.From, to: s.To, parent: month, parts: []*staged{s}, into: month.children[0]})
	}
	return leaves
}

// unitsIn are the units that leaves hold.
func (l *load) unitsIn(t *table, leaves []*node) (units []Loaded) {
	for _, u := range l.loads {
		if u.Table == t.name && slices.ContainsFunc(leaves, func(n *node) bool { return n.name == u.Leaf }) {
			units = append(units, u)
		}
	}
	return units
}

// name names the leaf and makes sure that nobody's table is in its way and
// nothing of anybody's would go with the old leaves.
func (l *load) name(ctx context.Context, f *leaf) error {
	f.name = fit(f.table.name, leafSuffix(f.from, f.to), "")
	if f.parent != f.table.root && f.from.Equal(f.parent.from) && f.to.Equal(f.parent.to) {
		f.name = fit(f.table.name, leafSuffix(f.from, f.to)+"_days", "")
	}
	f.stage = fit(f.name, "", l.tag)
	for _, s := range f.parts {
		s.leaf = f
	}
	return l.respect(ctx, f)
}

// closedBefore is the first date that may have a day leaf, when the parts are
// loaded and each table keeps openDays of them.
//
// A key that is no date has no month leaves: its values are not days.
func (t *table) closedBefore(parts []*staged) time.Time {
	if !slices.ContainsFunc(t.columns, func(c tableColumn) bool { return c.Name == t.key && c.Type == "date" }) {
		return time.Time{}
	}
	days := map[time.Time]bool{}
	for _, month := range t.root.children {
		for _, child := range month.children {
			days[child.from] = days[child.from] || isDay(child.from, child.to)
		}
	}
	for _, s := range parts {
		if place, err := t.locate(s.From, s.To); err == nil && place.around == nil && isDay(s.From, s.To) {
			days[s.From] = true
		}
	}
	perMonth := map[time.Time]int{}
	for day, counts := range days {
		if counts {
			perMonth[monthOf(day)]++
		}
	}
	sum := 0
	for _, month := range slices.Backward(slices.SortedFunc(maps.Keys(perMonth), time.Time.Compare)) {
		if sum += perMonth[month]; sum > openDays {
			return month.AddDate(0, 1, 0)
		}
	}
	return time.Time{}
}

// month is the partitioned table of a month.
func (t *table) month(from time.Time) *node {
	for _, child := range t.root.children {
		if child.split && child.from.Equal(from) {
			return child
		}
	}
	return nil
}
