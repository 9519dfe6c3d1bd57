package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/warehouse"
)

// connectionTest is one thing that doctor tries.
type connectionTest struct {
	name, place string
	reach       func(ctx context.Context) (detail string, err error)
}

// patience is how long doctor waits for one answer.
const patience = 30 * time.Second

func (t connectionTest) try(ctx context.Context) connection {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	begun := time.Now()
	detail, err := t.reach(ctx)
	if err == nil {
		return connection{Name: t.name, Place: t.place, OK: true, Detail: fmt.Sprintf("%s, %d ms", detail, time.Since(begun).Milliseconds())}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	one := connection{Name: t.name, Place: t.place, Detail: err.Error(), Try: remedy(err)}
	var hint interface{ Try() string }
	if errors.As(err, &hint) {
		one.Try = hint.Try()
	}
	return one
}

// connections are what the settings name.
func (w *workspace) connections() []connectionTest {
	c := w.config
	tests := []connectionTest{
		{"input", shownPlace(w.input), func(ctx context.Context) (string, error) { return listStore(ctx, w.input, "", "objects") }},
		{"lake", shownPlace(w.lake), func(ctx context.Context) (string, error) {
			return listStore(ctx, w.lake, "_ledger/", "objects in its ledger")
		}},
	}
	if c.Warehouse.URL == "" {
		tests = append(tests, connectionTest{"warehouse", "private server", w.reachPrivate})
	} else {
		tests = append(tests, connectionTest{"warehouse", c.Warehouse.URL.URL(), w.reachServer(c.Warehouse.URL)})
	}
	if url := c.Warehouse.ReplicaURL; url != "" {
		tests = append(tests, connectionTest{"replica", url.URL(), w.reachReplica})
	}
	if c.Engine.Name == sparkName {
		tests = append(tests, connectionTest{"spark", w.shownMaster(), w.reachSpark})
	}
	spill := c.Engine.TempDirectory
	if spill == "" {
		spill = os.TempDir()
	}
	return append(tests,
		connectionTest{"cache", w.cache(), func(context.Context) (string, error) { return writable(w.cache()) }},
		connectionTest{"temporary", spill, func(context.Context) (string, error) { return writable(spill) }})
}

// shownPlace is the URL of a store, or nothing where there is none: the test says why.
func shownPlace(open func() (lake.Store, error)) string {
	store, err := open()
	if err != nil {
		return ""
	}
	return config.MaskURL(store.URL())
}

// listStore lists a store and writes nothing. A lake that no run has written to yet
// is none that cannot be reached, if it can be made.
func listStore(ctx context.Context, open func() (lake.Store, error), prefix, what string) (string, error) {
	store, err := open()
	if err != nil {
		return "", err
	}
	objects, err := store.List(ctx, prefix)
	if errors.Is(err, lake.ErrMissing) && prefix != "" {
		return "nothing published yet", nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s", len(objects), what), nil
}

func (w *workspace) reachServer(url config.Secret) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		house, err := warehouse.Open(ctx, warehouse.Options{URL: url, Log: w.log})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("PostgreSQL %d", house.Version()), nil
	}
}

func (w *workspace) reachPrivate(ctx context.Context) (string, error) {
	h, err := w.connectWarehouse(ctx, func(string) {})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("PostgreSQL %d in %s", h.Version(), h.server.Dir()), h.Close(ctx)
}

// reachReplica asks the replica whether it has the last load.
func (w *workspace) reachReplica(ctx context.Context) (string, error) {
	h, err := w.connectWarehouse(ctx, func(string) {})
	if err != nil {
		return "", err
	}
	replica, err := h.OpenReplica(ctx, warehouse.Options{URL: w.config.Warehouse.ReplicaURL, Log: w.log})
	if err = errors.Join(err, h.Close(ctx)); err != nil {
		return "", err
	}
	return fmt.Sprintf("PostgreSQL %d, with the last load", replica.Version()), nil
}

// writable makes the directory, writes a file into it and removes it again.
func writable(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, fmt.Sprintf(".ledgermill-doctor-%d", os.Getpid()))
	if err := errors.Join(os.WriteFile(path, []byte("x"), 0o600), os.Remove(path)); err != nil {
		return "", err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return "", fmt.Errorf("free space of %s: %w", dir, err)
	}
	return fmt.Sprintf("writable, %.1f GB free", float64(disk.Bavail)*float64(disk.Bsize)/1e9), nil
}
