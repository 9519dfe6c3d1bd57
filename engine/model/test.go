package model

import "ledgermill/engine/sqltext"

// TestKind is a kind of `test`.
type TestKind uint8

// The kinds of tests, in the order in which a directive is tried.
const (
	Unique       TestKind = iota + 1 // unique a, b
	NotNull                          // not null a, b
	Accepted                         // accepted a: X, Y
	RowsBetween                      // rows between 1 and 10
	Relationship                     // a in name.b
	Expression                       // any boolean over a row
)

// String is the name by which programs know the kind.
func (k TestKind) String() string {
	return [...]string{"", "unique", "not_null", "accepted_values", "row_count", "relationship", "expression"}[k]
}

// Test is one `test` of a model: something that must hold in each of its units.
type Test struct {
	Kind         TestKind
	Columns      []string // of Unique and NotNull; the one of Accepted and Relationship
	Values       []string // of Accepted: texts
	Min, Max     int64    // of RowsBetween, both included
	Target       string   // of Relationship: a dataset
	TargetColumn string
	SQL          string // of Expression, as written
	Warn         bool   // a failure is a warning
	AtMost       Limit  // so many failures pass
	Text         string // as written, without the options: how people call the test
	Pos          sqltext.Pos

	literals []string // Values as SQL literals of the column's type
}

// Limit is how many failing rows of a unit pass.
type Limit struct {
	Count     int64  // unless IsPercent
	Percent   string // decimal text of the largest share of the unit's rows: "0.1"
	IsPercent bool
}
