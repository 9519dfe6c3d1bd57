package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	runprogress "ledgermill/engine/progress"
	"ledgermill/engine/standing"
	"ledgermill/warehouse"
	"ledgermill/warehouse/monitor"
)

const (
	// ledgerAge is how old what is known of the ledger may be before it is listed again.
	ledgerAge = 5 * time.Second
	// lakeRest is how long a lake is left alone that did not answer.
	lakeRest = time.Minute
)

// lakeLook reads the lake for the monitor: its ledger, folded further on each look, and
// what the run at work has left to see.
type lakeLook struct {
	work   *workspace
	mu     sync.Mutex
	root   lake.Store
	ledger *ledger.Ledger
	idle   *ledger.RunSummary // the last run with nothing to do; nil: there was none
	read   time.Time
	fault  error                         // why the lake could not be read
	again  time.Time                     // when it is tried again
	steps  map[string]map[string]float64 // of earlier runs, seconds by step
}

// sources are what panels name in place of a statement.
func (w *workspace) sources() map[string]monitor.Source {
	l := &lakeLook{work: w, steps: map[string]map[string]float64{}}
	return l.sources()
}

func (l *lakeLook) sources() map[string]monitor.Source {
	w := l.work
	of := func(f func(*ledger.State) monitor.Table) monitor.Source {
		return monitor.SourceFunc(func(ctx context.Context) (monitor.Table, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			state, err := l.state(ctx)
			if err != nil {
				return monitor.Table{}, err
			}
			return f(state), nil
		})
	}
	return map[string]monitor.Source{
		"machine": monitor.Machine(), "disks": monitor.Disks(w.places()),
		"run": monitor.SourceFunc(l.stages), "loader": monitor.SourceFunc(l.loader), "work": monitor.SourceFunc(l.working),
		"last":     of(func(s *ledger.State) monitor.Table { return lastTable(s, l.idle, w.config.Monitor.Due(), time.Now()) }),
		"runs":     of(runsTable),
		"accounts": of(accountsTable), "freshness": of(freshnessTable), "warnings": of(warningsTable),
		"lake": of(lakeTable), "datasets": of(datasetsTable), "rejects": of(rejectsTable), "reasons": of(reasonsTable),
		"uploads": monitor.SourceFunc(l.uploads), "doctor": monitor.SourceFunc(w.findings),
	}
}

// places are the directories that a batch fills.
func (w *workspace) places() map[string]string {
	places := map[string]string{"cache": existing(w.cache())}
	if root, err := w.lake(); err == nil {
		if _, local := root.(*lake.Directory); local {
			places["lake"] = existing(root.Location(""))
		}
	}
	spill := w.config.Engine.TempDirectory
	if spill == "" {
		spill = os.TempDir()
	}
	places["temporary"] = existing(spill)
	return places
}

// existing is a directory, or the nearest one above it that there is.
func existing(dir string) string {
	for dir != "/" && dir != "." && dir != "" {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		dir = dir[:max(0, strings.LastIndexByte(strings.TrimRight(dir, "/"), '/'))]
	}
	return "/"
}

// state is what the ledger says, at most [ledgerAge] old. The caller holds mu.
func (l *lakeLook) state(ctx context.Context) (*ledger.State, error) {
	if l.ledger != nil && time.Since(l.read) < ledgerAge {
		return l.ledger.State(), nil
	}
	if err := l.reading(func(root lake.Store) error { return l.fold(ctx, engine.ReadOnly(root)) }); err != nil {
		return nil, err
	}
	l.read = time.Now()
	return l.ledger.State(), nil
}

// reading reads the lake, unless it failed just now: what is wrong with it for one panel is
// for the others, and each would wait for it. The caller holds mu.
func (l *lakeLook) reading(read func(root lake.Store) error) error {
	began := time.Now()
	if began.Before(l.again) {
		return l.fault
	}
	err := l.open()
	if err == nil {
		err = read(l.root)
	}
	l.fault, l.again = err, time.Time{}
	if err != nil {
		now := time.Now()
		l.again = now.Add(ledgerAge)
		if now.Sub(began) >= ledgerAge {
			l.again = now.Add(lakeRest)
		}
	}
	return err
}

// fold folds in what the ledger says since it was read last. What was folded before a
// lake went away is whole, and is gone on from.
func (l *lakeLook) fold(ctx context.Context, readable ledger.Store) (err error) {
	if l.ledger == nil {
		l.ledger, err = ledger.Open(ctx, readable, l.work.config.Name, time.Now)
	} else if err = l.ledger.Reload(ctx); err != nil {
		if damaged := (*ledger.DamageError)(nil); errors.As(err, &damaged) {
			l.ledger = nil // it may be another one's entry that does not follow
		}
	}
	if err == nil {
		l.idle, err = ledger.ReadIdle(ctx, readable)
	}
	return err
}

func (l *lakeLook) open() (err error) {
	if l.root == nil {
		l.root, err = l.work.lake()
	}
	return err
}

// running are the runs at work that this machine can see.
func (l *lakeLook) running() ([]runprogress.State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil {
		return nil, err
	}
	return runprogress.Read(l.root.StagingRoot())
}

func (l *lakeLook) stages(context.Context) (monitor.Table, error) {
	t := monitor.NewTable("run", "stage", "#done", "#total", "#rows", "#bytes", "#seconds", "what")
	running, err := l.running()
	for _, s := range running {
		for i, stage := range s.Stages {
			end := time.Now()
			if i+1 < len(s.Stages) {
				end = s.Stages[i+1].Started
			}
			t.Add(monitor.Text(s.Run), monitor.Text(stage.Name), monitor.Int(stage.Done), monitor.Int(stage.Total), monitor.Int(stage.Rows),
				monitor.Int(stage.Bytes), monitor.Float(end.Sub(stage.Started).Seconds(), 1), monitor.Text(stage.What))
		}
	}
	return t, err
}

// loader are the loader's own counters, beside those of PostgreSQL.
func (l *lakeLook) loader(ctx context.Context) (monitor.Table, error) {
	t, err := l.stages(ctx)
	t.Rows = slices.DeleteFunc(t.Rows, func(row []monitor.Value) bool { return row[1].Text != "load" })
	return t, err
}

func (l *lakeLook) working(ctx context.Context) (monitor.Table, error) {
	t := monitor.NewTable("#running", "run", "stage", "#done_percent", "#seconds", "end_at", "#spill_bytes", "host", "#pid", "command")
	t.Absent = map[string]string{"done_percent": "the stage has not said how much there is"}
	running, err := l.running()
	if err != nil {
		return t, err
	}
	if len(running) == 0 {
		idle := monitor.NewTable("#running", "stage")
		idle.Add(monitor.Int(0), monitor.Text("no run is at work"))
		return idle, nil
	}
	s := running[len(running)-1]
	stage, _ := s.Now()
	percent, end := monitor.Value{}, monitor.Value{}
	if stage.Total > 0 {
		percent = monitor.Float(100*float64(stage.Done)/float64(stage.Total), 1)
	}
	now := time.Now()
	if left, known := stage.Remaining(now); known {
		end = monitor.Time(now.Add(left + l.later(ctx, stage.Name)))
	}
	t.Add(monitor.Int(int64(len(running))), monitor.Text(s.Run), monitor.Text(stage.Name), percent, monitor.Float(now.Sub(s.Started).Seconds(), 1), end,
		monitor.Int(runprogress.Spill(l.root.StagingRoot(), s.Run)), monitor.Text(s.Host), monitor.Int(int64(s.PID)), monitor.Text(s.Command))
	return t, nil
}

// uploads are what runs have staged, the one at work too.
func (l *lakeLook) uploads(ctx context.Context) (monitor.Table, error) {
	t := monitor.NewTable("run", "#bytes", "since_at", "place", "upload")
	l.mu.Lock()
	defer l.mu.Unlock()
	var left []lake.Leftover
	err := l.reading(func(root lake.Store) (err error) {
		if left, err = root.Leftovers(ctx); errors.Is(err, lake.ErrMissing) {
			return nil // nothing has been written to it yet
		}
		return err
	})
	for _, o := range left {
		t.Add(monitor.Text(o.Run), monitor.Int(o.Size), monitor.Time(o.Since), monitor.Text(o.Place), monitor.Text(o.Upload))
	}
	return t, err
}

// findings are the doctor's that somebody should think about.
func (w *workspace) findings(ctx context.Context) (monitor.Table, error) {
	t := monitor.NewTable("level", "name", "value", "wanted", "reason")
	url, err := w.monitored().URL(ctx)
	if err != nil {
		return t, err
	}
	house, err := warehouse.Open(ctx, warehouse.Options{URL: url, Log: w.log})
	if err != nil {
		return t, err
	}
	found, err := house.Doctor(ctx)
	for _, level := range []warehouse.Level{warehouse.Danger, warehouse.Advice} {
		for _, f := range found.Findings {
			if f.Level == level {
				t.Add(monitor.Text(string(f.Level)), monitor.Text(f.Name), monitor.Text(f.Value), monitor.Text(f.Wanted), monitor.Text(f.Reason))
			}
		}
	}
	return t, err
}

// later is how long the stages behind one usually take: the median of the last runs
// that had them.
func (l *lakeLook) later(ctx context.Context, stage string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	state, err := l.state(ctx)
	if err != nil {
		return 0
	}
	const looked = 5
	behind := map[string][]string{"read": {"clean", "models", "lake", "load"}, "models": {"lake", "load"}}[stage]
	took := map[string][]float64{}
	for i, r := range slices.Backward(state.Runs) {
		if i < len(state.Runs)-looked {
			break
		}
		if _, known := l.steps[r.Run]; !known {
			l.steps[r.Run] = engine.StepsOf(ctx, l.root, r.Run)
		}
		for step, seconds := range l.steps[r.Run] {
			took[step] = append(took[step], seconds)
		}
	}
	var sum float64
	for _, step := range behind {
		if all := took[step]; len(all) > 0 {
			slices.Sort(all)
			sum += all[len(all)/2]
		}
	}
	return time.Duration(sum * float64(time.Second))
}

// percentOf is a share of a whole in per cent.
func percentOf(part, whole int64) monitor.Value {
	if whole == 0 {
		return monitor.Value{}
	}
	return monitor.Float(100*float64(part)/float64(whole), 2)
}

func outcome(r ledger.RunSummary) string {
	switch {
	case r.Error != "":
		return r.Error
	case r.Exit == engine.ExitDone:
		return "done"
	case standing.Broken(r):
		return "accounts do not balance"
	case standing.Succeeded(r):
		return "something is held"
	}
	return "exit " + strconv.Itoa(r.Exit)
}
