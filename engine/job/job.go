package job

import (
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/records"
)

// Object is one raw object as an engine reads it: structurally clean text, every
// record of which has the fields of the header.
type Object struct {
	Key      string // relative to the input
	ETag     string
	Order    int    // place among the feed's objects in natural order of their keys
	Path     string // what the engine opens: a file, or a URI; compressed as its name says
	Section  contract.Section
	Mapping  contract.Mapping
	Fills    map[string]string // what the key says of columns
	Report   records.Report    // the independent count; its broken records are not in Path
	Broken   string            // a local file of these, for records.ReadBad; "": there are none
	NewLine  string            // how the lines of Path end, as DuckDB and Spark are told: \n with a backslash; "": they find out
	Numbered bool              // Path has the record's number as a first field, under NumberColumn
	Columns  []ledger.Column   // of Parquet: its columns as the engine calls them, in the order of Mapping.Raw
	Serial   bool              // a reader that cuts Path into pieces would cut a record
	InPlace  *InPlace          // nil: all the records of Path were counted
}

// InPlace says that Path is an object in its store of which only the beginning and
// the end were looked at: it holds its header and, as far as was seen, one record a
// line. The engine must find every one of its bytes again in the records that it
// reads; where it does not, the object proves nothing and is withdrawn.
type InPlace struct {
	Size   int64 // bytes
	Header int64 // bytes before the first record
	Open   bool  // the last record has no line end
	Quoted bool  // every field seems to stand in quotes; otherwise those that hold a delimiter
	Lines  bool  // quotes within values were seen: only its lines tell how it is written
}

// NumberColumn is what the header of a numbered object calls the record's number.
const NumberColumn = "\x1fnumber"

// Task is one model to make of one unit. Its inputs exist: contracts are landed and
// settled, models are files.
type Task struct {
	Unit      Unit
	Previous  time.Time // the latest earlier unit's last business date; zero where there is none
	Model     *model.Model
	Inputs    Inputs
	Control   *contract.Control // what File.Control adds up; nil for none
	Stamp     string            // the fingerprint, written into the file
	Directory string            // existing local directory; the file goes below it at its lake key
}

// Inputs are what a statement may read.
type Inputs struct {
	Contracts map[string][]Unit   // by contract: settled units
	Files     map[string][]string // by dataset: files as the engine opens them, one a unit
}

// Audit is one data test to run on one unit, or on whole datasets.
type Audit struct {
	Unit     Unit
	Previous time.Time
	Test     *model.DataTest
	Inputs   Inputs
}

// File is one unit of a dataset, staged and verified.
type File struct {
	Dataset string
	Unit    Unit
	Path    string // local
	Rows    int64
	Bytes   int64
	Content string          // hash of columns and rows: equal for equal rows, whatever the fingerprint
	Columns []ledger.Column // as the file holds them
	Totals  []ledger.Total
	Control ledger.Tally // by the task's Control
}

// TestResult is what became of one test of one unit.
type TestResult struct {
	Dataset  string     `json:"dataset"`
	Unit     Unit       `json:"unit"`
	Test     string     `json:"test"` // as written
	Place    string     `json:"place"`
	Failures int64      `json:"failures"`
	Warn     bool       `json:"warn"`
	Passed   bool       `json:"passed"`
	Columns  []string   `json:"columns,omitempty"`
	Examples [][]string `json:"examples,omitempty"` // failing rows, as many as are kept
}

// Settled are the accounts of one contract in one unit, after duplicates and key
// conflicts were told apart, and its rejects.
type Settled struct {
	Unit    Unit
	Cells   []ledger.Cell
	Rejects *File    // nil where nothing was rejected
	Closes  []string // ids of the rejects that accepted records were fixed of, sorted
}
