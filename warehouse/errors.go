package warehouse

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrInUse says that a command still uses the private server.
	ErrInUse = errors.New("another command uses the private server; it stops when that command ends")
	// ErrDown says that the private server is not running.
	ErrDown = errors.New("the private server is not running; `ledgermill warehouse start` keeps it up")
	// ErrBusy says that another load is under way in this database.
	ErrBusy = errors.New("another load is under way in this database")
	// ErrUnreachable matches every [UnreachableError].
	ErrUnreachable = errors.New("warehouse cannot be reached")
	// ErrReconcile matches every [ReconcileError].
	ErrReconcile = errors.New("warehouse does not balance")
	// ErrSwapDeadline matches every [SwapDeadlineError].
	ErrSwapDeadline = errors.New("swap deadline passed")
)

// PrivateError is a failure to provide the private server.
type PrivateError struct {
	Op  string
	Err error
}

func (e *PrivateError) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }
func (e *PrivateError) Unwrap() error { return e.Err }

// Try names the way without a private server.
func (e *PrivateError) Try() string {
	if errors.Is(e.Err, ErrInUse) {
		return "ledgermill warehouse status"
	}
	return "set LEDGERMILL_WAREHOUSE_URL or warehouse.url to an existing PostgreSQL server, or stop before it with --until lake"
}

// UnreachableError is a server that cannot be used: absent, refusing, too old.
type UnreachableError struct {
	URL string // masked
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("connect to warehouse %s: %v", e.URL, e.Err)
}
func (e *UnreachableError) Unwrap() error        { return e.Err }
func (e *UnreachableError) Is(target error) bool { return target == ErrUnreachable }

// Try depends on what the server said, if it said anything.
func (e *UnreachableError) Try() string {
	var refused *pgconn.PgError
	var old *versionError
	switch {
	case errors.As(e.Err, &old):
		return fmt.Sprintf("upgrade the server to PostgreSQL %d or later, or unset warehouse.url for a private server", minVersion)
	case !errors.As(e.Err, &refused):
		return "start the server or correct warehouse.url; without warehouse.url a private server is used"
	case strings.HasPrefix(refused.Code, "28"):
		return "correct user and password of warehouse.url (LEDGERMILL_WAREHOUSE_URL)"
	case refused.Code == "53300":
		return "raise max_connections of the server, or try again when fewer people are connected"
	case refused.Code == outOfMemory:
		return fewLocks
	case refused.Code == "3D000":
		return "create the database, or correct its name in warehouse.url"
	}
	return "correct warehouse.url; without it a private server is used"
}

// LayoutError is a table that a part cannot be loaded into as it is.
type LayoutError struct {
	Table  string
	Reason string
	Remedy string
}

func (e *LayoutError) Error() string { return fmt.Sprintf("table %s: %s", e.Table, e.Reason) }

// Try names the migration that is needed.
func (e *LayoutError) Try() string { return e.Remedy }

// ColumnsError lists where a dataset of the lake and its table part.
type ColumnsError struct {
	Table, Dataset string
	// NotInTable are the dataset's columns that the table lacks, NotInLake the
	// table's that nothing would fill, Nested those of a type CSV cannot carry.
	NotInTable, NotInLake, Nested []string
	// Migration are the statements that add what the table lacks.
	Migration []string
}

func (e *ColumnsError) Error() string {
	var parts []string
	if len(e.NotInTable) > 0 {
		parts = append(parts, "the table lacks "+strings.Join(e.NotInTable, ", "))
	}
	if len(e.NotInLake) > 0 {
		parts = append(parts, "the dataset lacks "+strings.Join(e.NotInLake, ", "))
	}
	if len(e.Nested) > 0 {
		parts = append(parts, "no table can hold the type of "+strings.Join(e.Nested, ", "))
	}
	return fmt.Sprintf("load %s into %s: %s", e.Dataset, e.Table, strings.Join(parts, "; "))
}

// Try names both sides.
func (e *ColumnsError) Try() string {
	if len(e.Nested) > 0 {
		return fmt.Sprintf("edit sql/models/%s.sql", e.Dataset)
	}
	what := "a migration of " + e.Table + ": "
	if len(e.NotInLake) > 0 {
		what += "drop column " + strings.Join(e.NotInLake, ", ")
	} else {
		what += strings.Join(e.Migration, " ")
	}
	return "`ledgermill warehouse migrate --from-models`, which writes " + what
}

// CopyError is a stream of rows that failed: in its producer, or because
// PostgreSQL refused a value. Nothing of the unit is kept.
type CopyError struct {
	Table, Unit string
	Column      string // "" if not known
	Line        int64  // line of the stream, from 1; 0 if not known
	Err         error
}

func (e *CopyError) Error() string {
	where := e.Table + " unit " + e.Unit
	if e.Line > 0 {
		where += fmt.Sprintf(" line %d", e.Line)
	}
	if e.Column != "" {
		where += " column " + e.Column
	}
	return fmt.Sprintf("copy into %s: %v", where, e.Err)
}
func (e *CopyError) Unwrap() error { return e.Err }

// Try is for values only: a producer's error carries its own remedy.
func (e *CopyError) Try() string {
	if e.Column != "" {
		return fmt.Sprintf("compare the type of %s.%s in sql/warehouse with the model's cast", e.Table, e.Column)
	}
	return "ledgermill load"
}

// ReconcileError is a unit whose rows in PostgreSQL are not those of the lake.
// It has not been shown to readers.
type ReconcileError struct {
	Table, Unit string
	// Column is "" for the number of rows.
	Column string
	// What is "rows", "non-null values" or "sum", for a control total with its
	// group.
	What            string
	Expected, Found string
}

func (e *ReconcileError) Error() string {
	where := e.Table + " unit " + e.Unit
	if e.Column != "" {
		where += " column " + e.Column
	}
	return fmt.Sprintf("reconcile %s: %s: %s in the lake, %s in PostgreSQL", where, e.What, e.Expected, e.Found)
}
func (e *ReconcileError) Is(target error) bool { return target == ErrReconcile }

// Try says that nothing was lost.
func (e *ReconcileError) Try() string {
	return fmt.Sprintf("the unit stays as it was; compare the type of each column of %s in sql/warehouse with the model's", e.Table)
}

// SwapDeadlineError is a unit that is loaded but could not be shown because
// readers held its tables. It is dropped; a later load brings it again.
type SwapDeadlineError struct {
	Unit     string
	Waited   time.Duration
	Blockers []string // sessions that held locks at the end
}

func (e *SwapDeadlineError) Error() string {
	text := fmt.Sprintf("swap unit %s: tables in use for %s", e.Unit, e.Waited.Round(time.Millisecond))
	if len(e.Blockers) > 0 {
		text += ", by " + strings.Join(e.Blockers, "; ")
	}
	return text
}
func (e *SwapDeadlineError) Is(target error) bool { return target == ErrSwapDeadline }

// Try names the two ways out.
func (e *SwapDeadlineError) Try() string {
	return "end these sessions or raise warehouse.swap_deadline, then: ledgermill load"
}
