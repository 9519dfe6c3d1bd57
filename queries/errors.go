package queries

import (
	"errors"
	"fmt"
	"strings"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

var (
	errNoWarehouse = errors.New("query: there is no warehouse to run it on")
	errNoLake      = errors.New("query: there is no lake to run it on")
)

// ReadOnlyError refuses a statement that does more than read, or is not one.
type ReadOnlyError = duckdb.ReadOnlyError

// UnknownError is a query that the project has not.
type UnknownError struct {
	Name  string
	Names []string // that it has
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("no query is called %s%s", e.Name, sqltext.DidYouMean(e.Name, e.Names))
}

// Try lists the queries.
func (e *UnknownError) Try() string {
	if len(e.Names) == 0 {
		return "this project has no queries: ledgermill query --sql 'select ...'"
	}
	return "one of " + strings.Join(e.Names, ", ")
}

// PlaceError is a query that was asked for where it does not run.
type PlaceError struct {
	Query string
	On    model.Place // where it runs
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("query %s runs on the %s alone", e.Query, e.On)
}

// Try names the place.
func (e *PlaceError) Try() string { return fmt.Sprintf("ledgermill query %s --on %s", e.Query, e.On) }

// LostError is a unit that the ledger has published and the lake does not hold: an
// answer without it would be wrong.
type LostError struct{ Dataset, Unit string }

func (e *LostError) Error() string {
	return fmt.Sprintf("%s %s is lost: its upload went before it was completed", e.Dataset, e.Unit)
}

// Try makes it again.
func (e *LostError) Try() string { return "ledgermill run" }
