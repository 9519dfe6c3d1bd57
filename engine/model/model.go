package model

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// BusinessDay is the one-row table of a daily model: business_date (of a month or
// year unit its last day), previous_business_date and is_month_end.
const BusinessDay = "business_day"

// Model is one file of sql/models, checked and bound.
type Model struct {
	Name   string // of the file: the dataset
	File   string // slash path below the project's root, for messages
	Source string // the text of the file
	SQL    string // its one SELECT with the parameters bound, without a semicolon

	About       string
	ColumnAbout map[string]string
	Grain       []string // the columns that identify a row; nil: none was named
	Publish     Publish
	Preserves   string           // an input with as many rows and the same control sums; "" is none
	Reads       map[string]Grant // what it sees of an input beyond the unit; its own name: the previous unit of itself
	Order       []string         // physical order, not yet total: see Sort
	Load        string           // warehouse table; "" is none
	Tests       []Test           // the grain's uniqueness first, then in the order of the file

	BusinessDate    string             // output column of the unit's date; "" where Partition is Whole
	Partition       contract.Partition // of the dated inputs; Whole without them or by `publish: whole`
	Inputs          []string           // contracts and models that it reads, sorted, itself left out
	ReadsItself     bool               // makes its units in order, from the previous one
	UsesBusinessDay bool
	Columns         []Column // the output, in order
	Private         []string // output columns that show what a contract calls private
	Parameters      []sqltext.Parameter

	references []string
	st         statement
	conditions statement // of the `test:` expressions; without a source there are none
	unsteady   []finding // in them
	tainted    tainted
}

// Pos is the place in the file of byte off of SQL.
func (m *Model) Pos(off int) sqltext.Pos { return m.st.pos(off) }

// Text is the text of the file with the parameters bound.
func (m *Model) Text() string { return m.st.bound() }

// Column is a column of a dataset or a result. Type is DuckDB's: DECIMAL(18,2).
type Column struct {
	Name string
	Type string
}

// Publish says what becomes of a model's rows.
type Publish uint8

// The ways to publish. A step (No) keeps the Partition of its inputs.
const (
	Daily Publish = iota + 1 // an object a unit of its dated inputs
	Whole                    // one object, of all units of its inputs
	No                       // a step for other models
)

// String is the directive's value.
func (p Publish) String() string { return [...]string{"", "daily", "whole", "no"}[p] }

// GrantKind is a kind of `reads`.
type GrantKind uint8

// The kinds of grants. Each is beside the unit itself.
const (
	Previous     GrantKind = iota + 1 // the latest earlier unit that exists
	LastDays                          // the Days calendar dates that end with the unit
	LatestWithin                      // the latest unit of the Days calendar dates that end with the unit
	MonthToDate                       // the dates of the unit's month up to the unit
)

// Grant is what a daily model sees of an input beyond the unit itself.
type Grant struct {
	Kind GrantKind
	Days int // of LastDays and LatestWithin, at least 1
}

// String is the directive's value.
func (g Grant) String() string {
	switch g.Kind {
	case Previous:
		return "previous"
	case LastDays:
		return fmt.Sprintf("last %d days", g.Days)
	case LatestWithin:
		return fmt.Sprintf("latest within %d days", g.Days)
	case MonthToDate:
		return "month to date"
	}
	return ""
}

// Sort is the total order of the rows: the order, then the grain, each column once;
// without a grain then all columns.
func (m *Model) Sort() []string {
	sort := slices.Clone(m.Order)
	rest := m.Grain
	if len(rest) == 0 {
		rest = m.Names()
	}
	for _, name := range rest {
		if !slices.Contains(sort, name) {
			sort = append(sort, name)
		}
	}
	return sort
}

// Names are the names of the output's columns, in order.
func (m *Model) Names() []string { return names(m.Columns) }

// References are the datasets that its tests name, sorted: they are made before it.
func (m *Model) References() []string { return m.references }

// Dated reports whether the model is made unit by unit.
func (m *Model) Dated() bool { return m.Partition != contract.Whole }

// Data is what decides the rows: the token stream of the bound SELECT and the
// directives that bear on data. A fingerprint hashes it.
func (m *Model) Data() string {
	var b strings.Builder
	line := func(word string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			b.WriteString(word + ": " + text + "\n")
		}
	}
	line("publish", m.Publish.String())
	line("partition", string(m.Partition))
	line("business date", m.BusinessDate)
	line("grain", m.Grain...)
	line("order", m.Order...)
	line("preserves", m.Preserves)
	for _, name := range sortedKeys(m.Reads) {
		line("reads "+name, m.Reads[name].String())
	}
	b.WriteString(sqltext.Canonical(m.SQL) + "\n")
	return b.String()
}
