package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// NoDate is the unit of records whose business date cannot be read.
const NoDate = "none"

// Group is what a tally holds for one combination of the columns of
// `control: ... by columns`: the records, and one figure an aggregate.
type Group struct {
	By         []string          `json:"by,omitempty"`
	Records    int64             `json:"records"`
	Sums       []decimal.Decimal `json:"sums,omitempty"`       // one an aggregate of the control directive
	Unreadable []int64           `json:"unreadable,omitempty"` // records whose value could not be read, one an aggregate
}

// Tally is a number of records and their control sums. Groups are sorted by By.
type Tally struct {
	Records int64   `json:"records"`
	Groups  []Group `json:"groups,omitempty"`
}

// Total is what one column of a file holds, for reconciling it elsewhere.
type Total struct {
	Column  string           `json:"column"`
	NonNull int64            `json:"non_null"`
	Sum     *decimal.Decimal `json:"sum,omitempty"` // of exact numbers only
}

// Unreadable is the By of records whose group cannot be read.
const Unreadable = "unreadable"

func (g Group) key() string { return strings.Join(g.By, "\x1f") }

// Plus is the sum of two tallies.
func (t Tally) Plus(u Tally) Tally {
	if len(u.Groups) == 0 {
		return Tally{Records: t.Records + u.Records, Groups: t.Groups}
	}
	groups := map[string]Group{}
	for _, g := range slices.Concat(t.Groups, u.Groups) {
		groups[g.key()] = groups[g.key()].Plus(g)
	}
	sum := Tally{Records: t.Records + u.Records}
	for _, k := range slices.Sorted(maps.Keys(groups)) {
		sum.Groups = append(sum.Groups, groups[k])
	}
	return sum
}

// Plus is the sum of two groups, under the second one's By.
func (g Group) Plus(h Group) Group {
	sum := Group{By: h.By, Records: g.Records + h.Records}
	for i := range max(len(g.Sums), len(h.Sums)) {
		var s decimal.Decimal
		var n int64
		for _, x := range []Group{g, h} {
			if i < len(x.Sums) {
				s = s.Add(x.Sums[i])
			}
			if i < len(x.Unreadable) {
				n += x.Unreadable[i]
			}
		}
		sum.Sums = append(sum.Sums, s)
		sum.Unreadable = append(sum.Unreadable, n)
	}
	return sum
}

// Equal reports whether two tallies agree to the last digit.
func (t Tally) Equal(u Tally) bool { return t.Difference(u) == "" }

// Difference names the first figure in which two tallies differ, "" where none does.
func (t Tally) Difference(u Tally) string {
	if t.Records != u.Records {
		return fmt.Sprintf("records: %d and %d", t.Records, u.Records)
	}
	a, b := t.byKey(), u.byKey()
	for _, k := range slices.Sorted(maps.Keys(union(a, b))) {
		g, h := a[k], b[k]
		by := strings.Join(cmpOr(g.By, h.By), ", ")
		if g.Records != h.Records {
			return fmt.Sprintf("records of %s: %d and %d", by, g.Records, h.Records)
		}
		for i := range max(len(g.Sums), len(h.Sums)) {
			x, y := at(g.Sums, i), at(h.Sums, i)
			if !x.Equal(y) {
				return fmt.Sprintf("control sum %d of %s: %s and %s", i+1, by, x, y)
			}
			if m, n := at(g.Unreadable, i), at(h.Unreadable, i); m != n {
				return fmt.Sprintf("unreadable of %s: %d and %d", by, m, n)
			}
		}
	}
	return ""
}

func (t Tally) byKey() map[string]Group {
	m := map[string]Group{}
	for _, g := range t.Groups {
		m[g.key()] = g
	}
	return m
}

func union(a, b map[string]Group) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}

func cmpOr(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}

func at[T any](s []T, i int) (zero T) {
	if i < len(s) {
		return s[i]
	}
	return zero
}

// Cell is the account of one object version in one unit: what was read of it, and
// what became of it. Rejected is by reason code.
type Cell struct {
	Object    string           `json:"object"`
	ETag      string           `json:"etag"`
	Unit      string           `json:"unit"` // NoDate for records without a business date
	Read      Tally            `json:"read"`
	Accepted  Tally            `json:"accepted"`
	Duplicate Tally            `json:"duplicate"`
	Rejected  map[string]Tally `json:"rejected,omitempty"`
	Rounded   int64            `json:"rounded,omitempty"` // accepted records of which a value was rounded
}

// Balance is an error unless read = accepted + duplicate + rejected, in records
// and in every control sum.
func (c Cell) Balance() error {
	if d := c.Read.Difference(c.Accepted.Plus(c.Duplicate).Plus(c.RejectedTotal())); d != "" {
		return &BalanceError{Object: c.Object, Unit: c.Unit, Detail: "read, and accepted + duplicate + rejected: " + d}
	}
	return nil
}

// RejectedTotal is the tally over all reasons.
func (c Cell) RejectedTotal() Tally {
	var sum Tally
	for _, reason := range slices.Sorted(maps.Keys(c.Rejected)) {
		sum = sum.Plus(c.Rejected[reason])
	}
	return sum
}

// Plus is the account of two cells together; the object and the unit are kept
// where they are the same.
func (c Cell) Plus(d Cell) Cell {
	sum := Cell{Read: c.Read.Plus(d.Read), Accepted: c.Accepted.Plus(d.Accepted), Duplicate: c.Duplicate.Plus(d.Duplicate),
		Rounded: c.Rounded + d.Rounded, Object: same(c.Object, d.Object), ETag: same(c.ETag, d.ETag), Unit: same(c.Unit, d.Unit)}
	for _, from := range []map[string]Tally{c.Rejected, d.Rejected} {
		for reason, t := range from {
			if sum.Rejected == nil {
				sum.Rejected = map[string]Tally{}
			}
			sum.Rejected[reason] = sum.Rejected[reason].Plus(t)
		}
	}
	return sum
}

func same(a, b string) string {
	if a == b {
		return a
	}
	return ""
}

// Sum adds cells up, halves first: one by one, the groups so far would be gone
// through again for each cell.
func Sum(cells []Cell) Cell {
	switch n := len(cells); n {
	case 0:
		return Cell{}
	case 1:
		return cells[0]
	default:
		return Sum(cells[:n/2]).Plus(Sum(cells[n/2:]))
	}
}

// BalanceError says that accounts do not agree. Nothing that they cover may be published.
type BalanceError struct {
	Dataset string
	Object  string
	Unit    string
	Detail  string
}

// Error names the unit, the object and the figures that differ.
func (e *BalanceError) Error() string {
	where := strings.TrimSpace(strings.Join([]string{e.Dataset, e.Unit, e.Object}, " "))
	return "accounts of " + where + " do not balance: " + e.Detail
}

// Try returns the remedy.
func (e *BalanceError) Try() string {
	return "compare the object with its control file; `ledgermill runs show` prints the accounts of the run"
}
