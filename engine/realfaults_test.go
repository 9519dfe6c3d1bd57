package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/lake"
)

var faultSeed = flag.Uint64("faults.seed", 0, "where TestRealDataThroughFaults has its faults; 0: another place each time")

// shaky is a store that fails once in a while: at one of its calls, or in the middle
// of an object's bytes, which end early, with an error or without. It is slow here and
// there.
type shaky struct {
	lake.Store
	*tremor
}

// tremor decides, for both sides of a run, when something fails.
type tremor struct {
	mu     sync.Mutex
	random *rand.Rand
	calls  int // so far in this run
	at     int // the call that fails; 0: none
	failed string
}

var errShaken = errors.New("connection reset by peer")

// due counts a call and reports whether it is the one that fails. It takes its time
// with some.
func (s *tremor) due(what, key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.random.IntN(50) == 0 {
		time.Sleep(time.Duration(s.random.IntN(2000)) * time.Microsecond)
	}
	if s.calls != s.at {
		return false
	}
	s.failed = what + " " + key
	return true
}

func (s *tremor) call(what, key string) error {
	if s.due(what, key) {
		return fmt.Errorf("%s %s: %w", what, key, errShaken)
	}
	return nil
}

func (s shaky) List(ctx context.Context, prefix string) ([]lake.Object, error) {
	if err := s.call("list", prefix); err != nil {
		return nil, err
	}
	return s.Store.List(ctx, prefix)
}

func (s shaky) Stat(ctx context.Context, key string) (lake.Object, error) {
	if err := s.call("stat", key); err != nil {
		return lake.Object{}, err
	}
	return s.Store.Stat(ctx, key)
}

func (s shaky) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := s.call("open", key); err != nil {
		return nil, err
	}
	r, err := s.Store.Open(ctx, key)
	if err != nil || !s.due("read", key) {
		return r, err
	}
	o, err := s.Store.Stat(ctx, key)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cut := &cutShort{ReadCloser: r, left: s.random.Int64N(max(1, o.Size)), end: errShaken}
	if s.random.IntN(2) == 0 {
		cut.end = io.EOF
		s.failed += " without an error"
	}
	return cut, nil
}

// cutShort ends before its end.
type cutShort struct {
	io.ReadCloser
	left int64
	end  error
}

func (c *cutShort) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, c.end
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

func (s shaky) Create(ctx context.Context, key string, data []byte) error {
	if err := s.call("create", key); err != nil {
		return err
	}
	return s.Store.Create(ctx, key, data)
}

func (s shaky) Put(ctx context.Context, key string, data []byte) error {
	if err := s.call("put", key); err != nil {
		return err
	}
	return s.Store.Put(ctx, key, data)
}

func (s shaky) Copy(ctx context.Context, from, to string) error {
	if err := s.call("copy", from); err != nil {
		return err
	}
	return s.Store.Copy(ctx, from, to)
}

func (s shaky) Remove(ctx context.Context, key string) error {
	if err := s.call("remove", key); err != nil {
		return err
	}
	return s.Store.Remove(ctx, key)
}

func (s shaky) Stage(ctx context.Context, key, path string) (lake.Upload, error) {
	if err := s.call("stage", key); err != nil {
		return lake.Upload{}, err
	}
	return s.Store.Stage(ctx, key, path)
}

// Complete fails before or after it has been done: the caller cannot know.
func (s shaky) Complete(ctx context.Context, u lake.Upload) (lake.Object, error) {
	if err := s.call("complete", u.Key); err != nil {
		return lake.Object{}, err
	}
	o, err := s.Store.Complete(ctx, u)
	if err == nil {
		err = s.call("completed", u.Key)
	}
	return o, err
}

// through runs a bench with a fault in each of its first runs, at any of the calls that
// an undisturbed run makes, until one comes through. What was in the way must be told,
// and each run goes on from what the one before has left.
func through(t *testing.T, b *bench, faults int) *engine.Report {
	t.Helper()
	seed := *faultSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-faults.seed=%d", seed)
	s := &tremor{random: rand.New(rand.NewPCG(seed, 7))}
	wrap := func(in lake.Store) lake.Store { return shaky{in, s} }
	b.wrap, b.wrapLake = wrap, wrap
	calls, failed := 40, 0 // the first fault comes early; the later ones where the runs before were going
	for run := 1; ; run++ {
		s.calls, s.at, s.failed = 0, 0, ""
		if failed < faults {
			s.at = 1 + s.random.IntN(calls)
		}
		report, err := attempt(b)
		calls = max(calls, s.calls)
		if s.failed != "" {
			failed++
			t.Logf("run %d: %s: %v", run, s.failed, err)
		}
		if err == nil && (failed >= faults || run > 4*faults) {
			s.at = 0 // a fault that no call came to is not for whoever reads next
			return report
		}
		if err != nil && s.failed == "" {
			t.Fatalf("run %d fails undisturbed: %v", run, err)
		}
	}
}

// attempt is a run that may fail.
func attempt(b *bench) (report *engine.Report, err error) {
	m, err := b.tryOpen(true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return m.Execute(b.t.Context(), engine.Selection{})
}

// TestRealDataThroughFaults is TestRealData with faults in the stores underneath:
// every figure still comes out. The largest of the folders takes its time and runs
// where tests in full length are asked for.
func TestRealDataThroughFaults(t *testing.T) {
	t.Parallel()
	for _, want := range realData() {
		t.Run(want.project, func(t *testing.T) {
			t.Parallel()
			if want.project == "fraud_handbook" && !long() {
				t.Skip("with " + longVariable)
			}
			b := example(t, want.project, want.project, site{})
			through(t, b, 4)
			want.inLake(t, b)
			b.wrap, b.wrapLake = nil, nil
			if again := b.run(engine.Selection{}); !again.NothingToDo() {
				t.Errorf("a further run made %v", again.Units)
			}
		})
	}
	t.Run("pollock", func(t *testing.T) {
		t.Parallel()
		pollock(t, func(b *bench) { through(t, b, 4) })
	})
}

// lossy is an input that gives half of each object, and says nothing of it.
type lossy struct{ lake.Store }

func (l lossy) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	o, err := l.Store.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	r, err := l.Store.Open(ctx, key)
	return &cutShort{ReadCloser: r, left: o.Size / 2, end: io.EOF}, err
}

// TestHalfAnObject: a store that gives less than it has said has given nothing. The
// object is not refused for it, and the next run reads it whole.
func TestHalfAnObject(t *testing.T) {
	t.Parallel()
	b := newBench(t, strangeProject())
	b.write("t/1/a.csv", "id,v\n1,1.25\n2,1.25\n")
	b.wrap = func(in lake.Store) lake.Store { return lossy{in} }
	var read *engine.StoreError
	if _, err := attempt(b); !errors.As(err, &read) {
		t.Errorf("half of an object: %v", err)
	}
	b.wrap = nil
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone || report.Read.Records != 2 {
		t.Errorf("exit %d, %d records read", report.Exit, report.Read.Records)
	}
}
