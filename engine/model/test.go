package model

import (
	"time"

	"ledgermill/engine/sqltext"
)

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
	Fresh                            // fresh col within 6 hours
	Volume                           // rows within 30 % of last 7 days
)

// String is the name by which programs know the kind.
func (k TestKind) String() string {
	return [...]string{"", "unique", "not_null", "accepted_values", "row_count", "relationship", "expression", "freshness", "row_count"}[k]
}

// Test is one `test` of a model: something that must hold in each of its units.
type Test struct {
	Kind         TestKind
	Columns      []string // of Unique and NotNull; the one of Accepted and Relationship
	Values       []string // of Accepted: texts
	Min, Max     int64    // of RowsBetween, both included
	Target       string   // of Relationship: a dataset
	TargetColumn string
	SQL          string        // of Expression, as written
	Age          time.Duration // of Fresh: how old the newest may be; Columns has the one that tells, or none
	Percent      string        // of Volume: decimal text of the largest difference from the mean of the last units
	Last         int           // of Volume: how many units back
	Step         Step          // of Volume: from one to the next
	Warn         bool          // a failure is a warning
	AtMost       Limit         // so many failures pass
	Text         string        // as written, without the options: how people call the test
	Pos          sqltext.Pos

	lead     int      // of Expression: bytes of the directive's value before SQL
	clocked  bool     // of Fresh: without a column, or of a whole dataset
	literals []string // Values as SQL literals of the column's type
}

// Step is how far apart the units are that a Volume compares.
type Step string

// The steps. Weeks are of days: the same weekday of each.
const (
	Days   Step = "days"
	Weeks  Step = "weeks"
	Months Step = "months"
	Years  Step = "years"
)

// Before is the first date of the unit n steps before the one that begins with first.
func (s Step) Before(first time.Time, n int) time.Time {
	switch s {
	case Weeks:
		return first.AddDate(0, 0, -7*n)
	case Months:
		return first.AddDate(0, -n, 0)
	case Years:
		return first.AddDate(-n, 0, 0)
	}
	return first.AddDate(0, 0, -n)
}

// ByRows reports whether the unit's own rows tell: then it runs in an engine. The
// others are held against the ledger, or against the clock.
func (t Test) ByRows() bool { return t.Kind != Volume && !t.clocked }

// Clocked reports whether the test is held against the time at which it is asked for,
// and not against a unit: no run can be held by it.
func (t Test) Clocked() bool { return t.clocked }

// Limit is how many failing rows of a unit pass.
type Limit struct {
	Count     int64  // unless IsPercent
	Percent   string // decimal text of the largest share of the unit's rows: "0.1"
	IsPercent bool
}
