package warehouse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// leaf is a table on its way to become a partition, or to bring the rows of
// one: a day's, a month's or a year's. It takes parts, and the units of leaves
// that it replaces.
type leaf struct {
	slot     *slot // to begin with; nil once it is used
	table    *table
	from, to time.Time
	parent   *node
	name     string   // after the swap
	stage    string   // until then
	old      []*node  // leaves that it replaces
	was      []Loaded // units of these, where the leaf keeps some
	keeps    bool     // takes over rows of the old leaves that no part replaces
	parts    []*staged
	// into is the leaf that takes the rows at the swap, where a day of a
	// compacted month is replaced; nil for a leaf that is attached itself.
	into *node
	// order sorts what is kept, "" for as it lies.
	order string
	// own are indexes that somebody made on the old leaves alone.
	own []index
	// missing are links to dimensions that lack some of the leaf's keys.
	missing []link
	staged  bool
	empty   bool // all its parts are held: nothing to show
	report  leafReport
}

// leafReport are times that parts of one leaf share.
type leafReport struct {
	analyze, reconcile time.Duration
	index              *atomic.Int64 // nanoseconds of all builds
	rows               int64         // kept
}

// staged is a part on its way.
type staged struct {
	Part
	table   *table
	leaf    *leaf // nil for a whole dataset
	columns []string
	report  PartReport
	sums    map[string]string
	// controls are the part's, as PostgreSQL found them.
	controls []Control
}

// likeParent is what a partition takes over from its parent. Indexes are not in
// it: they are built after the rows have come. Nor is identity: a partition
// has its parent's. Extended statistics are the whole table's: within a leaf
// they would say little and cost each load.
const likeParent = "including defaults including constraints including generated including storage including compression"

// stagedComment marks a leaf that readers do not see yet. Only tables that
// carry it are ever dropped as orphans.
const stagedComment = "ledgermill: staged, not yet shown"

// definition makes the empty leaf.
func (f *leaf) definition(stamps []stamp) string {
	var text strings.Builder
	name, key := ident(f.stage), quote(f.table.key)
	fmt.Fprintf(&text, "create table %s (like %s %s, constraint %s check (%s >= %s and %s < %s))",
		name, ident(f.table.name), likeParent, quote(fit(f.name, "_bounds", "")),
		key, literal(dateText(f.from)), key, literal(dateText(f.to)))
	if f.table.storage != "" {
		fmt.Fprintf(&text, " with (%s)", f.table.storage)
	}
	fmt.Fprintf(&text, ";\ncomment on table %s is %s;\n", name, literal(stagedComment))
	if f.table.owner != "" {
		fmt.Fprintf(&text, "alter table %s owner to %s;\n", name, quote(f.table.owner))
	}
	for _, d := range stamps {
		fmt.Fprintf(&text, "alter table %s alter column %s set default %s;\n", name, quote(d.column), d.value)
	}
	return text.String()
}

// single is a leaf of one part alone.
func (f *leaf) single() bool { return len(f.parts) == 1 && len(f.kept()) == 0 }

// kept are the units of the old leaves that no part replaces.
func (f *leaf) kept() []Loaded {
	var kept []Loaded
	for _, u := range f.was {
		if !slices.ContainsFunc(f.parts, func(s *staged) bool { return s.Unit == u.Unit }) {
			kept = append(kept, u)
		}
	}
	return kept
}

// label is how messages and progress name the leaf.
func (f *leaf) label() string {
	if len(f.parts) == 1 {
		return f.parts[0].Unit
	}
	return strings.TrimPrefix(leafSuffix(f.from, f.to), "_p")
}

// comment is what the leaf says of itself once it is shown.
func (f *leaf) comment() string {
	if f.single() {
		return "Unit " + f.parts[0].Unit + " of " + f.parts[0].Dataset + "."
	}
	return fmt.Sprintf("Units of %s up to %s.", dateText(f.from), dateText(f.to.AddDate(0, 0, -1)))
}

// size orders leaves: what takes longest begins first.
func (f *leaf) size() (rows int64) {
	for _, s := range f.parts {
		rows += s.Rows
	}
	for _, k := range f.kept() {
		rows += k.Rows
	}
	return rows
}

// without takes the parts of held units out.
func (f *leaf) without(held func(unit string) bool) (changed bool) {
	n := len(f.parts)
	f.parts = slices.DeleteFunc(f.parts, func(s *staged) bool { return held(s.Unit) })
	return len(f.parts) != n
}

// inOrder sorts the parts by date: a month's rows lie in order of its days.
func (f *leaf) inOrder() {
	slices.SortStableFunc(f.parts, func(a, b *staged) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Dataset, b.Dataset)) })
}

// indexes are those of the parent and those that somebody made on the old
// leaves.
func (f *leaf) indexes() []index { return append(slices.Clone(f.table.indexes), f.own...) }
