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

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
	runprogress "ledgermill/engine/progress"
	"ledgermill/engine/scratch"
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

// scratch makes a directory for what a command stages and publishes nowhere. Private
// columns are among it: what killed commands have left goes first.
func (w *workspace) scratch(purpose string) (*scratch.Dir, error) {
	root := scratch.Root(w.config.Engine.TempDirectory)
	err := scratch.Own(root)
	var dir *scratch.Dir
	if err == nil {
		dir, err = scratch.Open(root, purpose)
	}
	if err != nil {
		return nil, fmt.Errorf("stage in engine.temp_directory: %w", err)
	}
	return dir, nil
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

// configHash names the settings in force; secrets are not in it.
func (w *workspace) configHash() string {
	h := sha256.New()
	for _, s := range w.config.Settings() {
		fmt.Fprintf(h, "%s=%s\n", s.Key, s.Value)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
