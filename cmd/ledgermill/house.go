package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"ledgermill/warehouse"
)

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
