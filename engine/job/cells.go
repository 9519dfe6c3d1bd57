package job

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/contract"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// Class says what became of the records of a class in the accounts: "" accepted,
// DuplicateClass, else the reason of a reject.
type Class string

// DuplicateClass is the class of records that another one equals.
const DuplicateClass Class = "\x1fduplicate"

// Classed is what a tally counted of one class of records of one object in one unit.
type Classed struct {
	Class Class
	Cell  ledger.Cell // object, unit and rounded values only
	Tally ledger.Tally
}

// Account is the cell of the class.
func (c Classed) Account() ledger.Cell {
	cell := c.Cell
	cell.Read = c.Tally
	switch c.Class {
	case "":
		cell.Accepted = c.Tally
	case DuplicateClass:
		cell.Duplicate = c.Tally
	default:
		cell.Rejected = map[string]ledger.Tally{string(c.Class): c.Tally}
	}
	return cell
}

// Structural are the cells of the records that no engine saw, one a reason: they
// could not be divided into fields.
func Structural(c *contract.Contract, o Object) []ledger.Cell {
	unit := ledger.NoDate
	if c.BusinessDate == "" {
		unit = string(Whole)
	}
	var cells []ledger.Cell
	for _, reason := range slices.Sorted(maps.Keys(o.Report.Bad)) {
		n := o.Report.Bad[reason]
		t := ledger.Tally{Records: n}
		if control := c.Control; control != nil {
			g := ledger.Group{Records: n, Sums: make([]decimal.Decimal, len(control.Aggregates)), Unreadable: make([]int64, len(control.Aggregates))}
			for range control.By {
				g.By = append(g.By, ledger.Unreadable)
			}
			for i := range g.Unreadable {
				g.Unreadable[i] = n
			}
			t.Groups = []ledger.Group{g}
		}
		cells = append(cells, ledger.Cell{Object: o.Key, ETag: o.ETag, Unit: unit, Read: t, Rejected: map[string]ledger.Tally{string(reason): t}})
	}
	return cells
}

// Merge adds up the cells of the same object and unit, in order.
func Merge(cells []ledger.Cell) []ledger.Cell {
	parts := map[[2]string][]ledger.Cell{}
	for _, c := range cells {
		key := [2]string{c.Object, c.Unit}
		parts[key] = append(parts[key], c)
	}
	var merged []ledger.Cell
	for _, of := range parts {
		merged = append(merged, ledger.Sum(of))
	}
	slices.SortFunc(merged, func(a, b ledger.Cell) int {
		return strings.Compare(a.Object+"\x00"+a.Unit, b.Object+"\x00"+b.Unit)
	})
	return merged
}

// CellsByUnit merges what units have of their objects. A whole dataset also has what no
// engine saw: without a business date those records are in no other unit.
func CellsByUnit(c *contract.Contract, objects []Object, cells []ledger.Cell) map[Unit][]ledger.Cell {
	if c.BusinessDate == "" {
		for _, o := range objects {
			cells = append(cells, Structural(c, o)...)
		}
	}
	byUnit := map[Unit][]ledger.Cell{}
	for _, one := range Merge(cells) {
		byUnit[Unit(one.Unit)] = append(byUnit[Unit(one.Unit)], one)
	}
	return byUnit
}

// Within is the condition, in any engine's SQL, that a record of the contract is of
// one of the units.
func Within(c *contract.Contract, units []Unit) string {
	if c.BusinessDate == "" {
		return "true"
	}
	date := sqltext.QuoteName(c.BusinessDate)
	var ranges []string
	from, to := "", ""
	flush := func() {
		if to != "" {
			ranges = append(ranges, fmt.Sprintf("(%s >= date '%s' and %s < date '%s')", date, from, date, to))
		}
	}
	for _, u := range slices.Sorted(slices.Values(units)) {
		f, t := u.Bounds()
		if first := f.Format("2006-01-02"); first != to {
			flush()
			from = first
		}
		to = t.Format("2006-01-02")
	}
	flush()
	if ranges == nil {
		return "false"
	}
	return "(" + strings.Join(ranges, " or ") + ")"
}
