package engine

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// step is one model on one unit of a batch. Steps run at the same time as far as
// their inputs and the machine allow: a single statement seldom keeps all cores
// busy. What they make does not depend on it.
type step struct {
	one     *model.Model
	unit    job.Unit
	weight  int64
	needs   []*step         // whose files it reads
	after   <-chan struct{} // closed when the data tests of the unit before have run; nil: it reads one unit only
	behind  <-chan struct{} // likewise of the model's unit before, whose rows this one's are compared with; nil: none are
	written chan struct{}   // closed when its file can be read, or there is none
	settled chan struct{}   // closed when it is in the commit, held or left alone
	attempt *attempt        // what is being made; nil where nothing is
}

// attempt is a unit between its making and its admission.
type attempt struct {
	task    job.Task
	print   string
	inputs  map[string]string
	known   ledger.UnitRecord
	current bool // published and up to date: only its tests were edited
	file    job.File
	damage  string // what is wrong with the published file, whose rows it has; "": nothing
	results []job.TestResult
}

// largeText is the raw text of a unit from which a model that reads it is given
// the machine to itself, but for small ones: two at once would need twice the memory.
const largeText = 32 << 20

// makeBatch runs the models and data tests of a batch.
func (r *run) makeBatch(ctx context.Context, batch []work) error {
	began := time.Now()
	defer func() { r.timing.add("models", began) }()
	room := semaphore.NewWeighted(int64(r.lanes()))
	g, ctx := errgroup.WithContext(ctx)
	var before <-chan struct{}
	index := map[string]map[job.Unit]*step{}
	last := map[string]<-chan struct{}{} // by model: the tests of its latest unit
	for _, w := range batch {
		steps := r.steps(w, index, before)
		tested := make(chan struct{})
		for _, s := range steps {
			if compares(s.one) {
				s.behind = last[s.one.Name]
			}
			last[s.one.Name] = tested
		}
		for _, s := range steps {
			g.Go(func() error { return r.runStep(ctx, s, room) })
		}
		g.Go(func() error {
			defer close(tested)
			for _, s := range steps {
				if !await(ctx, s.settled) {
					return context.Cause(ctx)
				}
			}
			return r.dataTests(ctx, w)
		})
		if r.chained() {
			before = tested
		}
	}
	return g.Wait()
}

// lanes is how many small units are made at the same time.
func (m *Mill) lanes() int {
	evaluating := m.Engine
	if c, ok := evaluating.(*copier); ok {
		evaluating = c.Engine
	}
	if wide, ok := evaluating.(Wide); ok {
		return wide.Lanes()
	}
	return max(3, runtime.GOMAXPROCS(0)+1)
}

// chained reports whether a model reads more than its own unit: then units are
// made in order, each behind the tests of the one before.
func (r *run) chained() bool {
	for _, one := range r.Project.Models {
		if len(one.Reads) > 0 {
			return true
		}
	}
	return false
}

func (r *run) steps(w work, index map[string]map[job.Unit]*step, before <-chan struct{}) []*step {
	var steps []*step
	for _, one := range w.models {
		s := &step{one: one, unit: w.unit, weight: 1, after: before, written: make(chan struct{}), settled: make(chan struct{})}
		var text int64
		for _, input := range append(append([]string(nil), one.Inputs...), one.References()...) {
			for _, u := range r.cat.granted(one, input, w.unit) {
				if need := index[input][u]; need != nil {
					s.needs = append(s.needs, need)
				}
				for _, v := range r.cat.versions[input][u] {
					text += r.feeds[input].objects[v.Key].Text
				}
			}
		}
		if text > largeText {
			s.weight = 2
		}
		set(index, one.Name, w.unit, s)
		steps = append(steps, s)
	}
	return steps
}

// await waits for a channel to be closed; false if the run was cancelled first. A
// nil channel is closed already.
func await(ctx context.Context, c <-chan struct{}) bool {
	if c == nil {
		return ctx.Err() == nil
	}
	select {
	case <-c:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// runStep makes and tests a unit, and admits it once all that it was made from is
// admitted. Its file may be read before its tests have run: what reads it is not
// admitted either if they fail.
func (r *run) runStep(ctx context.Context, s *step, room *semaphore.Weighted) error {
	defer close(s.settled)
	err := r.makeStep(ctx, s, room)
	if err != nil {
		return err
	}
	for _, need := range s.needs {
		if !await(ctx, need.settled) {
			return context.Cause(ctx)
		}
	}
	if !await(ctx, s.behind) {
		return context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.admit(s)
	return nil
}

func (r *run) makeStep(ctx context.Context, s *step, room *semaphore.Weighted) error {
	written := false
	defer func() {
		if !written {
			close(s.written)
		}
	}()
	if !await(ctx, s.after) {
		return context.Cause(ctx)
	}
	for _, need := range s.needs {
		if !await(ctx, need.written) {
			return context.Cause(ctx)
		}
	}
	if err := room.Acquire(ctx, s.weight); err != nil {
		return context.Cause(ctx)
	}
	defer room.Release(s.weight)
	if s.attempt = r.begin(s); s.attempt == nil {
		return nil
	}
	if !s.attempt.current {
		file, err := r.Engine.Make(ctx, s.attempt.task)
		if err != nil {
			return r.failed(ctx, s, err)
		}
		s.attempt.file = file
		if s.attempt.damage, err = r.damaged(ctx, s); err != nil {
			return err
		}
		r.wrote(s)
	}
	close(s.written)
	written = true
	if len(s.one.Tests) == 0 {
		return nil
	}
	results, err := r.Engine.Test(ctx, s.attempt.task, s.attempt.file)
	if err != nil {
		return r.failed(ctx, s, err)
	}
	s.attempt.results = results
	return nil
}
