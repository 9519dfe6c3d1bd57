package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// losing is a lake whose uploads are aborted behind the run's back, once it has
// committed.
type losing struct {
	lake.Store
	lose  string // what the key begins with
	times int    // how often
	lost  int
}

func (l *losing) Complete(ctx context.Context, u lake.Upload) (lake.Object, error) {
	if strings.HasPrefix(u.Key, l.lose) && l.lost < l.times {
		l.lost++
		if err := l.Abort(ctx, u); err != nil {
			return lake.Object{}, err
		}
	}
	return l.Store.Complete(ctx, u)
}

// TestLostUploads aborts uploads after the commit. To a bucket they are sent again; in
// a directory, or where the store never stops losing them, the run fails, the unit is
// lost and says so, and the next run makes it again.
func TestLostUploads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, lose string
		times      int
		heals      bool
		status     []string
	}{
		{"unit once", "t/year=2025/month=1/day=1/part", 1, true, []string{"raw_t done", "t lost"}},
		{"unit for ever", "t/year=2025/month=1/day=1/part", 99, false, []string{"raw_t done", "t lost"}},
		{"rejects once", "_rejects/raw_t/year", 1, true, []string{"raw_t lost", "t done"}},
		{"rejects without a date once", "_rejects/raw_t/none/", 1, true, []string{"raw_t done", "t done"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onSites(t, func(t *testing.T, at site) {
				lostUploads(t, at, c.lose, c.times, c.heals && at.program != nil, c.status)
			})
		})
	}
}

func lostUploads(t *testing.T, at site, lose string, times int, heals bool, want []string) {
	b := newBenchAt(t, inPlaceProject(), at)
	b.write("t/1.csv", "id,d,v,note\n1,2025-01-01,1.50,a\n2,2025-01-01,2.50,b\n3,2025-01-01,x,c\n4,x,1.00,d\n")
	b.write("t/1.csv.control.json", `{"records": 4}`)
	thief := &losing{lose: lose, times: times}
	b.wrapLake = func(s lake.Store) lake.Store { thief.Store = s; return thief }
	m := b.open(true)
	_, err := m.Execute(t.Context(), engine.Selection{})
	err = errors.Join(err, m.Close())
	if thief.lost == 0 {
		t.Fatal("no upload was aborted")
	}
	b.wrapLake = nil
	b.fetch()
	if heals {
		if err != nil {
			t.Errorf("lost once: %v", err)
		}
	} else {
		var lost *ledger.LostError
		if !errors.As(err, &lost) || m.ExitCode(err) != engine.ExitFailed || !strings.Contains(err.Error(), lose) {
			t.Errorf("error %v, exit %d", err, m.ExitCode(err))
		}
		status, err := b.open(false).Status(t.Context(), engine.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, u := range status.Units {
			told = append(told, u.Dataset+" "+u.Status)
		}
		if d := cmp.Diff(want, told); d != "" {
			t.Errorf("status (-want +got):\n%s", d)
		}
		b.run(engine.Selection{})
	}
	if rows := b.lakeRows("t", []string{"id", "v"}); fmt.Sprint(rows) != "[[1 1.50] [2 2.50]]" {
		t.Errorf("rows: %v", rows)
	}
	if files := b.rejectFiles(); len(files) != 2 {
		t.Errorf("rejects: %v", files)
	}
	if report := b.run(engine.Selection{}); !report.NothingToDo() {
		t.Errorf("a run after it made %v", report.Units)
	}
}

// elsewhere is a lake as another machine sees it.
type elsewhere struct {
	lake.Store
	host string
	free bool // it asks for no lock: what is left is the conditional commit
}

func (e *elsewhere) Lock(ctx context.Context, holder lake.Info) (func() error, error) {
	if e.free {
		return func() error { return nil }, nil
	}
	holder.Host = e.host
	return e.Store.Lock(ctx, holder)
}

// TestTwoRunsAtOnce starts two runs of one day together: in one place and in two,
// with the lock and without. One publishes; the other stops, or finds nothing to do.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	onSites(t, func(t *testing.T, at site) {
		for _, free := range []bool{false, true} {
			if free && at.program == nil {
				continue // a directory's sweep relies on the lock
			}
			t.Run(fmt.Sprintf("without a lock %t", free), func(t *testing.T) {
				t.Parallel()
				for round := range 3 {
					twoRuns(t, at, free, round)
				}
			})
		}
	})
}

func twoRuns(t *testing.T, at site, free bool, round int) {
	t.Helper()
	b := newBenchAt(t, inPlaceProject(), at)
	b.write("t/1.csv", fmt.Sprintf("id,d,v,note\n1,2025-01-01,%d.50,a\n", round))
	b.write("t/1.csv.control.json", `{"records": 1}`)
	input, _ := b.stores()
	b.send(input)
	type outcome struct {
		report *engine.Report
		err    error
	}
	outcomes := make(chan outcome, 2)
	for i := range 2 {
		go func() {
			one := *b
			one.wrapLake = func(s lake.Store) lake.Store {
				return &elsewhere{Store: s, host: fmt.Sprintf("host-%d", i), free: free}
			}
			m, err := one.tryOpen(true)
			if err != nil {
				outcomes <- outcome{nil, err}
				return
			}
			report, err := m.Execute(t.Context(), engine.Selection{})
			outcomes <- outcome{report, errors.Join(err, m.Close())}
		}()
	}
	published := 0
	for range 2 {
		o := <-outcomes
		var locked *lake.LockedError
		var conflict *ledger.ConflictError
		switch {
		case errors.As(o.err, &locked), errors.As(o.err, &conflict):
		case o.err != nil:
			t.Errorf("a run failed: %v", o.err)
		case o.report.Published > 0:
			published++
		case !o.report.NothingToDo():
			t.Errorf("a run did something, and published nothing: %+v", o.report.Units)
		}
	}
	if published != 1 {
		t.Errorf("%d runs published", published)
	}
	b.fetch()
	if rows := b.lakeRows("t", []string{"id", "v"}); fmt.Sprint(rows) != fmt.Sprintf("[[1 %d.50]]", round) {
		t.Errorf("in the lake: %v", rows)
	}
	if report := b.run(engine.Selection{}); !report.NothingToDo() {
		t.Errorf("a run after them made %v", report.Units)
	}
}
