package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// migrationLock is the key of the advisory lock that migrations take; loads
// take [loadLock].
const (
	lockClass     = 0x6c65646d // "ledm"
	migrationLock = 1
	loadLock      = 2
)

// Migration is a file of migrations that was applied.
type Migration struct {
	File string        `json:"file"`
	Took time.Duration `json:"-"`
}

// Migrate applies the migrations in files, *.sql, that the database lacks, in
// the order of their numbers, and returns those it applied. Each runs in a
// transaction of its own; the version table is ledgermill.goose_db_version. The
// roles are then given the tables that are shared with them. What a migration
// notices, such as a role that it may not create, is logged as a warning.
func (w *Warehouse) Migrate(ctx context.Context, files fs.FS) (done []Migration, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		if err := lockMigrations(ctx, conn); err != nil {
			return err
		}
		if err := ensureMillSchema(ctx, conn); err != nil {
			return err
		}
		if done, err = w.migrate(ctx, files); err != nil || len(done) == 0 {
			return err
		}
		return grantRoles(ctx, conn)
	})
	return done, explain(err)
}

// migrationPatience is how long the migrations of another command are waited for. One
// that stands still on a machine that nobody hears of holds the lock as long as its
// connection seems to live.
const migrationPatience = "60s"

// lockMigrations holds the lock as long as the connection is, which outlives the work.
func lockMigrations(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "set lock_timeout = '"+migrationPatience+"'"); err != nil {
		return fmt.Errorf("lock migrations: %w", err)
	}
	var refused *pgconn.PgError
	_, err := conn.Exec(ctx, "select pg_advisory_lock($1, $2)", lockClass, migrationLock)
	if errors.As(err, &refused) && refused.Code == lockNotAvailable {
		return fmt.Errorf("lock migrations: %w", ErrBusy)
	}
	if err == nil {
		_, err = conn.Exec(ctx, "reset lock_timeout")
	}
	if err != nil {
		return fmt.Errorf("lock migrations: %w", err)
	}
	return nil
}

// Empty tells a database that no migration was ever applied to, whatever the login
// may read.
func (w *Warehouse) Empty(ctx context.Context) (empty bool, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		err := conn.QueryRow(ctx, `select not exists (
			select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'loads')`, millSchema).Scan(&empty)
		if err != nil {
			return fmt.Errorf("look for ledgermill.loads: %w", err)
		}
		return nil
	})
	return empty, explain(err)
}

func (w *Warehouse) migrate(ctx context.Context, files fs.FS) (done []Migration, err error) {
	noticing := w.config.Copy()
	noticing.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.Code != existsAlready {
			w.log.WarnContext(ctx, "migration: "+n.Message)
		}
	}
	db := stdlib.OpenDB(*noticing)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := w.provider(db, files)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	for _, r := range results {
		done = append(done, Migration{File: r.Source.Path, Took: r.Duration})
		w.log.InfoContext(ctx, "migrated", "file", r.Source.Path, "took", r.Duration)
	}
	if partial != nil {
		return done, fmt.Errorf("migrate %s: %w", partial.Failed.Source.Path, partial.Err)
	}
	if err != nil {
		return done, fmt.Errorf("migrate: %w", err)
	}
	return done, nil
}

// provider reads the migrations in files.
func (w *Warehouse) provider(db *sql.DB, files fs.FS) (*goose.Provider, error) {
	p, err := goose.NewProvider(database.DialectPostgres, db, files,
		goose.WithTableName(millSchema+".goose_db_version"), goose.WithSlog(w.log), goose.WithDisableGlobalRegistry(true),
		goose.WithAllowOutofOrder(true)) // the mill's own numbers lie below a project's
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// existsAlready is the notice of CREATE ... IF NOT EXISTS.
const existsAlready = "42P06"

// grantRoles gives new tables to the roles that are there.
func grantRoles(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	if err := conn.QueryRow(ctx, "select to_regprocedure('ledgermill.grant_roles()') is not null").Scan(&there); err != nil {
		return fmt.Errorf("look for ledgermill.grant_roles: %w", err)
	}
	if !there {
		return nil
	}
	if _, err := conn.Exec(ctx, "select ledgermill.grant_roles()"); err != nil {
		return fmt.Errorf("grant roles: %w", err)
	}
	return nil
}

func ensureMillSchema(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_namespace where nspname = $1)", millSchema).Scan(&there); err != nil {
		return fmt.Errorf("look for schema %s: %w", millSchema, err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, "create schema "+quote(millSchema)); err != nil {
		return fmt.Errorf("create schema %s: %w", millSchema, err)
	}
	return nil
}
