package warehouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
)

// minVersion of the server. The loader needs nothing newer; what newer servers
// do better is asked for by version where it is used.
const minVersion = 14

const (
	// tables of the bank are in this schema, the mill's in millSchema.
	bankSchema = "public"
	millSchema = "ledgermill"

	defaultSwapDeadline = 30 * time.Second
	defaultPatience     = 10 * time.Second
)

// Options say how to reach and use a warehouse.
type Options struct {
	// URL is a PostgreSQL connection string. Required.
	URL config.Secret
	// Log receives what is of interest afterwards. Nil: nothing is logged.
	Log *slog.Logger
	// SwapDeadline is how long the swap of one unit is tried while readers hold
	// its tables. 0: 30 s.
	SwapDeadline time.Duration
	// ReplicaPatience is how long [Warehouse.OpenReplica] waits for a replica that
	// is behind. 0: 10 s.
	ReplicaPatience time.Duration
	// Streams is how many COPY streams and index builds run at once. 0: as many
	// as suit the server.
	Streams int
}

// Warehouse is a server that answered and is new enough. It keeps no
// connection between calls; its methods may be called concurrently.
type Warehouse struct {
	config  *pgx.ConnConfig
	masked  string
	version int // major
	options Options
	log     *slog.Logger
}

type versionError struct{ version int }

func (e *versionError) Error() string {
	return fmt.Sprintf("PostgreSQL %d is too old: %d is needed", e.version, minVersion)
}

// Open checks that the server can be reached and used. Its errors are
// [*UnreachableError].
func Open(ctx context.Context, o Options) (*Warehouse, error) {
	if o.SwapDeadline == 0 {
		o.SwapDeadline = defaultSwapDeadline
	}
	w := &Warehouse{masked: o.URL.URL(), options: o, log: logOrDiscard(o.Log)}
	if err := w.configure(); err != nil {
		return nil, &UnreachableError{URL: w.masked, Err: err}
	}
	err := w.with(ctx, func(conn *pgx.Conn) error {
		var number int
		if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&number); err != nil {
			return &UnreachableError{URL: w.masked, Err: err}
		}
		if w.version = number / 10000; w.version < minVersion {
			return &UnreachableError{URL: w.masked, Err: &versionError{w.version}}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// configure fixes what texts sent and received look like, whatever the
// server's or the user's defaults are.
func (w *Warehouse) configure() error {
	parsed, err := pgx.ParseConfig(w.options.URL.Reveal())
	if err != nil {
		return errors.New("not a PostgreSQL connection string: " + scrub(err.Error(), w.options.URL.Reveal()))
	}
	if parsed.ConnectTimeout == 0 {
		parsed.ConnectTimeout = defaultPatience
	}
	for name, value := range map[string]string{
		"datestyle":                           "ISO, YMD",
		"intervalstyle":                       "postgres",
		"timezone":                            "UTC",
		"client_encoding":                     "UTF8",
		"search_path":                         bankSchema,
		"statement_timeout":                   "0",
		"idle_in_transaction_session_timeout": "0",
	} {
		parsed.RuntimeParams[name] = value
	}
	if parsed.RuntimeParams["application_name"] == "" {
		parsed.RuntimeParams["application_name"] = "ledgermill"
	}
	w.config = parsed
	return nil
}

// scrub removes a connection string that a parser quotes, even in part.
func scrub(text, secret string) string {
	if before, after, found := strings.Cut(text, "`: "); found && strings.Contains(before, "`") {
		text = after
	}
	text = strings.ReplaceAll(text, secret, "***")
	for _, word := range strings.FieldsFunc(secret, func(r rune) bool { return strings.ContainsRune(":/@?&= ", r) }) {
		if len(word) >= 4 && word != "postgres" && word != "postgresql" {
			text = strings.ReplaceAll(text, word, "***")
		}
	}
	return text
}

func (w *Warehouse) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, w.config.Copy())
	if err != nil {
		return nil, &UnreachableError{URL: w.masked, Err: err}
	}
	if err := w.stayConnected(ctx, conn); err != nil {
		return nil, errors.Join(&UnreachableError{URL: w.masked, Err: err}, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}

// stayConnected lifts the limits that a server may set to how long a session idles or
// a transaction lasts: both are as long as a large month takes. An older server would
// refuse a connection that names a setting which it lacks.
func (w *Warehouse) stayConnected(ctx context.Context, conn *pgx.Conn) error {
	statement := ""
	switch {
	case w.version >= 17:
		statement = "set idle_session_timeout = 0; set transaction_timeout = 0"
	case w.version >= minVersion:
		statement = "set idle_session_timeout = 0"
	default: // not known yet
		return nil
	}
	_, err := conn.Exec(ctx, statement)
	return err
}

// with lends a connection of its own to f.
func (w *Warehouse) with(ctx context.Context, f func(*pgx.Conn) error) (err error) {
	conn, err := w.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return f(conn)
}

// Version is the server's major version.
func (w *Warehouse) Version() int { return w.version }

// URL is the connection string with its password masked.
func (w *Warehouse) URL() string { return w.masked }

// Close exists for symmetry with [Open]: nothing stays open between calls.
func (w *Warehouse) Close() error { return nil }

// ident quotes a name of schema public.
func ident(name string) string { return pgx.Identifier{bankSchema, name}.Sanitize() }

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", ")
}

// literal quotes a text for a statement that takes no parameters.
// standard_conforming_strings may be off, so a backslash needs the E form.
func literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}
