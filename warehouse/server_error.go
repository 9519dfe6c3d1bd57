package warehouse

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ServerError is a refusal of the server that is no fault of the data, with what an
// operator can do about it.
type ServerError struct {
	Err    error
	Remedy string
	// Lost says that the server went away: it was stopped, restarted or cut off.
	Lost bool
}

func (e *ServerError) Error() string { return e.Err.Error() }
func (e *ServerError) Unwrap() error { return e.Err }

// Try returns the remedy.
func (e *ServerError) Try() string { return e.Remedy }

// ExitCode is 5 for a server that went away, else 1.
func (e *ServerError) ExitCode() int {
	if e.Lost {
		return 5
	}
	return 1
}

// outOfMemory is the SQLSTATE of the server's memory, and of its table of locks.
const outOfMemory = "53200"

const fewLocks = "`ledgermill warehouse doctor` says how far to raise max_locks_per_transaction; the server has to be restarted for it"

// explain says what to do about an error where the server itself stands in the way.
func explain(err error) error {
	var away *UnreachableError
	if err == nil || errors.As(err, &away) {
		return err
	}
	var refused *pgconn.PgError
	var copying *CopyError
	if !errors.As(err, &refused) {
		if errors.As(err, &copying) {
			return err // of the rows' producer
		}
		var network *net.OpError
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network) || pgconn.SafeToRetry(err) {
			return lost(err)
		}
		return err
	}
	remedy := ""
	switch code := refused.Code; {
	case code == insufficientPrivilege:
		remedy = "`ledgermill warehouse doctor` says what the user lacks; grant it, or load as the owner of the tables"
	case code == "53100":
		remedy = "make room on the server's disk, then: ledgermill load; what is loaded is whole, and nothing half-loaded is left"
	case code == outOfMemory && strings.Contains(refused.Message, "shared memory"):
		remedy = fewLocks
	case code == outOfMemory:
		remedy = "lower maintenance_work_mem or shared_buffers of the server, or give it more memory"
	case code == "53300":
		remedy = "raise max_connections of the server, or load when fewer people are connected"
	case code == "25006":
		remedy = "warehouse.url names a server that only reads: name the one that its replicas follow"
	case strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "08"):
		return lost(err)
	default:
		return err
	}
	return &ServerError{Err: err, Remedy: remedy}
}

func lost(err error) error {
	return &ServerError{Err: err, Lost: true, Remedy: "the server was stopped, restarted or cut off: when it is back, ledgermill load brings what is missing"}
}
