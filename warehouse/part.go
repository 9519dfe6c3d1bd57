package warehouse

import (
	"context"
	"io"
	"slices"
	"time"
)

// Column is a column of a lake file.
type Column struct {
	Name string
	Type string // as DuckDB writes it, DECIMAL(18,2)
}

// Target is a column of a table, with its type as PostgreSQL's format_type writes it.
type Target struct{ Name, Type string }

// Total is what one side says about one column of a part.
type Total struct {
	Column  string
	NonNull int64
	// Sum is the exact decimal text of the sum, "" for a column that is not
	// summed. A summed column without values has the sum "0". Where Kind says
	// more, the sum is that of the kind.
	Sum string
	// Kind is what the values are; "" leaves it at NonNull and Sum.
	Kind Kind
	// Min and Max are canonical texts, nil where there is no value or the kind
	// has none.
	Min, Max *string
}

// Control is a control total by groups, such as money per currency. Which
// columns it names is said in SQL files.
type Control struct {
	Sum   []string     `json:"sum,omitempty"`   // columns that are summed
	Count []string     `json:"count,omitempty"` // columns whose values are counted
	By    []string     `json:"by,omitempty"`    // columns that form the groups
	Rows  []ControlRow `json:"rows"`
}

// ControlRow is one group of a [Control].
type ControlRow struct {
	By     []*string `json:"by,omitempty"` // the group's values as text, in the order of Control.By; nil is null
	Count  int64     `json:"records"`
	Sums   []string  `json:"sums,omitempty"`   // exact decimal texts, in the order of Control.Sum; "" where all values are null
	Counts []int64   `json:"counts,omitempty"` // values that are not null, in the order of Control.Count
}

// Part is one unit of one dataset on its way into one table.
type Part struct {
	Table   string
	Dataset string
	// Unit is the unit's name: 2025-01-31, 2025-01, 2025, or that of a whole
	// dataset's only unit.
	Unit string
	// From and To bound the business date, To being the first date after. Both
	// are zero for a whole dataset, which is merged by key instead of swapped.
	From, To     time.Time
	BusinessDate string // column; "" for a whole dataset
	Fingerprint  string
	ContentHash  string
	Rows         int64
	Key          []string // grain; required for a whole dataset
	Columns      []Column // of the lake file, without partition columns
	Totals       []Total
	Controls     []Control
	// CSV opens the rows as CSV: no header, comma, double quote, null as
	// nothing and the empty string as "". The columns asked for are those of
	// Columns and then year, month and day where the table has them and the
	// lake file has not; the producer makes these from the business date. Read
	// returns the producer's error instead of io.EOF if it failed: an end of
	// stream is taken for success. Close ends the producer; it may be called
	// while Read waits, and more than once.
	CSV func(ctx context.Context, columns []string) (io.ReadCloser, error)
	// Binary opens the same rows as COPY's binary format, which a server reads in
	// half the time. It says with an error that is [errors.ErrUnsupported] that a
	// column has no exact binary form, and CSV is asked. Nil: CSV is.
	Binary func(ctx context.Context, columns []Target) (io.ReadCloser, error)
	// Lake computes anew what the part holds. Only [Warehouse.Reconcile] asks it.
	Lake Lake
	// Private are columns whose values are never shown.
	Private []string
	// Gone says that nothing makes the unit any more, though it is published.
	Gone bool
}

func (p Part) whole() bool { return p.From.IsZero() }

// Request is one call of [Warehouse.Load].
type Request struct {
	Run   string // run id, kept with what it loaded
	Parts []Part
	// Published are all parts of the lake, if units that are not among them are to be
	// removed. Nil: nothing is.
	Published []Part
	// Within bounds which of them are removed.
	Within Scope
	// Removed are the only units to be removed of those that are not among Published:
	// by name and content. Nil: all are.
	Removed []Removed
	// Progress is called for each step and while rows stream, never by two
	// goroutines at once. Nil: no progress.
	Progress func(Event)
}

// Scope bounds what is looked at beyond the parts of a request. The zero Scope is all
// that the warehouse holds.
type Scope struct {
	// From and To bound the business dates, To being the first date after; zero leaves
	// them open. Whole datasets have none and are within any.
	From, To time.Time
	Tables   []string // nil: all
}

func (s Scope) covers(l Loaded) bool {
	within := l.From == nil || (s.To.IsZero() || l.From.Before(s.To)) && (s.From.IsZero() || l.To.After(s.From))
	return within && s.has(l.Table)
}

func (s Scope) has(table string) bool { return s.Tables == nil || slices.Contains(s.Tables, table) }

// Removed is a unit that a lake has no longer.
type Removed struct{ Unit, ContentHash string }

// Step is what happens to a part.
type Step string

// Steps of a part in their order; a whole dataset goes from copy to merge.
const (
	StepCopy      Step = "copy"
	StepReconcile Step = "reconcile"
	StepIndex     Step = "index"
	StepMerge     Step = "merge"
	StepSwap      Step = "swap"
)

// Event is progress of one part.
type Event struct {
	Table, Unit string
	Step        Step
	Bytes       int64 // of rows so far, as they are sent
	Done        bool  // the step is through
}

// PartReport is what a part took. Durations of parts overlap.
type PartReport struct {
	Table, Unit, Leaf string
	Rows              int64
	Bytes             int64 // of rows as they were sent
	Copy              time.Duration
	Analyze           time.Duration
	Reconcile         time.Duration
	Index             time.Duration // of all builds together
	Changed, Closed   int64         // rows written and closed by a merge
}

// Report is what [Warehouse.Load] did, also when it failed: what it lists is
// loaded and visible.
type Report struct {
	Parts   []PartReport
	Units   int // units swapped or merged
	Leaves  int
	Rows    int64
	Bytes   int64
	Rebuilt []Rebuilt
	// Vacuumed are leaves.
	Vacuumed []string
	Removed  int // units that the lake has no longer
	Retries  int // swaps tried again because readers held the tables
	Swap     time.Duration
	Elapsed  time.Duration
}
