package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
	runprogress "ledgermill/engine/progress"
	"ledgermill/warehouse"
)

// workspace is an open project: its settings and its checked SQL files.
type workspace struct {
	config  config.Config
	files   fs.FS
	project *model.Project
	log     *slog.Logger
	httpfs  httpfs
	seams   seams
	tracker *runprogress.Writer // of the run at work; nil: nothing is left for others to see
}

// open loads the settings and checks every SQL file: nothing runs on a project
// with a fault in it.
func (a *app) open(ctx context.Context, c config.Config) (w *workspace, err error) {
	w = &workspace{config: c, log: a.logger(c), seams: a.seams}
	if w.files, err = projectFiles(c.Project); err != nil {
		return nil, err
	}
	if w.project = a.seams.project; w.project != nil {
		return w, nil
	}
	options, done, err := w.loading(ctx)
	if err != nil {
		return nil, err
	}
	w.project, err = model.Load(ctx, options)
	if err = errors.Join(err, done()); err != nil {
		return nil, err
	}
	return w, nil
}

// loading is what checking the project's files needs.
func (w *workspace) loading(ctx context.Context) (o model.Options, done func() error, err error) {
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		return o, nil, err
	}
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		return o, nil, errors.Join(err, judge.Close())
	}
	return model.Options{FS: w.files, Judge: judge, Binder: binder, Parameters: w.config.Parameters},
		func() error { return errors.Join(judge.Close(), binder.Close()) }, nil
}

// projectFiles are the files of a directory, or the bank that the program carries
// where the directory has no sql/.
func projectFiles(dir string) (fs.FS, error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, usagef("--project DIR, or `ledgermill init DIR` to make one", "project %s is not a directory", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "sql")); err == nil {
		return os.DirFS(dir), nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open project: %w", err)
	}
	return builtin{}, nil
}

// stores opens the raw and the processed side. Neither is touched yet.
func (w *workspace) stores() (input, root lake.Store, err error) {
	if input, err = w.input(); err != nil {
		return nil, nil, err
	}
	root, err = w.lake()
	return input, root, err
}

// input opens the raw side.
func (w *workspace) input() (lake.Store, error) {
	return lake.Open(w.config.Input, lake.Options{S3: w.config.InputS3(), Staging: w.config.Engine.TempDirectory})
}

// lake opens the processed side.
func (w *workspace) lake() (lake.Store, error) {
	return lake.Open(w.config.Lake.Root, lake.Options{S3: w.config.LakeS3(), Staging: w.config.Engine.TempDirectory})
}

// readFrom opens the environment that is read beside this one's; nil: none is.
func (w *workspace) readFrom() (*engine.ReadFrom, error) {
	c := w.config.ReadFrom
	if c == nil {
		return nil, nil
	}
	other := &workspace{config: *c}
	input, root, err := other.stores()
	if err != nil {
		return nil, err
	}
	return &engine.ReadFrom{Name: c.Environment, Lake: root, Input: input.URL()}, nil
}

// withReadFrom are stores and the lake that is read beside them.
func withReadFrom(from *engine.ReadFrom, stores ...lake.Store) []lake.Store {
	if from != nil {
		stores = append(stores, from.Lake)
	}
	return stores
}

// cache is the directory of what can be made again.
func (w *workspace) cache() string {
	if dir := w.config.Engine.CacheDirectory; dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "ledgermill")
}

// engineSettings are the limits of a DuckDB that works in a directory and reads stores.
func (w *workspace) engineSettings(ctx context.Context, work string, readable ...lake.Store) duckdb.Settings {
	// What DuckDB allocates beside its buffers comes on top, some fifth of them.
	s := duckdb.Settings{MemoryLimit: int64(w.config.Engine.MemoryLimit) / 5 * 4, Threads: w.config.Engine.Threads, Work: work, Spill: w.config.Engine.TempDirectory, Log: w.log,
		Before: w.seams.statement}
	w.reach(ctx, &s, readable)
	return s
}

// mill is a run's mill with its engine, and how to close both.
type mill struct {
	*engine.Mill
	close func() error
}

// openMill opens the ledger and an engine. A mill that writes stages its files
// where the lake can take them over by a rename; a plan works elsewhere.
func (w *workspace) openMill(ctx context.Context, o engine.Options, write bool) (*mill, error) {
	input, root, err := w.stores()
	if err != nil {
		return nil, err
	}
	work, err := w.workDirectory(ctx, root, o.Run, write)
	if err != nil {
		return nil, err
	}
	if w.tracker != nil {
		w.tracker.Into(work)
	}
	o.Project, o.Input, o.Lake, o.Work = w.project, input, root, work
	end := func() error { return nil }
	evaluate := w.evaluator()
	m, duck, err := w.millOf(ctx, o, write, func(duck *duckdb.Engine, o engine.Options) (e engine.Engine, _ func() error, err error) {
		e, end, err = evaluate(duck, o)
		return e, end, err
	})
	if err != nil {
		return nil, err
	}
	opened := &mill{Mill: m, close: func() error { return errors.Join(end(), duck.Close(), m.Close()) }}
	if write {
		if err := w.sweepExchange(ctx, root); err != nil {
			return nil, errors.Join(err, opened.close())
		}
	}
	return opened, nil
}

// millOf opens a mill on its project, stores and directory, and its engine. After an
// error the directory is gone.
func (w *workspace) millOf(ctx context.Context, o engine.Options, write bool, evaluate evaluator) (*engine.Mill, *duckdb.Engine, error) {
	discard := func() error { return os.RemoveAll(o.Work) }
	from, err := w.readFrom()
	if err != nil {
		return nil, nil, errors.Join(err, discard())
	}
	o.ReadFrom = from
	stores := withReadFrom(from, o.Input, o.Lake)
	settings := w.engineSettings(ctx, o.Work, stores...)
	place, err := w.exchange(o)
	if err != nil {
		return nil, nil, errors.Join(err, discard())
	}
	if place != "" && !strings.Contains(place, "://") {
		settings.Readable = append(settings.Readable, place)
	}
	duck, err := duckdb.Open(ctx, settings)
	if err != nil {
		return nil, nil, errors.Join(err, discard())
	}
	var end func() error
	if o.Engine, end, err = evaluate(duck, o); err != nil {
		return nil, nil, errors.Join(err, duck.Close(), discard())
	}
	o.Name = w.config.Name
	if w.project != nil { // previews read theirs anew on each edit, and mask by themselves
		if o.Lineage, err = w.privateLineage(ctx); err != nil {
			return nil, nil, errors.Join(err, end(), duck.Close(), discard())
		}
	}
	if o.Reading, err = w.readingFor(ctx, place, stores...); err != nil {
		return nil, nil, errors.Join(err, end(), duck.Close(), discard())
	}
	o.Keep, o.HoldAfter = w.config.Lake.Keep, w.config.Lake.HoldAfter
	o.Cache, o.BatchDays, o.Settle, o.Log = w.cache(), w.config.Engine.BatchDays, w.config.Lake.Settle, w.log
	// A byte of text takes two or three in memory as typed rows, and models need as much again.
	o.MaxObject, o.MaxRatio, o.Budget, o.Program, o.Config = int64(w.config.Engine.MaxObject), int64(w.config.Engine.MaxRatio), int64(w.config.Engine.MemoryLimit)/4, version, w.configHash()
	if w.config.Engine.Name == sparkName {
		o.Budget = sparkBudget
	}
	if w.seams.budget > 0 {
		o.Budget = w.seams.budget
	}
	if w.seams.store != nil {
		o.Input, o.Lake = w.seams.store(o.Input), w.seams.store(o.Lake)
	}
	m, err := engine.Open(ctx, o, write)
	if err != nil {
		return nil, nil, errors.Join(err, end(), duck.Close(), discard())
	}
	return m, duck, nil
}

func (w *workspace) workDirectory(ctx context.Context, root lake.Store, run string, write bool) (string, error) {
	if !write {
		return os.MkdirTemp("", "ledgermill-plan-")
	}
	if err := root.Prepare(ctx); err != nil {
		return "", &engine.StoreError{Op: "open", URL: root.URL(), Err: err}
	}
	dir, err := root.StagingDir(run)
	if err != nil {
		return "", &engine.StoreError{Op: "open", URL: root.URL(), Err: err}
	}
	return dir, nil
}

// configHash names the settings in force; secrets are not in it.
func (w *workspace) configHash() string {
	h := sha256.New()
	for _, s := range w.config.Settings() {
		fmt.Fprintf(h, "%s=%s\n", s.Key, s.Value)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// hold is a warehouse in use, private or not.
type hold struct {
	*warehouse.Warehouse
	server *warehouse.Server // nil: somebody else's
}

func (h *hold) Close(ctx context.Context) error {
	if h.server == nil {
		return nil
	}
	return h.server.Close(context.WithoutCancel(ctx))
}

// openWarehouse connects and brings the tables up to date.
func (w *workspace) openWarehouse(ctx context.Context, say func(string)) (*hold, error) {
	h, err := w.connectWarehouse(ctx, say)
	if err != nil {
		return nil, err
	}
	if _, err := h.Migrate(ctx, migrations(w.files)); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
}

// connectWarehouse connects to the configured server, or starts the private one.
func (w *workspace) connectWarehouse(ctx context.Context, say func(string)) (h *hold, err error) {
	h = &hold{}
	url := w.config.Warehouse.URL
	if url == "" {
		if h.server, err = warehouse.StartPrivate(ctx, w.private(say)); err != nil {
			return nil, err
		}
		url = h.server.URL()
	}
	h.Warehouse, err = warehouse.Open(ctx, warehouse.Options{URL: url, Log: w.log, SwapDeadline: w.config.Warehouse.SwapDeadline,
		Streams: w.config.Warehouse.LoadJobs})
	if err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
}

// openAsItIs opens the warehouse for what changes nothing. Only the private server and
// an empty database are migrated: a login may be a reader, who cannot, and need not.
func (w *workspace) openAsItIs(ctx context.Context, say func(string)) (*hold, error) {
	h, err := w.connectWarehouse(ctx, say)
	if err != nil {
		return nil, err
	}
	empty, err := h.Empty(ctx)
	if err == nil && (empty || h.server != nil) {
		_, err = h.Migrate(ctx, migrations(w.files))
	}
	if err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
}

// openReading opens the warehouse for what only reads: the replica, where there is
// one, once it shows the last load.
func (w *workspace) openReading(ctx context.Context, say func(string)) (*hold, error) {
	h, err := w.openAsItIs(ctx, say)
	if err != nil || w.config.Warehouse.ReplicaURL == "" {
		return h, err
	}
	replica, err := h.OpenReplica(ctx, warehouse.Options{URL: w.config.Warehouse.ReplicaURL, Log: w.log})
	if err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	h.Warehouse = replica
	return h, nil
}

// opening is a warehouse that is being opened while the lake is made: a server that
// cannot be reached costs the load and not the night.
type opening struct {
	ready chan struct{}
	hold  *hold
	err   error
}

func (w *workspace) startWarehouse(ctx context.Context, say func(string)) *opening {
	o := &opening{ready: make(chan struct{})}
	go func() {
		defer close(o.ready)
		o.hold, o.err = w.openWarehouse(ctx, say)
	}()
	return o
}

// wait returns the warehouse once it is open.
func (o *opening) wait() (*warehouse.Warehouse, error) {
	<-o.ready
	if o.err != nil {
		return nil, o.err
	}
	return o.hold.Warehouse, nil
}

// Close waits for the opening and ends it.
func (o *opening) Close(ctx context.Context) error {
	<-o.ready
	if o.hold == nil {
		return nil
	}
	return o.hold.Close(ctx)
}

// private names the private server's database after the project and its lake, so
// that two lakes never share tables.
func (w *workspace) private(say func(string)) warehouse.PrivateOptions {
	place := w.config.Lake.Root
	if root, err := w.lake(); err == nil {
		place = root.URL() // the same from whichever directory, and another one for another lake
	}
	sum := sha256.Sum256([]byte(place))
	return warehouse.PrivateOptions{Home: w.config.Warehouse.PrivateDirectory, Log: w.log, Progress: say,
		Project: strings.ToLower(w.config.Name) + "_" + hex.EncodeToString(sum[:4])}
}
