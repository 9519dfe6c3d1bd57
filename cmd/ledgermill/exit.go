package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"ledgermill/bench/datagen"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
	"ledgermill/queries"
	"ledgermill/warehouse"
)

// exitText is the table of exit codes as the help shows it.
const exitText = `EXIT STATUS
   0  done, or nothing to do
   1  failed
   2  usage or configuration
   3  refused beyond a limit, a test failed, or a difference was found
   4  the accounts do not balance
   5  a store, directory or database cannot be reached
   6  another run holds the lock
   7  all that could be made is published, but an object was refused or a unit is held
   130, 143  interrupted
   Of several the gravest: 130/143, 2, 1, 6, 4, 3, 5, 7.`

// usageError is a fault in how the program was called.
type usageError struct {
	msg    string
	remedy string
}

func (e *usageError) Error() string { return e.msg }

// Try returns the remedy.
func (e *usageError) Try() string { return e.remedy }

func usagef(remedy, format string, args ...any) error {
	return &usageError{msg: fmt.Sprintf(format, args...), remedy: remedy}
}

// exitCode is the gravest code of the errors that are joined in err. What has no code
// of its own fails; beside one that has, as behind a failure in cleaning up, it
// decides nothing.
func exitCode(err error) int {
	code := engine.ExitDone
	for _, one := range append(joinedIn(err), err) {
		if own, known := codeOf(one); known {
			code = engine.Graver(code, own)
		}
	}
	if code == engine.ExitDone {
		return engine.ExitFailed
	}
	return code
}

// joinedIn are the errors that are joined in err, however deep; none where it is one.
func joinedIn(err error) (parts []error) {
	for ; err != nil; err = errors.Unwrap(err) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range joined.Unwrap() {
				parts = append(append(parts, one), joinedIn(one)...)
			}
			return parts
		}
	}
	return nil
}

// codeOf is the code of an error, or of the first that is joined in it, by its type.
func codeOf(err error) (code int, known bool) {
	var (
		coded   interface{ ExitCode() int }
		usage   *usageError
		sql     sqltext.Errors
		fault   *sqltext.Error
		project *ledger.ProjectError
		format  *ledger.FormatError
		race    *ledger.ConflictError
		balance *ledger.BalanceError
		option  *datagen.OptionError
		exists  *datagen.ExistsError
		store   *engine.StoreError
		config1 *config.Error
		configs config.Errors
		scheme  *lake.SchemeError
		keyless *lake.CredentialsError
		place   *lake.Error
		writes  *queries.ReadOnlyError
		unknown *queries.UnknownError
		away    *queries.PlaceError
	)
	switch {
	case errors.As(err, &coded):
		return coded.ExitCode(), true
	case errors.As(err, &usage), errors.As(err, &sql), errors.As(err, &fault), errors.As(err, &project), errors.As(err, &format),
		errors.As(err, &option), errors.As(err, &exists), errors.As(err, &config1), errors.As(err, &configs), errors.As(err, &scheme), errors.As(err, &keyless),
		errors.As(err, &writes), errors.As(err, &unknown), errors.As(err, &away):
		return engine.ExitUsage, true
	case errors.As(err, &race), errors.Is(err, lake.ErrLocked), errors.Is(err, warehouse.ErrBusy):
		return engine.ExitLocked, true
	case errors.As(err, &balance), errors.Is(err, warehouse.ErrReconcile):
		return engine.ExitBalance, true
	case errors.Is(err, lake.ErrFull), errors.Is(err, lake.ErrExists), errors.Is(err, lake.ErrNotEmpty), errors.Is(err, lake.ErrUploadGone), errors.Is(err, lake.ErrChanged):
		return engine.ExitFailed, true
	case errors.As(err, &store), errors.As(err, &place), errors.Is(err, warehouse.ErrUnreachable):
		return engine.ExitUnreachable, true
	}
	return engine.ExitFailed, false
}

// remedy is what to do about an error that does not say it itself, or "".
func remedy(err error) string {
	var (
		fault   *sqltext.Error
		faults  sqltext.Errors
		setting config.Errors
		place   *lake.Error
	)
	switch {
	case errors.As(err, &fault) && filepath.Ext(fault.Pos.File) == "": // typed, or a flag
		return "correct the statement"
	case errors.As(err, &faults), errors.As(err, &fault):
		return "correct the file there, then: ledgermill check"
	case errors.As(err, &setting):
		return "correct it there; `ledgermill init DIR` writes a file with every setting"
	case errors.As(err, &place):
		return "check that " + place.Place + " exists, is what it should be, and may be read and written"
	}
	return ""
}
