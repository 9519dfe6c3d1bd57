package ledger

import (
	"time"

	"ledgermill/engine/lake"
)

// Format is the version of the ledger that this program writes. It reads this
// version and older ones, and refuses newer ones.
const Format = 1

// Entry is one commit: what it changes, and the uploads that make it visible. It
// is an intent until its Done stands beside it.
type Entry struct {
	Format   int       `json:"format"`
	Project  string    `json:"project"`
	Number   int64     `json:"number"`
	Previous string    `json:"previous"` // sha256 of the entry before, "" for the first
	Run      string    `json:"run"`
	At       time.Time `json:"at"`
	Host     string    `json:"host"`
	Operator string    `json:"operator"`
	Engine   string    `json:"engine"` // name and version of what made the units
	Program  string    `json:"program"`

	Objects  []ObjectRecord `json:"objects,omitempty"`
	Units    []UnitRecord   `json:"units,omitempty"`
	Verdicts []Verdict      `json:"verdicts,omitempty"`
	Uploads  []lake.Upload  `json:"uploads,omitempty"`
	Keeps    []Keep         `json:"keeps,omitempty"`    // done before the uploads are completed
	Removals []string       `json:"removals,omitempty"` // keys of rejects of which none are left, and of versions kept long enough
	Closures []Closure      `json:"closures,omitempty"`
	Drops    []UnitRef      `json:"drops,omitempty"` // units that are published no more
	Pins     []Pin          `json:"pins,omitempty"`
	Summary  *RunSummary    `json:"summary,omitempty"` // in the last entry of a run

	Statements []Statement `json:"statements,omitempty"` // of the units, where the state has no text of them
}

// Done stands beside an entry whose uploads are all in place, or are known to be lost.
type Done struct {
	Number int64     `json:"number"`
	Entry  string    `json:"entry"` // sha256 of the entry
	At     time.Time `json:"at"`
	Lost   []UnitRef `json:"lost,omitempty"`

	Gone       []string    `json:"gone,omitempty"`        // uploads that the store did not have any more
	Unkept     []string    `json:"unkept,omitempty"`      // copies of former versions that could not be made: the files were gone
	LostStrays []ObjectRef `json:"lost_strays,omitempty"` // objects whose rejects without a date are gone
}

// ObjectRef names an object of a feed.
type ObjectRef struct {
	Feed string `json:"feed"`
	Key  string `json:"key"`
}

// UnitRef names a unit of a dataset.
type UnitRef struct {
	Dataset string `json:"dataset"`
	Unit    string `json:"unit"`
}

// ObjectRecord is what the inventory knows of a raw object: its version, and what
// it holds by unit, before duplicates are told apart.
type ObjectRecord struct {
	Feed     string    `json:"feed"` // name of the contract
	Key      string    `json:"key"`
	ETag     string    `json:"etag"`
	Size     int64     `json:"size"`
	ModTime  time.Time `json:"mod_time"`
	Inode    uint64    `json:"inode,omitempty"`
	Control  string    `json:"control,omitempty"` // etag of its control file: its content, wherever it lies
	Seen     string    `json:"seen,omitempty"`    // what the store said of its control file, to notice a change
	Contract string    `json:"contract"`          // hash of the contract under which it was read; "": it is to be read again
	Records  int64     `json:"records"`           // counted independently of the engine
	Text     int64     `json:"text,omitempty"`    // bytes, decompressed
	Cells    []Cell    `json:"cells,omitempty"`
	Strays   string    `json:"strays,omitempty"` // key of its rejects without a business date
	Refused  *Refusal  `json:"refused,omitempty"`
	Vanished bool      `json:"vanished,omitempty"` // no longer listed; its units are sealed
	Dropped  bool      `json:"dropped,omitempty"`  // vanished, and accepted as removed
	Before   *Held     `json:"before,omitempty"`   // where this version is refused: what the version before it holds
}

// Held is the version of an object that its units are still made from, after a
// newer version was refused.
type Held struct {
	ETag    string `json:"etag"`
	Control string `json:"control,omitempty"`
	Size    int64  `json:"size"`
	Cells   []Cell `json:"cells,omitempty"`
}

// Refusal says why an object is refused whole.
type Refusal struct {
	Reason string `json:"reason"` // header, trailer, control, truncated, unreadable, too_large
	Detail string `json:"detail"`
	Try    string `json:"try,omitempty"` // what to do about it
	Exit   int    `json:"exit"`          // the exit code that it asks for
}

// Version names an object's version.
type Version struct {
	Key     string `json:"key"`
	ETag    string `json:"etag"`
	Size    int64  `json:"size"`
	Control string `json:"control,omitempty"`
}

// Column is a column of a published file.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // as DuckDB prints it
}

// UnitRecord is a unit as it is published. A contract has units too: their accounts
// and rejects, and no file.
type UnitRecord struct {
	Dataset     string            `json:"dataset"`
	Unit        string            `json:"unit"`
	Fingerprint string            `json:"fingerprint"`
	Content     string            `json:"content"`             // equal for equal rows; of a contract the fingerprint
	SQL         string            `json:"sql"`                 // hash of the statement, its directives and parameters
	Semantics   string            `json:"semantics,omitempty"` // number of the engine's semantics that it was made under; "" is 1
	Tests       string            `json:"tests,omitempty"`     // hash of the tests that it has passed
	Inputs      map[string]string `json:"inputs,omitempty"`
	Objects     []Version         `json:"objects,omitempty"` // of a contract
	Cells       []Cell            `json:"cells,omitempty"`   // of a contract
	Rejects     string            `json:"rejects,omitempty"` // of a contract: key of its rejects, "" for none
	Closes      []string          `json:"closes,omitempty"`  // of a contract: ids of the rejects that its records were fixed of

	Key     string   `json:"key,omitempty"` // of the lake's object
	ETag    string   `json:"etag,omitempty"`
	Size    int64    `json:"size,omitempty"`
	Rows    int64    `json:"rows"`
	Columns []Column `json:"columns,omitempty"`
	Totals  []Total  `json:"totals,omitempty"`
	Control Tally    `json:"control"`

	Run    string    `json:"run"`
	Engine string    `json:"engine"`
	At     time.Time `json:"at"`             // when this version was published for the first time; of a whole dataset, when it was made last
	First  time.Time `json:"first,omitzero"` // when the unit was published for the first time; zero: nobody knows
	Lost   bool      `json:"lost,omitempty"`

	Borrowed string `json:"-"` // the environment that it is read from: it is published there and not here

	Kept []UnitRecord `json:"kept,omitempty"` // former versions whose files are kept, newest first; their Key and Rejects name the copies
}

// Verdict is a unit that was not published, and why. It stands until the unit is
// published or would be made from something else.
type Verdict struct {
	Dataset     string `json:"dataset"`
	Unit        string `json:"unit"`
	Fingerprint string `json:"fingerprint"` // of what was refused; "" for a unit held by others
	Kind        string `json:"kind"`        // Refused or HeldKind
	Reason      string `json:"reason"`
	Exit        int    `json:"exit"`
	Run         string `json:"run"`
	Rejects     string `json:"rejects,omitempty"` // of a contract: key of what the unit would have rejected
	Lifted      bool   `json:"lifted,omitempty"`
}

// The kinds of verdicts.
const (
	RefusedKind = "refused" // beyond a limit, or a test failed, or accounts do not balance
	HeldKind    = "held"    // something that it is made from is refused
	FailedKind  = "failed"  // the engine could not make it
)

// RunSummary is the record of a run, or of what somebody did to the lake by hand.
type RunSummary struct {
	Run      string    `json:"run"`
	Command  string    `json:"command"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Exit     int       `json:"exit"`
	Units    int       `json:"units"`
	Account  []Account `json:"accounts,omitempty"`
	Config   string    `json:"config,omitempty"` // hash of the configuration
	Error    string    `json:"error,omitempty"`
	Reason   string    `json:"reason,omitempty"`  // that was given for what the run was allowed to do
	ByHand   bool      `json:"by_hand,omitempty"` // it made nothing: a closing, a roll-back, a drop
}

// Account is what a run read of one feed, and what became of it.
type Account struct {
	Feed string   `json:"feed"`
	By   []string `json:"by,omitempty"`
	Cell Cell     `json:"cell"`
}
