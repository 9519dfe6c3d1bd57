package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
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
	File string
	Took time.Duration
}

// Migrate applies the migrations in files, *.sql, that the database lacks, in
// the order of their numbers, and returns those it applied. Each runs in a
// transaction of its own; the version table is ledgermill.goose_db_version.
func (w *Warehouse) Migrate(ctx context.Context, files fs.FS) (done []Migration, err error) {
	err = w.with(ctx, func(conn *pgx.Conn) error {
		// Held as long as this connection is, which outlives the work.
		if _, err := conn.Exec(ctx, "select pg_advisory_lock($1, $2)", lockClass, migrationLock); err != nil {
			return fmt.Errorf("lock migrations: %w", err)
		}
		if err := ensureMillSchema(ctx, conn); err != nil {
			return err
		}
		done, err = w.migrate(ctx, files)
		return err
	})
	return done, err
}

func (w *Warehouse) migrate(ctx context.Context, files fs.FS) (done []Migration, err error) {
	db := stdlib.OpenDB(*w.config)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(database.DialectPostgres, db, files,
		goose.WithTableName(millSchema+".goose_db_version"), goose.WithSlog(w.log), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
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
