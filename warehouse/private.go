package warehouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"

	"ledgermill/engine/config"
)

// PrivateOptions says which private server is wanted.
type PrivateOptions struct {
	// Home is the directory of binaries and servers. Empty: for root
	// /var/lib/ledgermill, for others $XDG_STATE_HOME/ledgermill or
	// ~/.local/state/ledgermill; the temporary directory where these cannot
	// be written.
	Home string
	// Name tells servers of one home apart. Empty: "main".
	Name string
	// Project names the database. One server serves all projects of a user,
	// each in a database of its own. Empty: the database "ledgermill".
	Project string
	// Version is the server's major version, 14 to 18. 0: 18. A server keeps the
	// version that its data were made with.
	Version int
	// Settings are server settings on top of the package's own. They hold
	// from the next start of the server; a live server keeps what it has.
	Settings map[string]string
	// Log receives what is of interest afterwards. Nil: nothing is logged.
	Log *slog.Logger
	// Progress is called with one line for each step that takes time or
	// fetches something. Nil: no progress.
	Progress func(string)
}

func (o PrivateOptions) name() string {
	if o.Name == "" {
		return "main"
	}
	return o.Name
}

// Server is a hold on the private server: it stays up at least until Close.
type Server struct {
	place    place
	use      *lock
	port     int
	password config.Secret
	database string
	log      *slog.Logger
}

// StartPrivate returns a hold on the private server, starting it, and before
// that fetching and creating it, where needed. A server that an earlier,
// killed command left behind is adopted. The caller owes a Close.
func StartPrivate(ctx context.Context, o PrivateOptions) (*Server, error) {
	s, err := startPrivate(ctx, o)
	if err != nil {
		return nil, &PrivateError{Op: "start private postgres", Err: err}
	}
	return s, nil
}

func startPrivate(ctx context.Context, o PrivateOptions) (_ *Server, err error) {
	if os.Getenv(helperVariable) != "" {
		return nil, errors.New("started inside its own helper: main or TestMain does not call warehouse.Helper first")
	}
	p, err := findPlace(o)
	if err != nil {
		return nil, err
	}
	s := &Server{place: p, database: databaseName(o.Project), log: logOrDiscard(o.Log)}
	err = p.transition(ctx, func(change *lock) error { return s.hold(ctx, o, change) })
	if err != nil {
		return nil, errors.Join(err, s.release(context.WithoutCancel(ctx)))
	}
	if err := s.createDatabase(ctx); err != nil {
		return nil, errors.Join(err, s.release(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// hold takes the shared lock and sees to it that the server runs. It is called
// with the change lock held, so that no other command stops the server between
// the two.
func (s *Server) hold(ctx context.Context, o PrivateOptions, change *lock) error {
	var err error
	if s.password, err = s.place.ensurePassword(); err != nil {
		return err
	}
	if s.use, err = openLock(s.place.useFile()); err != nil {
		return err
	}
	if err := s.use.acquire(ctx, shared); err != nil {
		return err
	}
	live, err := s.place.findLive(ctx, s.password)
	if err != nil {
		return err
	}
	if live == nil {
		if live, err = s.place.start(ctx, o, change, s.password); err != nil {
			return err
		}
		s.log.InfoContext(ctx, "private postgres started", "dir", s.place.dir, "port", live.port, "pid", live.pid)
	}
	s.port = live.port
	return nil
}

// URL returns the connection string of the project's database.
func (s *Server) URL() config.Secret { return s.urlOf(s.database) }

func (s *Server) urlOf(database string) config.Secret {
	return serverURL(s.port, s.password, database)
}

func serverURL(port int, password config.Secret, database string) config.Secret {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, password.Reveal()),
		Host:     "127.0.0.1:" + strconv.Itoa(port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return config.Secret(u.String())
}

// Dir returns where the server keeps its data, log and lock files.
func (s *Server) Dir() string { return s.place.dir }

// Psql returns the shell line that reaches the database. It names the password
// file instead of showing the password.
func (s *Server) Psql() string {
	return psqlLine(s.place, s.port, s.database)
}

func psqlLine(p place, port int, database string) string {
	return fmt.Sprintf("PGPASSFILE=%s psql -h 127.0.0.1 -p %d -U %s -d %s", shellQuote(p.passFile()), port, superuser, database)
}

func shellQuote(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-", r)
	}) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// Pin keeps the server up after the last Close, until [StopPrivate].
func (s *Server) Pin() error {
	if err := os.WriteFile(s.place.pinFile(), nil, 0o600); err != nil {
		return &PrivateError{Op: "pin private postgres", Err: err}
	}
	return nil
}

// Close gives up the hold. The last hold stops the server unless it is pinned,
// also when ctx is cancelled: an interrupted command leaves nothing running.
func (s *Server) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	if err := s.release(ctx); err != nil {
		return &PrivateError{Op: "stop private postgres", Err: err}
	}
	return nil
}

func (s *Server) release(ctx context.Context) error {
	if s.use == nil {
		return nil
	}
	use := s.use
	s.use = nil
	err := s.place.transition(ctx, func(*lock) error {
		last, err := use.try(exclusive)
		if err != nil || !last || s.place.pinned() {
			return err
		}
		s.log.InfoContext(ctx, "private postgres stopping: nobody else uses it", "dir", s.place.dir)
		return s.place.stop(ctx)
	})
	return errors.Join(err, use.close())
}
