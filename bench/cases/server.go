package cases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/warehouse"
)

// locale is the collation of the databases: that of warehouses.
const locale = " encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"

func (d data) template() string { return fmt.Sprintf("%stemplate_%d_%d", d.Prefix(), d.rows, d.days) }

// urlOf is the connection string of a database of the run's server.
func (d data) urlOf(name string) (string, error) {
	parsed, err := pgx.ParseConfig(d.Server)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", parsed.User, parsed.Password, parsed.Host, parsed.Port, name), nil
}

func execute(ctx context.Context, url string, statements ...string) error {
	return connected(ctx, url, func(conn *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

func connected(ctx context.Context, url string, do func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return do(conn)
}

// database makes a copy of the template, named like the directory that the repetition
// works in. A checkpoint first, so that nobody pays for the writes of those before.
func (d data) database(ctx context.Context, dir string) (url string, drop func(context.Context) error, err error) {
	name := d.Prefix() + strings.ReplaceAll(filepath.Base(dir), "-", "_")
	if err := execute(ctx, d.Server, fmt.Sprintf("create database %s template %s", name, d.template()), "checkpoint"); err != nil {
		return "", nil, err
	}
	drop = func(ctx context.Context) error { return execute(ctx, d.Server, "drop database "+name+" with (force)") }
	if url, err = d.urlOf(name); err != nil {
		err = errors.Join(err, drop(ctx))
	}
	return url, drop, err
}

// makeTemplate makes a database with the bank's tables in which the dimensions are
// loaded, and the lake that they were loaded from.
func (d data) makeTemplate(ctx context.Context, project fs.FS) (err error) {
	var there bool
	err = connected(ctx, d.Server, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", d.template()).Scan(&there)
	})
	if err != nil || there {
		return err
	}
	m, err := d.openMill(ctx, project, d.dimensions(), d.templateLake(), d.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	if err := m.run(ctx); err != nil {
		return err
	}
	if err := execute(ctx, d.Server, "create database "+d.template()+" template template0"+locale); err != nil {
		return err
	}
	url, err := d.urlOf(d.template())
	if err != nil {
		return err
	}
	w, err := warehouse.Open(ctx, warehouse.Options{URL: config.Secret(url)})
	if err != nil {
		return err
	}
	if _, err := w.Migrate(ctx, m.project.Warehouse); err != nil {
		return err
	}
	_, err = m.load(ctx, w, engine.Selection{})
	return err
}
