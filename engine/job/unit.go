package job

import (
	"fmt"
	"time"

	"ledgermill/engine/contract"
)

// Unit names what is made, published and swapped as one: a business date
// 2025-01-31, a month 2025-01, a year 2025, or Whole.
type Unit string

// Whole is the one unit of a dataset without a business date.
const Whole Unit = "whole"

// UnitOf is the unit of partition p that holds date.
func UnitOf(p contract.Partition, date time.Time) Unit {
	switch p {
	case contract.Day:
		return Unit(date.Format(time.DateOnly))
	case contract.Month:
		return Unit(date.Format("2006-01"))
	case contract.Year:
		return Unit(date.Format("2006"))
	}
	return Whole
}

// ParseUnit reads the name of a unit.
func ParseUnit(text string) (Unit, error) {
	u := Unit(text)
	if u == Whole {
		return u, nil
	}
	if from, _ := u.Bounds(); from.IsZero() {
		return "", fmt.Errorf("unit %q is no date, month, year or %q", text, Whole)
	}
	return u, nil
}

// Partition is the size of the unit.
func (u Unit) Partition() contract.Partition {
	switch len(u) {
	case len("2006-01-02"):
		return contract.Day
	case len("2006-01"):
		return contract.Month
	case len("2006"):
		return contract.Year
	}
	return contract.Whole
}

// Bounds are the first business date of the unit and the first after it, both at
// midnight UTC; both are zero for Whole.
func (u Unit) Bounds() (from, to time.Time) {
	layout, years, months, days := "", 0, 0, 0
	switch u.Partition() {
	case contract.Day:
		layout, days = time.DateOnly, 1
	case contract.Month:
		layout, months = "2006-01", 1
	case contract.Year:
		layout, years = "2006", 1
	default:
		return from, to
	}
	from, err := time.Parse(layout, string(u))
	if err != nil {
		return time.Time{}, time.Time{}
	}
	return from, from.AddDate(years, months, days)
}

// Last is the last business date of the unit: what business_day says of it.
func (u Unit) Last() time.Time {
	_, to := u.Bounds()
	if to.IsZero() {
		return to
	}
	return to.AddDate(0, 0, -1)
}

// Directory is where the unit of a dataset lies in the lake, without a slash at
// its end: plain hive as Spark writes it, unpadded.
func (u Unit) Directory(dataset string) string {
	from, _ := u.Bounds()
	switch u.Partition() {
	case contract.Day:
		return fmt.Sprintf("%s/year=%d/month=%d/day=%d", dataset, from.Year(), from.Month(), from.Day())
	case contract.Month:
		return fmt.Sprintf("%s/year=%d/month=%d", dataset, from.Year(), from.Month())
	case contract.Year:
		return fmt.Sprintf("%s/year=%d", dataset, from.Year())
	}
	return dataset
}

// Key is the object of the unit in the lake.
func (u Unit) Key(dataset string) string { return u.Directory(dataset) + "/part-0000.parquet" }

// Overlaps reports whether a business date of the unit lies in from..to, both
// included; a zero bound is open. Whole overlaps everything.
func (u Unit) Overlaps(from, to time.Time) bool {
	first, after := u.Bounds()
	if first.IsZero() {
		return true
	}
	return (to.IsZero() || !first.After(to)) && (from.IsZero() || after.After(from))
}
