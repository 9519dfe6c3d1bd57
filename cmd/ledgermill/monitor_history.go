package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"ledgermill/warehouse/monitor"
)

// recordEvery is the time between two samples that are kept.
const recordEvery = time.Minute

// record keeps a sample: the panels that were asked after a time.
func (m *monitoring) record(ctx context.Context, s monitor.Sample, since time.Time) error {
	url, err := m.work.monitored().URL(ctx)
	if err != nil {
		return err
	}
	return monitor.Record(ctx, url, s, since, m.work.config.Monitor.KeepDays)
}

// recording keeps a sample a minute until the function that it returns is called. A
// server that is away is told once, and the next minute it is tried again.
func (m *monitoring) recording(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		tick := time.NewTicker(recordEvery)
		defer tick.Stop()
		var kept time.Time
		broken := ""
		for {
			s := m.Sample(ctx)
			switch err := m.record(ctx, s, kept); {
			case ctx.Err() != nil:
			case err == nil:
				kept, broken = s.Latest(), ""
			case err.Error() != broken:
				broken = err.Error()
				m.work.log.WarnContext(ctx, "a sample of the monitor is not kept", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		cancel()
		ended.Wait()
	}
}

// printKept prints what was kept at a time.
func (a *app) printKept(ctx context.Context, m *monitoring, text string) error {
	at, err := readInstant(text)
	if err != nil {
		return usagef("--at 2025-01-31T03:00", "--at %q is no time", text)
	}
	views, err := monitor.Select(m.views, m.names)
	if err != nil {
		return err
	}
	url, err := m.work.monitored().URL(ctx)
	if err != nil {
		return err
	}
	s, err := monitor.At(ctx, url, views, at)
	if err != nil {
		return err
	}
	return a.printOne(m, s)
}

// readInstant reads a time as people write it; without a zone it is UTC.
func readInstant(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("no time")
}
