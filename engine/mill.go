package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/lineage"
	"ledgermill/engine/model"
)

// Semantics is part of every fingerprint. It is raised when an upgrade of an
// engine changes results, so that everything is made again.
const Semantics = "1"

// Engine lands raw objects and makes units: DuckDB in this process, or Spark. What
// does not fit into memory is parked and recalled unit by unit. Make, Test and Audit
// are called at the same time for different units and models.
type Engine interface {
	Name() string
	Use(contracts map[string]*contract.Contract, models map[string]*model.Model)
	Land(ctx context.Context, c *contract.Contract, objects []job.Object) ([]ledger.Cell, error)
	Withdraw(ctx context.Context, c *contract.Contract, objects []string) error
	Park(ctx context.Context, c *contract.Contract) error
	Recall(ctx context.Context, c *contract.Contract, units []job.Unit) error
	Settle(ctx context.Context, c *contract.Contract, units []job.Unit, directory string) ([]job.Settled, error)
	Strays(ctx context.Context, c *contract.Contract, object, path string) (*job.File, error)
	Make(ctx context.Context, t job.Task) (job.File, error)
	Test(ctx context.Context, t job.Task, file job.File) ([]job.TestResult, error)
	Audit(ctx context.Context, a job.Audit) (job.TestResult, error)
	Release(ctx context.Context, feed string) error
	// Columns reads a Parquet object to its end and returns its columns. One that
	// cannot be read is a *job.ObjectError, and does not bring the engine down.
	Columns(ctx context.Context, o job.Object) ([]ledger.Column, error)
}

// Wide is an Engine that works elsewhere, and is given more units at the same time than
// this machine has cores for.
type Wide interface{ Lanes() int }

// Distant is an Engine whose workers may be on other machines. Seen is a directory that
// they see at the same place as this machine, "" where they need none.
type Distant interface{ Seen() string }

// Warehouse takes published units over. It is optional.
type Warehouse interface {
	// Load makes the warehouse hold what the request says and returns what it did.
	Load(ctx context.Context, r LoadRequest) (LoadReport, error)
}

// Options are what a mill is made of. All but Warehouse, Log and Progress are required.
type Options struct {
	Project   *model.Project
	Name      string     // of the project: a lake holds the units of one
	Input     lake.Store // raw objects
	Lake      lake.Store // published units and the ledger
	Engine    Engine
	Warehouse Warehouse
	ReadFrom  *ReadFrom       // another environment whose units are read; nil: none
	Work      string          // existing local directory of this run, on the lake's file system where it has one
	Cache     string          // local directory for what a plan has read; "" for none
	BatchDays int             // units landed at once at most
	Budget    int64           // bytes of raw text in memory at once at most, unless one object or unit is larger
	MaxObject int64           // bytes of an object's text, decompressed, at most; 0: no limit
	MaxRatio  int64           // of an object's text to its compressed bytes, at most, behind the first 64 MiB of text; 0: no limit
	Reading   *Reading        // how objects of an object store are read; nil: they are fetched
	Settle    time.Duration   // an object without a control file is left alone until it is so old
	HoldAfter int             // days before a dataset's newest published unit from which published units are not rewritten unasked; 0: always
	Keep      int             // former versions of a unit that are kept to roll back to
	Run       string          // id of the run
	Command   string          // as typed, without secrets
	Program   string          // version of this program
	Config    string          // hash of the configuration
	ExitCode  func(error) int // of an error that ends the run, for its record; nil: ExitFailed
	Record    func() []byte   // the structured log so far, kept beside the run's record; nil for none
	Log       *slog.Logger
	Progress  func(Progress)
	Events    *Events        // told of runs; nil: nobody is
	Semantics string         // number of the engine's semantics, part of every fingerprint; "": Semantics
	Lineage   *lineage.Graph // tells which columns show what a contract calls private; nil: their names alone do
	Now       func() time.Time
}

// Progress says where a run is.
type Progress struct {
	Step  string // read, models, lake, load
	Done  int64
	Total int64
	Rows  int64  // records or rows that the step has been through
	Bytes int64  // of text read, of files made, as rows are sent
	What  string // the object or unit at hand
}

// Mill is an open project: its statements, its stores and its ledger.
type Mill struct {
	Options
	ledger *ledger.Ledger
	beside *beside // nil: no other environment is read
	unlock func() error
	feeds  map[string]*feed
	parks  bool // what has landed waits on disk for its units: it is more than the budget
	timing timing

	// Objects of an object store that were read, by way.
	inPlace, fetched atomic.Int64
	copies           *lake.Copies // of the lake's files; nil: the engine opens them
}

// NewRun returns a fresh id for a run: eight hexadecimal digits.
func NewRun() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

// Open opens the ledger of the lake. With write it takes the lake's lock first,
// and rolls forward what a dead run left undone.
func Open(ctx context.Context, o Options, write bool) (*Mill, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Semantics == "" {
		o.Semantics = Semantics
	}
	if o.ExitCode == nil {
		o.ExitCode = func(error) int { return ExitFailed }
	}
	m := &Mill{Options: o, unlock: func() error { return nil }}
	if locker, ok := o.Lake.(lake.Locker); ok && write {
		unlock, err := locker.Lock(ctx, lake.Info{Host: hostname(), PID: os.Getpid(), Command: o.Command, Started: o.Now().UTC()})
		if err != nil {
			return nil, err
		}
		m.unlock = unlock
	}
	var store ledger.Store = o.Lake
	if !write {
		store = readOnly{o.Lake}
	}
	l, err := ledger.Open(ctx, store, o.Name, o.Now)
	if err != nil {
		return nil, errors.Join(err, m.unlock())
	}
	m.ledger = l
	if err := errors.Join(m.openBeside(ctx), m.copyLake()); err != nil {
		return nil, errors.Join(err, m.unlock())
	}
	if write {
		// Behind the ledger: what a dead run left is completed before it is swept.
		swept, err := o.Lake.Sweep(ctx, func(run string) bool { return run == o.Run })
		if err != nil {
			return nil, errors.Join(err, m.unlock())
		}
		if len(swept) > 0 {
			o.Log.InfoContext(ctx, "removed what dead runs had staged", "runs", swept)
		}
	}
	return m, nil
}

// Close removes the run's files and gives the lock back.
func (m *Mill) Close() error { return errors.Join(m.Discard(), m.unlock()) }

// Discard removes the run's files. What an unfinished commit still needs is left
// for the next run, which completes it.
func (m *Mill) Discard() error {
	if m.ledger.Pending() || m.Work == "" {
		return nil
	}
	return os.RemoveAll(m.Work)
}

// State is what the ledger says, and below it that of the environment that is read.
func (m *Mill) State() *ledger.State {
	if m.beside == nil {
		return m.ledger.State()
	}
	state, _ := m.beside.with(m.ledger.State())
	return state
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// ReadOnly is a lake through which a ledger can be read and nothing be changed.
func ReadOnly(root lake.Store) ledger.Store { return readOnly{root} }

// readOnly lets a ledger be read without writing: an intent that a dead run left
// counts as published, and the next run completes it.
type readOnly struct{ lake.Store }

func (r readOnly) List(ctx context.Context, prefix string) ([]lake.Object, error) {
	objects, err := r.Store.List(ctx, prefix)
	if errors.Is(err, lake.ErrMissing) {
		return nil, nil // a lake that no run has written to yet
	}
	return objects, err
}

func (readOnly) Put(context.Context, string, []byte) error  { return nil }
func (readOnly) Copy(context.Context, string, string) error { return nil }
func (readOnly) Remove(context.Context, string) error       { return nil }
func (readOnly) Create(context.Context, string, []byte) error {
	return errors.New("the lake is open for reading")
}
func (r readOnly) Complete(_ context.Context, u lake.Upload) (lake.Object, error) {
	return lake.Object{Key: u.Key, Size: u.Size}, nil
}

// timing adds up how long the steps of a run took.
type timing map[string]time.Duration

func (t *timing) add(step string, began time.Time) {
	if *t == nil {
		*t = timing{}
	}
	(*t)[step] += time.Since(began)
}

// StoreError says that a store cannot be reached or read.
type StoreError struct {
	Op  string
	URL string
	Err error
}

func (e *StoreError) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.URL, e.Err) }

// Unwrap returns the store's error.
func (e *StoreError) Unwrap() error { return e.Err }

// Try returns the remedy.
func (e *StoreError) Try() string {
	var hint interface{ Try() string }
	if errors.As(e.Err, &hint) && hint.Try() != "" {
		return hint.Try()
	}
	return "check that it exists, is what it should be, and may be read and written"
}
