package contract

import (
	"slices"
	"strings"
)

// Reasons of records that no column and no CHECK gives.
const (
	FieldCount   = "field_count"
	Quote        = "quote"
	Encoding     = "encoding"
	LineTooLong  = "line_too_long"
	NotJSON      = "json"
	Masked       = "masked"
	KeyConflicts = "key_conflict"
)

// structural are the reasons that come before any column is read.
func structural() []string {
	return []string{FieldCount, Quote, Encoding, LineTooLong, NotJSON, Masked}
}

// objectReasons are those of objects that are refused whole.
func objectReasons() []string {
	return []string{"header", "trailer", "control", "truncated", "unreadable", "too_large"}
}

// isFilled reports whether the mill fills the column.
func isFilled(name string) bool { return name == ObjectColumn || name == RecordColumn }

// TypeReason is the reason of a text that is no value of the column.
func TypeReason(column string) string { return column + "_type" }

// RequiredReason is the reason of a missing value.
func RequiredReason(column string) string { return column + "_required" }

// Reasons are the reasons of rejected records, in the order in which the first that
// holds is the reason.
func (c *Contract) Reasons() []string {
	reasons := structural()
	for _, col := range c.Columns {
		if !isFilled(col.Name) {
			reasons = append(reasons, TypeReason(col.Name))
		}
	}
	for _, col := range c.Columns {
		if col.NotNull && !isFilled(col.Name) {
			reasons = append(reasons, RequiredReason(col.Name))
		}
	}
	for _, check := range c.Checks {
		reasons = append(reasons, check.Name)
	}
	return append(reasons, KeyConflicts)
}

// reserved reports whether a CHECK may not take the name: the mill gives it.
func (c *Contract) reserved(name string) bool {
	if slices.Contains(structural(), name) || slices.Contains(objectReasons(), name) || name == KeyConflicts {
		return true
	}
	for _, suffix := range []string{"_type", "_required"} {
		if column, ok := strings.CutSuffix(name, suffix); ok {
			if _, is := c.Column(column); is {
				return true
			}
		}
	}
	return false
}
