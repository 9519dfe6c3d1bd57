package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"

	"ledgermill/engine/config"
)

// logger writes to standard error.
func (a *app) logger(c config.Config) *slog.Logger { return slog.New(a.handler(c)) }

func (a *app) handler(c config.Config) slog.Handler {
	options := &slog.HandlerOptions{Level: c.Log.Level}
	if c.Log.Format == "json" {
		return slog.NewJSONHandler(a.stderr, options)
	}
	return slog.NewTextHandler(a.stderr, options)
}

// recorder keeps a run's log, as JSON lines from level info on, to be written
// beside the run's record.
type recorder struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

// bytes are the lines so far.
func (r *recorder) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.b.Bytes())
}

// recorded is a logger that also writes to the recorder.
func (a *app) recorded(c config.Config, r *recorder) *slog.Logger {
	return slog.New(both{a.handler(c), slog.NewJSONHandler(r, &slog.HandlerOptions{Level: slog.LevelInfo})})
}

// both hands records to two handlers.
type both [2]slog.Handler

// Enabled implements slog.Handler.
func (b both) Enabled(ctx context.Context, level slog.Level) bool {
	return b[0].Enabled(ctx, level) || b[1].Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (b both) Handle(ctx context.Context, record slog.Record) error {
	var err error
	for _, h := range b {
		if h.Enabled(ctx, record.Level) {
			err = errors.Join(err, h.Handle(ctx, record.Clone()))
		}
	}
	return err
}

// WithAttrs implements slog.Handler.
func (b both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{b[0].WithAttrs(attrs), b[1].WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (b both) WithGroup(name string) slog.Handler {
	return both{b[0].WithGroup(name), b[1].WithGroup(name)}
}
