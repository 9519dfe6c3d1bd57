package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/scratch"
	"ledgermill/engine/sqltext"
)

// Version is the DuckDB that this package was tried with.
const Version = "1.5.5"

// Settings are the limits of an engine.
type Settings struct {
	MemoryLimit int64    // bytes for DuckDB's buffers; the process needs some 300 MB more
	Threads     int      // 0: all cores
	Work        string   // existing local directory that SQL may write to: staged files, pipes
	Spill       string   // local directory in which engines keep what they spill and park; "": Work
	Readable    []string // directories that SQL may read
	Remotes     []Remote // parts of object stores that SQL may read; they need Extension
	Extension   Extension
	Ordered     bool // keep the order of rows where nothing orders them; costs memory
	Log         *slog.Logger
	// Before is called with every statement, before it runs; an error is the
	// statement's. It sees no keys. Nil: nothing is called.
	Before func(ctx context.Context, statement string) error
}

// Engine is a DuckDB in memory, which may spill to disk, fenced so that its SQL
// reaches the given directories and nothing else.
type Engine struct {
	settings  Settings
	connector *duck.Connector
	db        *sql.DB
	spill     *scratch.Dir        // for what it spills and parks
	landings  map[string]*landing // by feed
	contracts map[string]*contract.Contract
	models    map[string]*model.Model
	pipes     atomic.Int64

	reading sync.Mutex
	raw     *vectors // opened by its first user
}

// Open starts an engine. Close it.
func Open(ctx context.Context, s Settings) (*Engine, error) {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	connector, err := duck.NewConnector("", func(driver.ExecerContext) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("open duckdb: %w", err)
	}
	e := &Engine{settings: s, connector: connector, db: sql.OpenDB(connector), landings: map[string]*landing{}}
	// A pooled connection would keep temporary tables and views of the step before.
	e.db.SetMaxIdleConns(0)
	if e.spill, err = scratch.Open(cmp.Or(s.Spill, s.Work), ""); err != nil {
		return nil, errors.Join(fmt.Errorf("open duckdb: %w", err), e.Close())
	}
	if err := e.configure(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (s Settings) before(ctx context.Context, statement string) error {
	if s.Before == nil {
		return nil
	}
	return s.Before(ctx, statement)
}

// Close ends the engine and frees what it holds.
func (e *Engine) Close() error {
	err := errors.Join(e.db.Close(), e.connector.Close())
	if e.raw != nil {
		e.raw.close()
	}
	if e.spill != nil {
		err = errors.Join(err, e.spill.Close())
	}
	return err
}

// configure sets what holds for the whole instance, the fence last: after it no
// setting can be changed, from SQL files least of all.
func (e *Engine) configure(ctx context.Context) error {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open duckdb: %w", err)
	}
	return errors.Join(e.configureBy(ctx, e.spill.Path(), func(ctx context.Context, statement string) error {
		_, err := conn.ExecContext(ctx, statement)
		return err
	}), conn.Close())
}

// execute runs one statement.
type execute func(ctx context.Context, statement string) error

// configureBy is configure for any connection of an instance that spills into a
// directory of its own.
func (e *Engine) configureBy(ctx context.Context, spill string, run execute) error {
	allowed := make([]string, 0, len(e.settings.Readable)+len(e.settings.Remotes)+2)
	for _, dir := range append([]string{e.settings.Work, e.spill.Path()}, e.settings.Readable...) {
		allowed = append(allowed, sqltext.QuoteString(below(dir)))
	}
	for _, r := range e.settings.Remotes {
		allowed = append(allowed, sqltext.QuoteString(below(r.URI)))
	}
	statements := []string{
		"set allow_persistent_secrets = false",
		"set autoinstall_known_extensions = false",
		"set autoload_known_extensions = false",
		"set allow_community_extensions = false",
		// QUALIFY row_number() = 1 gives wrong rows in 1.5.0 to 1.5.5 (duckdb#22849, #23677, #24363).
		"set disabled_optimizers = 'top_n_window_elimination'",
		fmt.Sprintf("set preserve_insertion_order = %t", e.settings.Ordered),
		"set temp_directory = " + sqltext.QuoteString(spill),
		// For every session, and not for this one alone: what a model makes must not
		// depend on where the machine stands.
		"set global TimeZone = 'UTC'",
	}
	if e.settings.MemoryLimit > 0 {
		statements = append(statements, fmt.Sprintf("set memory_limit = '%dB'", e.settings.MemoryLimit))
	}
	if e.settings.Threads > 0 {
		statements = append(statements, fmt.Sprintf("set threads = %d", e.settings.Threads))
	}
	statements = append(statements, Dialect{}.Session()...)
	fence := []string{
		"set allowed_directories = [" + strings.Join(allowed, ", ") + "]",
		"set enable_external_access = false",
		"set lock_configuration = true"}
	if err := e.runAll(ctx, run, statements); err != nil {
		return err
	}
	if err := e.openRemotes(ctx, run); err != nil {
		return err
	}
	return e.runAll(ctx, run, fence)
}

func (e *Engine) runAll(ctx context.Context, run execute, statements []string) error {
	for _, statement := range statements {
		err := e.settings.before(ctx, statement)
		if err == nil {
			err = run(ctx, statement)
		}
		if err != nil {
			return fmt.Errorf("configure duckdb: %s: %w", statement, err)
		}
	}
	return nil
}

// vectors is the instance that reads columns as they are, opened once.
func (e *Engine) vectors(ctx context.Context) (*vectors, error) {
	e.reading.Lock()
	defer e.reading.Unlock()
	if e.raw == nil {
		raw, err := openVectors(ctx, e)
		if err != nil {
			return nil, err
		}
		e.raw = raw
	}
	return e.raw, nil
}

// Work is the local directory that SQL may write to.
func (e *Engine) Work() string { return e.settings.Work }

// Name is the engine and its version, as the ledger records it.
func (e *Engine) Name() string { return "duckdb " + Version }

// session is one pinned connection: temporary tables and views live as long as it.
type session struct {
	conn   *sql.Conn
	log    *slog.Logger
	before func(ctx context.Context, statement string) error
}

func (e *Engine) session(ctx context.Context) (*session, error) {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("duckdb session: %w", err)
	}
	return &session{conn: conn, log: e.settings.Log, before: e.settings.before}, nil
}

func (s *session) close() error { return s.conn.Close() }

// exec runs one statement and returns the number of rows that it touched.
func (s *session) exec(ctx context.Context, statement string) (int64, error) {
	if err := s.before(ctx, statement); err != nil {
		return 0, err
	}
	defer s.trace(ctx, statement, time.Now())
	result, err := s.conn.ExecContext(ctx, statement)
	if err != nil {
		return 0, fault(err)
	}
	return result.RowsAffected()
}

// trace logs a statement and how long it took.
func (s *session) trace(ctx context.Context, statement string, began time.Time) {
	s.log.DebugContext(ctx, "duckdb", "seconds", time.Since(began).Seconds(), "sql", statement)
}

// script runs statements one by one.
func (s *session) script(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := s.exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// rows calls each for every row of a small result. dest are the targets of Scan.
func (s *session) rows(ctx context.Context, query string, dest []any, each func() error) (err error) {
	if err := s.before(ctx, query); err != nil {
		return err
	}
	defer s.trace(ctx, query, time.Now())
	rows, err := s.conn.QueryContext(ctx, query)
	if err != nil {
		return fault(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	return fault(rows.Err())
}

// fault gives DuckDB's error a remedy where there is one.
func fault(err error) error {
	var d *duck.Error
	if !errors.As(err, &d) {
		return err
	}
	if d.Type == duck.ErrorTypeOutOfMemory || strings.Contains(d.Msg, "No space left on device") {
		return &job.SpaceError{Err: err}
	}
	return err
}

func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = sqltext.QuoteName(n)
	}
	return strings.Join(quoted, ", ")
}
