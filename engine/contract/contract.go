package contract

import (
	"slices"

	"ledgermill/engine/sqltext"
)

// Names of columns that the mill fills where a contract declares them.
const (
	ObjectColumn = "_object" // the object's key, varchar
	RecordColumn = "_record" // the record's number in the object, from 1, bigint

	// RejectColumn heads the ids of the rejects that the records of an object close:
	// they were fixed by hand. It is no column of a contract.
	RejectColumn = "_reject_id"
)

// Contract is one file of sql/contracts, checked.
type Contract struct {
	Name    string // of the table: raw_card_events
	File    string // as given to Parse, for messages
	Source  string // the text of the file
	About   string // of `about`, else of `comment on table`
	Columns []Column
	Checks  []Check
	Key     []string // of PRIMARY KEY; nil: nothing is removed as a duplicate

	BusinessDate string // a column of type date, not null; "" is a whole contract
	Partition    Partition
	KeyConflict  KeyConflict
	Control      *Control // nil: no control totals
	Limits       []Limit  // totals first, then by reason
	Private      []string // columns that are masked wherever people read
	Sections     []Section
	ColumnAbout  map[string]string // of `about col`, else of `comment on column`

	FillsObject bool // declares _object
	FillsRecord bool // declares _record: costs time

	aboutSaid map[string]bool // by column, "" for the table: `about` said it, not a comment
}

// Column is a column of the contract's table.
type Column struct {
	Name    string
	Type    Type
	NotNull bool
	Default string // source text of the DEFAULT expression; "" without one
	Comment string
	Pos     sqltext.Pos
}

// Check is a CHECK constraint. Its name is the reason of the records that it rejects.
type Check struct {
	Name string
	Text string // source text between the brackets
	Off  int    // byte of Source that Text begins at
	Pos  sqltext.Pos
}

// Partition is the size of a unit.
type Partition string

// The partitions. A contract without a business date is Whole.
const (
	Day   Partition = "day"
	Month Partition = "month"
	Year  Partition = "year"
	Whole Partition = "whole"
)

// KeyConflict says what becomes of records with the same key and other content.
type KeyConflict struct {
	Refuse bool     // all of them are rejected
	Latest []string // else the greatest by these columns, then by the object's key in natural order, then by all columns, is kept
}

// Control says which totals are kept per object and unit.
type Control struct {
	Required   bool // an object without a control file is refused
	Aggregates []Aggregate
	By         []string // the columns whose values are the groups; nil: one group
}

// Aggregate is one control total.
type Aggregate struct {
	Func   string // "sum" or "count"
	Column string
}

// Limit is one `reject limit` of a unit.
type Limit struct {
	Reason    string // "" is the limit of all rejected records together
	Count     int64  // largest number allowed, unless IsPercent
	Percent   string // decimal text of the largest share allowed, of the records read: "0.1"
	IsPercent bool
	Pos       sqltext.Pos
}

// Column returns the column called name.
func (c *Contract) Column(name string) (Column, bool) {
	i := slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return c.Columns[i], true
}

// Names are the columns' names, in order.
func (c *Contract) Names() []string {
	names := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		names[i] = col.Name
	}
	return names
}
