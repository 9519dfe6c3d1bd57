package spark

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// Local is the engine of this machine. It reads raw objects into text by their strict
// grammar, makes the one file of a unit out of what Spark evaluated, and runs the tests
// on that file.
type Local interface {
	Use(contracts map[string]*contract.Contract, models map[string]*model.Model)
	Columns(ctx context.Context, o job.Object) ([]ledger.Column, error)
	Landed(ctx context.Context, c *contract.Contract, objects []job.Object, first int, path string) error
	Texts(ctx context.Context, c *contract.Contract, objects []job.Object, first int, directory string) ([]job.Text, error)
	Adopt(ctx context.Context, c *contract.Contract, files []string, settled []job.Unit) error
	Rejects(ctx context.Context, c *contract.Contract, r job.Refused) (*job.File, error)
	Write(ctx context.Context, t job.Task, parts []string) (job.File, error)
	Test(ctx context.Context, t job.Task, file job.File) ([]job.TestResult, error)
	Audit(ctx context.Context, a job.Audit) (job.TestResult, error)
	Release(ctx context.Context, feed string) error
}

// Engine evaluates contracts and models in a Spark application, which starts with the
// first statement: a run that has nothing to do starts none.
type Engine struct {
	settings  Settings
	local     Local
	contracts map[string]*contract.Contract
	models    map[string]*model.Model
	feeds     map[string]*feed
	places    atomic.Int64 // of what was written
	queue     queue
	here      *semaphore.Weighted // of this machine's work on units
	shared    bool                // executors need not see the directory in which files are staged
	made      sync.Map            // where shared: the rows of a staged file as Spark left them, by its path

	starting sync.Mutex
	app      *application
	failed   error // what became of the application
}

// Open makes an engine. Close it.
func Open(s Settings, local Local) (*Engine, error) {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	s.Work = filepath.Join(s.Work, "spark")
	if _, err := s.properties(); err != nil {
		return nil, err
	}
	shared := s.Exchange != ""
	s.Exchange = cmp.Or(s.Exchange, s.Work)
	e := &Engine{settings: s, local: local, feeds: map[string]*feed{}, shared: shared,
		queue: queue{waiting: map[string][]*wanted{}, busy: map[string]bool{}}, here: semaphore.NewWeighted(int64(max(3, runtime.GOMAXPROCS(0)+1)))}
	if err := errors.Join(os.MkdirAll(s.Work, 0o755), e.makeDirectory(s.Exchange+"/rows")); err != nil {
		return nil, fmt.Errorf("open spark: %w", err)
	}
	return e, nil
}

// makeDirectory makes a directory; a store needs none.
func (e *Engine) makeDirectory(place string) error {
	if inStore(place) {
		return nil
	}
	return os.MkdirAll(place, 0o755)
}

// remove removes all below a place.
func (e *Engine) remove(ctx context.Context, place string) error {
	if !inStore(place) {
		return os.RemoveAll(place)
	}
	return e.settings.Clear(context.WithoutCancel(ctx), place)
}

// inStore reports whether a place is in an object store.
func inStore(place string) bool { return strings.Contains(place, "://") }

// above is the directory of a file.
func above(file string) string { return file[:strings.LastIndexByte(file, '/')] }

// Close ends the application.
func (e *Engine) Close() error {
	e.starting.Lock()
	defer e.starting.Unlock()
	var err error
	if e.app != nil {
		err = e.app.close()
		e.app = nil
	}
	return errors.Join(err, e.remove(context.Background(), e.settings.Exchange), os.RemoveAll(e.settings.Work))
}

// Name is the engine and its version, as the ledger records it.
func (e *Engine) Name() string {
	e.starting.Lock()
	defer e.starting.Unlock()
	version := Version
	if e.app != nil {
		version = e.app.hello.Version
	}
	return "spark " + version
}

// Use names the contracts and the models that the engine will read as inputs.
func (e *Engine) Use(contracts map[string]*contract.Contract, models map[string]*model.Model) {
	e.contracts, e.models = contracts, models
	e.local.Use(contracts, models)
}

// application starts Spark once.
func (e *Engine) application(ctx context.Context) (*application, error) {
	e.starting.Lock()
	defer e.starting.Unlock()
	if e.app == nil && e.failed == nil {
		app, err := submit(ctx, e.settings)
		if err != nil {
			if ctx.Err() == nil {
				e.failed = err
			}
			return nil, err
		}
		e.app = app
	}
	return e.app, e.failed
}

// ask runs a request. What is wrong with its statement is a *StatementError, what is
// wrong with Spark an *ApplicationError.
func (e *Engine) ask(ctx context.Context, r request) (answer, error) {
	app, err := e.application(ctx)
	if err != nil {
		return answer{}, err
	}
	sql := render(r.SQL)
	r.SQL, r.Views, r.Units = sql.sql, renderViews(r.Views), append([]unitViews{}, r.Units...)
	for i := range r.Units {
		r.Units[i].Views = renderViews(r.Units[i].Views)
	}
	began := time.Now()
	a, err := app.ask(ctx, r)
	e.settings.Log.DebugContext(ctx, "spark", "what", r.What, "seconds", time.Since(began).Seconds(), "sql", r.SQL)
	switch {
	case errors.Is(err, errGone):
		return a, &ApplicationError{What: "the application ended while it was at work", Said: app.said.String()}
	case err != nil:
		return a, err
	case a.Error != nil:
		e.settings.Log.DebugContext(ctx, "spark refused", "what", r.What, "class", a.Error.Class, "state", a.Error.State) // its words may hold values
		return a, a.Error.of(sql)
	}
	return a, nil
}

// place is a new directory for rows.
func (e *Engine) place(of string) string {
	return e.settings.Exchange + fmt.Sprintf("/rows/%s-%06d", of, e.places.Add(1))
}

// write runs a statement and returns the files of its rows.
func (e *Engine) write(ctx context.Context, r request, of string) ([]string, error) {
	place := e.place(of)
	r.Write = uri(place)
	if r.Partition == nil {
		r.Partition = []string{}
	}
	a, err := e.ask(ctx, r)
	if err != nil {
		return nil, errors.Join(err, e.remove(ctx, place))
	}
	files := make([]string, len(a.Files))
	for i, f := range a.Files {
		files[i] = local(f)
	}
	return files, nil
}

// Columns reads a Parquet object to its end and returns its columns.
func (e *Engine) Columns(ctx context.Context, o job.Object) ([]ledger.Column, error) {
	return e.local.Columns(ctx, o)
}

// Test runs the tests of a model on a file of its unit: on what will be read, and not
// by the engine that made it.
func (e *Engine) Test(ctx context.Context, t job.Task, file job.File) ([]job.TestResult, error) {
	if err := e.here.Acquire(ctx, 1); err != nil {
		return nil, context.Cause(ctx)
	}
	defer e.here.Release(1)
	return e.local.Test(ctx, t, file)
}

// Audit runs one data test.
func (e *Engine) Audit(ctx context.Context, a job.Audit) (job.TestResult, error) {
	return e.local.Audit(ctx, a)
}

// Probe starts an application and ends it: what it says of itself.
func Probe(ctx context.Context, s Settings) (version, master string, err error) {
	s.Log = cmp.Or(s.Log, slog.New(slog.DiscardHandler))
	app, err := submit(ctx, s)
	if err != nil {
		return "", "", err
	}
	version, master = app.hello.Version, app.hello.Master
	return version, master, app.close()
}
