package datagen

import (
	"fmt"
	"strconv"
	"strings"
)

// Cents is an amount of money in hundredths. Its text is decimal: "-12.34".
type Cents int64

// String returns the amount with two decimals.
func (c Cents) String() string {
	if c < 0 {
		return "-" + cents(int64(-c))
	}
	return cents(int64(c))
}

// MarshalText writes the decimal text.
func (c Cents) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the decimal text with exactly two decimals.
func (c *Cents) UnmarshalText(text []byte) error {
	whole, part, ok := strings.Cut(string(text), ".")
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if !ok || len(part) != 2 || err != nil {
		return fmt.Errorf("read amount: %q has no two decimals", text)
	}
	*c = Cents(n)
	return nil
}

// Group is the part of a tally with one currency, after its default; or
// [Unreadable], where no column of the records can be read.
type Group struct {
	Records int64 `json:"records"`
	// Sum is over the records whose amount can be read, whatever else is wrong.
	Sum Cents `json:"sum"`
	// Unreadable counts the records that Sum leaves out, empty amounts included.
	Unreadable int64 `json:"unreadable"`
}

// Tally is a number of records, and their money by group.
type Tally struct {
	Records int64            `json:"records"`
	Groups  map[string]Group `json:"groups"`
}

func (t *Tally) add(group string, more Group) {
	if t.Groups == nil {
		t.Groups = map[string]Group{}
	}
	g := t.Groups[group]
	t.Groups[group] = Group{g.Records + more.Records, g.Sum + more.Sum, g.Unreadable + more.Unreadable}
	t.Records += more.Records
}

func (t *Tally) plus(u Tally) {
	for group, more := range u.Groups {
		t.add(group, more)
	}
}

// Cell is the account of the records of one object and one business date:
// Read = Accepted + Duplicate + all of Rejected.
type Cell struct {
	Read      Tally            `json:"read"`
	Accepted  Tally            `json:"accepted"`
	Duplicate Tally            `json:"duplicate"`
	Rejected  map[string]Tally `json:"rejected"` // by reason
}

func (c *Cell) plus(d Cell) {
	c.Read.plus(d.Read)
	c.Accepted.plus(d.Accepted)
	c.Duplicate.plus(d.Duplicate)
	for reason, tally := range d.Rejected {
		c.reject(reason, tally)
	}
}

func (c *Cell) reject(reason string, tally Tally) {
	if c.Rejected == nil {
		c.Rejected = map[string]Tally{}
	}
	sum := Tally{}
	sum.plus(c.Rejected[reason])
	sum.plus(tally)
	c.Rejected[reason] = sum
}

// accounts are the cells of one object by business date or [Undated].
type accounts map[string]*Cell

func (a accounts) add(o outcome) {
	group := Group{Records: 1, Sum: Cents(o.cents)}
	if o.unreadable {
		group = Group{Records: 1, Unreadable: 1}
	}
	a.bulk(o.date, o.reason, o.group, group)
}

func (a accounts) bulk(date, reason, group string, more Group) {
	cell := a[date]
	if cell == nil {
		cell = &Cell{}
		a[date] = cell
	}
	cell.Read.add(group, more)
	switch reason {
	case "":
		cell.Accepted.add(group, more)
	case duplicated:
		cell.Duplicate.add(group, more)
	default:
		cell.reject(reason, Tally{Records: more.Records, Groups: map[string]Group{group: more}})
	}
}
