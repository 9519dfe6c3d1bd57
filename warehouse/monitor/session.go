package monitor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"ledgermill/engine/config"
)

const (
	connectPatience = 5 * time.Second
	// statementPatience is how long a statement may take: a view that hangs hides the others.
	statementPatience = 10 * time.Second
	// retryAfter is how long a server that went away is left alone.
	retryAfter = 2 * time.Second
	// oldest is the first major version whose views are known.
	oldest = 14
)

// Server says where a server is. It is asked again whenever a connection is needed,
// since a private server has another port each time.
type Server interface {
	URL(ctx context.Context) (config.Secret, error)
}

// ServerFunc is a function that is a [Server].
type ServerFunc func(ctx context.Context) (config.Secret, error)

// URL implements Server.
func (f ServerFunc) URL(ctx context.Context) (config.Secret, error) { return f(ctx) }

// NotAvailableError is a figure that cannot be had.
type NotAvailableError struct{ Reason string }

func (e *NotAvailableError) Error() string { return e.Reason }

// session is a connection that is made when it is needed and again when it is lost.
// Each statement is a transaction of its own, which may only read.
type session struct {
	server     Server
	none       string // why there is no server
	conn       *pgx.Conn
	masked     string
	version    int
	extensions map[string]bool
	fault      string    // why the server cannot be asked; "" while it answers
	retry      time.Time // when it is tried again
}

func (s *session) name() string { return s.masked }

func (s *session) close(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	conn := s.conn
	s.conn = nil
	return conn.Close(context.WithoutCancel(ctx))
}

// open connects if need be. A server that could not be reached is left alone for a
// while, so that each panel does not wait for it.
func (s *session) open(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	if s.server == nil {
		s.fault = s.none
		return &NotAvailableError{Reason: s.none}
	}
	if time.Now().Before(s.retry) {
		return &NotAvailableError{Reason: s.fault}
	}
	if err := s.connect(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx) // who asked has left: that tells nothing of the server
		}
		s.conn, s.fault, s.retry = nil, err.Error(), time.Now().Add(retryAfter)
		return &NotAvailableError{Reason: s.fault}
	}
	s.fault = ""
	return nil
}

func (s *session) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, connectPatience, fmt.Errorf("no answer within %s", connectPatience))
	defer cancel()
	url, err := s.server.URL(ctx)
	if err != nil {
		return err
	}
	s.masked = url.URL()
	conn, err := dial(ctx, url, map[string]string{
		"timezone": "UTC", "datestyle": "ISO, YMD", "client_encoding": "UTF8",
		"search_path": "public", "default_transaction_read_only": "on", "lock_timeout": "200", "jit": "off",
	})
	if err != nil {
		return err
	}
	if err := s.examine(ctx, conn); err != nil {
		return errors.Join(errors.New("ask "+s.masked+": "+shortCause(err)), conn.Close(context.WithoutCancel(ctx)))
	}
	s.conn = conn
	return nil
}

// dial connects. No statement takes longer than a panel's may.
func dial(ctx context.Context, url config.Secret, settings map[string]string) (*pgx.Conn, error) {
	parsed, err := pgx.ParseConfig(url.Reveal())
	if err != nil {
		return nil, errors.New("not a PostgreSQL connection string: " + url.URL())
	}
	parsed.ConnectTimeout = connectPatience
	parsed.RuntimeParams["application_name"] = "ledgermill monitor"
	parsed.RuntimeParams["statement_timeout"] = fmt.Sprint(statementPatience.Milliseconds())
	maps.Copy(parsed.RuntimeParams, settings)
	conn, err := pgx.ConnectConfig(ctx, parsed)
	if err != nil {
		return nil, errors.New("cannot reach " + url.URL() + ": " + shortCause(err))
	}
	return conn, nil
}

// shortCause is the innermost cause: what is around it repeats the connection string.
func shortCause(err error) string {
	for {
		var many interface{ Unwrap() []error }
		if errors.As(err, &many) && len(many.Unwrap()) > 0 {
			err = many.Unwrap()[0]
			continue
		}
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

func (s *session) examine(ctx context.Context, conn *pgx.Conn) error {
	var installed []string
	// Views name what extensions have without its schema, wherever that is.
	err := conn.QueryRow(ctx, `select current_setting('server_version_num')::int / 10000, coalesce(array_agg(extname::text), '{}'),
		set_config('search_path', concat_ws(', ', 'public', string_agg(distinct quote_ident(n.nspname), ', ') filter (where n.nspname !~ '^pg_|^public$')), false)
		from pg_extension e join pg_namespace n on n.oid = e.extnamespace`).Scan(&s.version, &installed, new(string))
	if err != nil {
		return err
	}
	s.extensions = map[string]bool{}
	for _, name := range installed {
		s.extensions[name] = true
	}
	if s.version < oldest {
		return fmt.Errorf("PostgreSQL %d is too old: %d is needed", s.version, oldest)
	}
	return nil
}

// ready connects if need be, and says whether the server has what a panel asks for.
func (s *session) ready(ctx context.Context, p *Panel) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	switch {
	case p.From > s.version:
		return &NotAvailableError{Reason: fmt.Sprintf("PostgreSQL %d has it, this is %d", p.From, s.version)}
	case p.Before > 0 && p.Before <= s.version:
		return &NotAvailableError{Reason: fmt.Sprintf("PostgreSQL has it until %d, this is %d", p.Before-1, s.version)}
	case p.Extension != "" && !s.extensions[p.Extension]:
		if err := s.examine(ctx, s.conn); err != nil || !s.extensions[p.Extension] { // it may have been created since
			return &NotAvailableError{Reason: "the extension " + p.Extension + " is not installed: create extension " + p.Extension}
		}
	}
	return nil
}

// query runs the statement of a panel. The session is ready.
func (s *session) query(ctx context.Context, p *Panel) (Table, error) {
	limited, cancel := context.WithTimeoutCause(ctx, statementPatience+connectPatience, errors.New("the server does not answer"))
	defer cancel()
	table, err := s.rows(limited, p.Statement)
	if err != nil && (s.conn.IsClosed() || pgconn.Timeout(err)) {
		_ = s.conn.Close(context.WithoutCancel(ctx)) // it is lost; what ended it is told
		s.conn = nil
		if ctx.Err() == nil {
			s.fault, s.retry = shortCause(err), time.Now().Add(retryAfter)
		}
	}
	return table, err
}

// rows returns rows as texts. The statement is described and executed, never
// prepared by name: one is taken, so that none can end the transaction before another.
func (s *session) rows(ctx context.Context, statement string) (t Table, err error) {
	rows, err := s.conn.Query(ctx, statement, pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return t, err
	}
	defer rows.Close()
	for _, f := range rows.FieldDescriptions() {
		c := Column{Name: f.Name}
		switch f.DataTypeOID {
		case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID:
			c.Numeric = true
		}
		t.Columns = append(t.Columns, c)
	}
	for rows.Next() {
		row := make([]Value, len(t.Columns))
		for i, raw := range rows.RawValues() {
			if raw != nil {
				row[i] = Text(string(raw))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t, rows.Err()
}

// SQLSTATEs that say what is missing.
const (
	insufficientPrivilege = "42501"
	undefinedTable        = "42P01"
	undefinedColumn       = "42703"
	undefinedSchema       = "3F000"
	lockNotAvailable      = "55P03"
	queryCanceled         = "57014"
	notInPrerequisite     = "55000"
)

// reason says in a line why there is nothing.
func reason(err error) string {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return strings.Join(strings.Fields(err.Error()), " ")
	}
	switch refused.Code {
	case insufficientPrivilege:
		return refused.Message + ": grant pg_monitor to this login"
	case undefinedTable, undefinedColumn, undefinedSchema:
		return "not in this database: " + refused.Message
	case lockNotAvailable:
		return "locked by somebody else just now"
	case queryCanceled:
		return fmt.Sprintf("it took longer than %s", statementPatience)
	case notInPrerequisite:
		return refused.Message
	}
	return refused.Message
}
