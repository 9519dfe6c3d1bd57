package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs of create database: the database is there already; the operating
// system has no such locale.
const (
	databaseExists = "42P04"
	noSuchLocale   = "42809"
)

// builtinVersion is the first with locales of PostgreSQL's own.
const builtinVersion = 17

// createDatabase makes the project's database if it is not there.
func (s *Server) createDatabase(ctx context.Context) error {
	return s.admin(ctx, func(conn *pgx.Conn) error {
		var there bool
		err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", s.database).Scan(&there)
		if err != nil || there {
			return err
		}
		err = createDatabase(ctx, conn, s.database)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == databaseExists {
			return nil
		}
		return err
	})
}

// CreateDatabase makes one more database, as [StartPrivate] makes the project's,
// and returns its connection string.
func (s *Server) CreateDatabase(ctx context.Context, name string) (url string, err error) {
	if err := s.admin(ctx, func(conn *pgx.Conn) error { return createDatabase(ctx, conn, name) }); err != nil {
		return "", &PrivateError{Op: "create database " + name, Err: err}
	}
	return s.urlOf(name).Reveal(), nil
}

func (s *Server) admin(ctx context.Context, f func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, s.urlOf("postgres").Reveal())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return f(conn)
}

// createDatabase makes a database whose collation is by code point, as in the
// lake, and whose character classes are Unicode's, where they can be had.
func createDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		return err
	}
	locales := []string{"lc_collate 'C' lc_ctype 'C.UTF-8'", "locale 'C'"}
	if version >= builtinVersion {
		locales = []string{"locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"}
	}
	var err error
	for _, locale := range locales {
		_, err = conn.Exec(ctx, fmt.Sprintf("create database %s template template0 encoding 'UTF8' %s", quote(name), locale))
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != noSuchLocale {
			return err
		}
	}
	return err
}
