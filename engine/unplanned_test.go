package engine_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

var errCut = errors.New("the cable was cut")

// cut is a store of which some calls fail. A nil function fails none.
type cut struct {
	lake.Store
	list, open, write func(key string) bool
}

func fails(when func(string) bool, key string) error {
	if when != nil && when(key) {
		return errCut
	}
	return nil
}

func (c cut) List(ctx context.Context, prefix string) ([]lake.Object, error) {
	if err := fails(c.list, prefix); err != nil {
		return nil, err
	}
	return c.Store.List(ctx, prefix)
}

func (c cut) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := fails(c.open, key); err != nil {
		return nil, err
	}
	return c.Store.Open(ctx, key)
}

func (c cut) Put(ctx context.Context, key string, data []byte) error {
	if err := fails(c.write, key); err != nil {
		return err
	}
	return c.Store.Put(ctx, key, data)
}

func (c cut) Create(ctx context.Context, key string, data []byte) error {
	if err := fails(c.write, key); err != nil {
		return err
	}
	return c.Store.Create(ctx, key, data)
}

func always(string) bool { return true }

// TestUnplannedRunIsRecorded lets runs fail before they have a plan: the ledger says so,
// with a report and a log beside it, and the next run is an ordinary one. A lake that
// cannot be written either changes nothing about the error.
func TestUnplannedRunIsRecorded(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) *bench {
		b := newBench(t, inPlaceProject())
		b.write("t/1.csv", "id,d,v,note\n1,2025-01-01,1.50,a\n")
		return b
	}
	for _, c := range []struct {
		name  string
		input cut
		lake  cut
		agree bool // on a plan that does not hold any more
		says  string
		want  int // recorded runs
	}{
		{"listing", cut{list: always}, cut{}, false, errCut.Error(), 1},
		{"reading", cut{open: func(key string) bool { return strings.HasSuffix(key, ".csv") }}, cut{}, false, errCut.Error(), 1},
		{"a plan that has moved", cut{}, cut{}, true, "object t/2.csv is new", 1},
		{"a report that cannot be kept", cut{list: always}, cut{write: func(key string) bool { return strings.Contains(key, "/runs/") }}, false, errCut.Error(), 1},
		{"a lake that cannot be written", cut{list: always}, cut{write: always}, false, errCut.Error(), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			var sel engine.Selection
			if c.agree {
				m := b.open(false)
				file, err := m.PlanFile(t.Context(), sel)
				if err := errors.Join(err, m.Close()); err != nil {
					t.Fatal(err)
				}
				sel.Agreed = file
				b.write("t/2.csv", "id,d,v,note\n2,2025-01-02,2.50,b\n")
			}
			b.wrap = func(s lake.Store) lake.Store { c.input.Store = s; return c.input }
			b.wrapLake = func(s lake.Store) lake.Store { c.lake.Store = s; return c.lake }
			m := b.open(true)
			m.Record = func() []byte { return []byte("log\n") }
			report, err := m.Execute(t.Context(), sel)
			if err == nil || !strings.Contains(err.Error(), c.says) || report.Exit != engine.ExitFailed {
				t.Errorf("exit %d, error %v", report.Exit, err)
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			b.wrap, b.wrapLake = nil, nil
			unplannedRecord(t, b, report, c.want, c.lake.write == nil)
			if again := b.run(engine.Selection{}); again.Exit != engine.ExitDone || again.NothingToDo() {
				t.Errorf("the next run: exit %d, %d units", again.Exit, len(again.Units))
			}
		})
	}
}

func unplannedRecord(t *testing.T, b *bench, report *engine.Report, want int, beside bool) {
	t.Helper()
	m := b.open(false)
	runs := m.State().Runs
	if len(runs) != want {
		t.Fatalf("%d runs are recorded, want %d", len(runs), want)
	}
	for _, one := range runs {
		if one.Run != report.Run || one.Exit != report.Exit || one.Error == "" || one.Units != 0 || one.Finished.Before(one.Started) {
			t.Errorf("%+v", one)
		}
	}
	if !beside {
		return
	}
	record, err := m.RunRecord(t.Context(), "")
	if err != nil || record.Report == nil || record.Report.Exit != report.Exit {
		t.Errorf("report %+v, %v", record.Report, err)
	}
	var text strings.Builder
	if err := record.Text(&text); err != nil || !strings.Contains(text.String(), "  error: ") {
		t.Errorf("%v\n%s", err, &text)
	}
	log, err := m.Lake.Open(t.Context(), ledger.Prefix+"runs/"+report.Run+".log")
	if errors.Is(err, fs.ErrNotExist) {
		t.Error("no log is kept")
	} else if err := errors.Join(err, log.Close()); err != nil {
		t.Error(err)
	}
}

// hungUp is a warehouse whose server ends the connection of a load that is broken off.
type hungUp struct{ off func() }

func (w hungUp) Load(ctx context.Context, _ engine.LoadRequest) (engine.LoadReport, error) {
	w.off()
	return engine.LoadReport{}, &engine.StoreError{Op: "load", URL: "postgres://", Err: context.Cause(ctx)}
}

// TestBrokenOffWhileLoading: the record of a run that a signal broke off has the exit
// code of the signal, whatever the error of the load says that wraps it.
func TestBrokenOffWhileLoading(t *testing.T) {
	t.Parallel()
	b := newBench(t, inPlaceProject())
	b.write("t/1.csv", "id,d,v,note\n1,2025-01-01,1.50,a\n")
	m := b.open(true)
	ctx, cancel := context.WithCancelCause(t.Context())
	signal := errors.New("interrupted")
	m.Warehouse = hungUp{func() { cancel(signal) }}
	m.ExitCode = func(err error) int {
		if err == signal { // what wraps it has a code of its own
			return engine.ExitTerminated
		}
		return engine.ExitUnreachable
	}
	report, err := m.Execute(ctx, engine.Selection{})
	if !errors.Is(err, signal) || report.Exit != engine.ExitTerminated {
		t.Errorf("exit %d, %v", report.Exit, err)
	}
	if runs := m.State().Runs; len(runs) != 1 || runs[0].Exit != engine.ExitTerminated {
		t.Errorf("%+v", runs)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
