package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
)

// PrivateStatus is what is known of a private server without starting it.
type PrivateStatus struct {
	Dir     string `json:"dir"` // data, log and lock files
	Running bool   `json:"running"`
	Pinned  bool   `json:"pinned"` // stays up when the last command ends
	InUse   bool   `json:"in_use"` // a command holds it
	Port    int    `json:"port"`   // 0 unless running
	PID     int    `json:"pid"`    // 0 unless running
	Psql    string `json:"psql"`
	// Databases are the projects' databases with their sizes, while running.
	Databases []Database `json:"databases"`
}

// Database is one project's database on a private server.
type Database struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// StatusPrivate looks at the private server; it neither makes, starts nor holds it.
func StatusPrivate(ctx context.Context, o PrivateOptions) (PrivateStatus, error) {
	status, err := statusPrivate(ctx, o)
	if err != nil {
		return status, &PrivateError{Op: "look at private postgres", Err: err}
	}
	return status, nil
}

func statusPrivate(ctx context.Context, o PrivateOptions) (PrivateStatus, error) {
	p, err := madePlace(o)
	if errors.Is(err, errNotMade) {
		return PrivateStatus{Dir: serverPlace(homes(o.Home)[0], o.name()).dir}, nil
	}
	if err != nil {
		return PrivateStatus{}, err
	}
	status := PrivateStatus{Dir: p.dir, Pinned: p.pinned()}
	err = p.transition(ctx, func(*lock) error {
		free, err := p.unused()
		status.InUse = !free
		return err
	})
	if err != nil {
		return status, err
	}
	found, err := p.readPostmaster()
	if err != nil || found == nil {
		return status, err
	}
	status.Running, status.Port, status.PID = true, found.port, found.pid
	status.Psql = psqlLine(p, found.port, databaseName(o.Project))
	password, err := p.ensurePassword()
	if err != nil {
		return status, err
	}
	status.Databases, err = listDatabases(ctx, serverURL(found.port, password, "postgres").Reveal())
	return status, err
}

// PrivateURL is how the project's database on the private server is reached, while
// that runs: it neither makes, starts nor holds it. A server that is down is [ErrDown].
func PrivateURL(ctx context.Context, o PrivateOptions) (config.Secret, error) {
	p, err := madePlace(o)
	if errors.Is(err, errNotMade) {
		return "", ErrDown
	}
	if err != nil {
		return "", &PrivateError{Op: "look at private postgres", Err: err}
	}
	found, err := p.readPostmaster()
	if err == nil && found == nil {
		return "", ErrDown
	}
	var password config.Secret
	if err == nil {
		password, err = p.ensurePassword()
	}
	if err != nil {
		return "", &PrivateError{Op: "look at private postgres", Err: err}
	}
	return serverURL(found.port, password, databaseName(o.Project)), ctx.Err()
}

func listDatabases(ctx context.Context, url string) (_ []Database, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, "select datname, pg_database_size(oid) from pg_database where not datistemplate and datname <> 'postgres' order by 1")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Database])
}

// StopPrivate takes the pin away and stops the server. If a command still uses
// it, it is left to that command and the error is [ErrInUse].
func StopPrivate(ctx context.Context, o PrivateOptions) error {
	p, err := madePlace(o)
	if err == nil {
		err = p.transition(ctx, func(*lock) error { return p.unpinAndStop(ctx) })
	}
	if err != nil && !errors.Is(err, errNotMade) {
		return &PrivateError{Op: "stop private postgres", Err: err}
	}
	return nil
}

func (p place) unpinAndStop(ctx context.Context) error {
	if err := p.unpin(); err != nil {
		return err
	}
	free, err := p.unused()
	if err != nil {
		return err
	}
	if !free {
		return ErrInUse
	}
	return p.stop(ctx)
}

// unused tells whether no command holds the server. It is asked with the
// change lock held: otherwise the question could delay a command that comes.
func (p place) unused() (free bool, err error) {
	l, err := openLock(p.useFile())
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	return l.try(exclusive)
}

// databaseName turns a project id into a database name: kept where it is plain,
// else made plain and told apart by a hash.
func databaseName(project string) string {
	const product = "ledgermill"
	if project == "" {
		return product
	}
	const longest = 40
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(project))
	if plain != project || len(plain) > longest {
		sum := sha256.Sum256([]byte(project))
		plain = fmt.Sprintf("%s_%s", plain[:min(len(plain), longest)], hex.EncodeToString(sum[:4]))
	}
	return product + "_" + plain
}
