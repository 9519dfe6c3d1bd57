package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/sqltext"
)

// ExtensionSource says where httpfs may come from.
type ExtensionSource struct {
	// Directory keeps installed extensions, for all processes of a machine.
	Directory string
	// From is a file httpfs.duckdb_extension, a directory, or the http(s) URL of a
	// mirror of DuckDB's repository of extensions: then nothing else is tried.
	// Default: DuckDB's own repository, then the package on PyPI.
	From   string
	Client *http.Client // fetches from a mirror that speaks https; nil: Go's own
	Log    *slog.Logger // nil: none
}

// Extension is httpfs, or why there is none. It is a value to be told, not an
// error: without it objects are fetched before they are read.
type Extension struct {
	Path    string  // of the signed file; "": httpfs is not available
	Version string  // as the extension tells it
	From    string  // where it came from, for people
	Causes  []error // what was tried in vain, in order
}

// Available reports whether objects can be read in their store.
func (x Extension) Available() bool { return x.Path != "" }

// Try returns the remedy where httpfs is not available, else "".
func (x Extension) Try() string {
	if x.Available() {
		return ""
	}
	return "set engine.httpfs to the signed file httpfs.duckdb_extension of DuckDB " + Version +
		" or to a mirror of DuckDB's extension repository; or engine.fetch_first to true, which asks for nothing"
}

// Err joins the causes, nil where httpfs is available.
func (x Extension) Err() error {
	if x.Available() {
		return nil
	}
	return fmt.Errorf("httpfs %s is not available: %w", Version, errors.Join(x.Causes...))
}

// installTime bounds each attempt to fetch the extension: some networks drop what
// they do not let through, and a night must not wait for that.
const installTime = 45 * time.Second

// The directories that files are fetched to; DuckDB remembers where they were.
const (
	pypiPrefix   = "pypi-"
	mirrorPrefix = "mirror-"
)

// FindHTTPFS returns the httpfs extension that fits this DuckDB, and installs it
// first where it is not installed yet. Its signature is checked by DuckDB; an
// unsigned or altered file is never taken. Processes that come at the same time
// wait for one another.
func FindHTTPFS(ctx context.Context, s ExtensionSource) Extension {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	f := &finder{source: s}
	if strings.HasSuffix(s.From, ".duckdb_extension") {
		if f.load(ctx, s.From) {
			f.found.From = s.From
		}
		return f.found
	}
	if err := os.MkdirAll(s.Directory, 0o755); err != nil {
		f.failed("create the directory of extensions", err)
		return f.found
	}
	if f.load(ctx, "httpfs") {
		return f.found
	}
	unlock, err := lockDirectory(ctx, s.Directory)
	if err != nil {
		f.failed("lock the directory of extensions", err)
		return f.found
	}
	defer unlock()
	f.found.Causes = nil
	if f.load(ctx, "httpfs") { // another process was faster
		return f.found
	}
	f.install(ctx)
	return f.found
}

// finder tries the sources in order and keeps what it met.
type finder struct {
	source ExtensionSource
	found  Extension
}

func (f *finder) failed(what string, err error) {
	f.found.Causes = append(f.found.Causes, errors.New(withoutPasswords(what+": "+oneLine(err).Error())))
}

func (f *finder) install(ctx context.Context) {
	f.source.Log.InfoContext(ctx, "installing httpfs", "version", Version, "directory", f.source.Directory)
	f.found.Causes = nil // that it was not installed is no cause
	if from := f.source.From; strings.HasPrefix(from, "https://") {
		f.installFetched(ctx, from, func(ctx context.Context, directory string) (string, error) {
			return fetchMirror(ctx, cmp.Or(f.source.Client, http.DefaultClient), from, directory)
		})
		return
	} else if from != "" {
		if f.run(ctx, "install httpfs from "+from, "force install httpfs from "+sqltext.QuoteString(from)) {
			f.load(ctx, "httpfs")
		}
		return
	}
	if f.run(ctx, "install httpfs", "force install httpfs") && f.load(ctx, "httpfs") {
		return
	}
	f.installFetched(ctx, wheelName, fetchWheel)
}

// installFetched installs the file that fetch leaves in a directory.
func (f *finder) installFetched(ctx context.Context, what string, fetch func(ctx context.Context, directory string) (string, error)) {
	prefix := mirrorPrefix
	if what == wheelName {
		prefix = pypiPrefix
	}
	directory, err := os.MkdirTemp(f.source.Directory, prefix)
	if err != nil {
		f.failed("fetch "+what, err)
		return
	}
	file, err := fetch(ctx, directory)
	if err != nil {
		f.failed("fetch "+what, err)
	} else if f.run(ctx, "install "+what, "force install "+sqltext.QuoteString(file)) && f.load(ctx, "httpfs") {
		f.source.Log.InfoContext(ctx, "installed httpfs", "from", withoutPasswords(what))
	}
	if err := os.RemoveAll(directory); err != nil {
		f.source.Log.WarnContext(ctx, "a directory was left behind", "path", directory, "error", err)
	}
}

// load proves that httpfs can be loaded, by name or from a file, and notes it.
func (f *finder) load(ctx context.Context, what string) bool {
	statement := "load httpfs"
	if what != "httpfs" {
		statement = "load " + sqltext.QuoteString(what)
	}
	return f.run(ctx, statement, statement)
}

// run runs one statement in a DuckDB of its own. It goes on without it when its
// time is over: DuckDB cannot be interrupted while it waits for a network.
func (f *finder) run(ctx context.Context, what, statement string) bool {
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	type outcome struct {
		path, version, from string
		err                 error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		o.path, o.version, o.from, o.err = extensionState(ctx, f.source.Directory, statement)
		done <- o
	}()
	select {
	case <-ctx.Done():
		f.failed(what, context.Cause(ctx))
		return false
	case o := <-done:
		if o.err != nil {
			f.failed(what, o.err)
			return false
		}
		if o.version == "" {
			return true // installed, not loaded
		}
		if path, ok := strings.CutPrefix(statement, "load '"); ok {
			o.path = strings.ReplaceAll(strings.TrimSuffix(path, "'"), "''", "'")
		}
		f.found = Extension{Path: o.path, Version: o.version, From: o.from}
		return true
	}
}

// extensionState runs a statement and returns what DuckDB says of httpfs after it;
// version is "" where it is not loaded.
func extensionState(ctx context.Context, directory, statement string) (path, version, from string, err error) {
	connector, err := duck.NewConnector("", func(driver.ExecerContext) error { return nil })
	if err != nil {
		return "", "", "", err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close(), connector.Close()) }()
	settings := []string{"set autoinstall_known_extensions = false", "set autoload_known_extensions = false", "set allow_community_extensions = false"}
	if directory != "" {
		settings = append(settings, "set extension_directory = "+sqltext.QuoteString(directory))
	}
	for _, s := range append(settings, statement) {
		if _, err = db.ExecContext(ctx, s); err != nil {
			return "", "", "", err
		}
	}
	row := db.QueryRowContext(ctx, `select coalesce(install_path, ''), coalesce(extension_version, ''), coalesce(installed_from, '')
from duckdb_extensions() where extension_name = 'httpfs' and loaded`)
	err = row.Scan(&path, &version, &from)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", "", "", nil
	case strings.Contains(from, "/"+pypiPrefix):
		from = "PyPI"
	case strings.Contains(from, "/"+mirrorPrefix):
		from = "a mirror"
	case from == "core":
		from = "DuckDB's repository"
	}
	return path, version, withoutPasswords(from), err
}

// lockDirectory waits for the lock of a directory; the kernel frees it with its
// process.
func lockDirectory(ctx context.Context, directory string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(directory, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*installTime)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() {
				// Not by closing alone: a program that is just being started has it open too.
				// Nothing was written to it.
				_ = errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
			}, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), f.Close())
		case <-again.C:
		}
	}
}

// oneLine cuts what DuckDB explains at length below its first line.
func oneLine(err error) error {
	var d *duck.Error
	if !errors.As(err, &d) {
		return err
	}
	first, _, _ := strings.Cut(d.Msg, "\n")
	if at := strings.LastIndex(d.Msg, "(ERROR "); at >= 0 {
		first += " " + d.Msg[at:]
	}
	return errors.New(first)
}
