package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// TestRebase lets two committers meet: the one who comes second goes on from what
// the first has published.
func TestRebase(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a, b := open(t, s), open(t, s)
	commit(t, a, ledger.Entry{Run: "a", Units: []ledger.UnitRecord{unit("facts", "2025-01-30", "a")}})
	upload := s.stage(t, "facts/2025-01-31", "b's rows")
	commit(t, b, ledger.Entry{Run: "b", Units: []ledger.UnitRecord{unit("facts", "2025-01-31", "b")}, Uploads: []lake.Upload{upload}})
	if n := b.State().Number; n != 2 {
		t.Errorf("number %d", n)
	}
	if d := cmp.Diff([]string{"2025-01-30", "2025-01-31"}, b.State().UnitNames("facts")); d != "" {
		t.Errorf("units (-want +got):\n%s", d)
	}
	if text := s.text(t, "facts/2025-01-31"); text != "b's rows" {
		t.Errorf("published %q", text)
	}
	reload(t, a)
	if d := cmp.Diff(b.State(), a.State()); d != "" {
		t.Errorf("states (-b +a):\n%s", d)
	}
}

// TestConflict lets two committers meet on a unit: the second one's work shows nowhere.
func TestConflict(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a, b := open(t, s), open(t, s)
	commit(t, a, ledger.Entry{Run: "a", Units: []ledger.UnitRecord{unit("sums", "2025-01-31", "a")}})
	commit(t, a, ledger.Entry{Run: "a", Units: []ledger.UnitRecord{unit("facts", "2025-01-31", "a")}})
	upload := s.stage(t, "facts/2025-01-30", "b's rows")
	err := b.Commit(t.Context(), ledger.Entry{Run: "b", Uploads: []lake.Upload{upload},
		Units: []ledger.UnitRecord{unit("facts", "2025-01-30", "b"), unit("facts", "2025-01-31", "b")}})
	var conflict *ledger.ConflictError
	if !errors.As(err, &conflict) || conflict.Run != "a" || conflict.Unit != (ledger.UnitRef{Dataset: "facts", Unit: "2025-01-31"}) || conflict.Try() == "" {
		t.Fatalf("error %v", err)
	}
	if b.Pending() {
		t.Error("a commit that was not made is pending")
	}
	if s.text(t, "facts/2025-01-30") != "" || s.text(t, entryKey(3)) != "" {
		t.Error("something of the conflict is visible")
	}
	if err := s.Abort(t.Context(), upload); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(a.State(), open(t, s).State()); d != "" {
		t.Errorf("state (-before +after):\n%s", d)
	}
}

// TestConflictsBesideUnits lets two meet of whom one guards, drops or uploads what the
// other changes. Neither knows of the other: the second one's work shows nowhere.
func TestConflictsBesideUnits(t *testing.T) {
	t.Parallel()
	const date, rejects = "2025-01-31", "_rejects/raw/1.parquet"
	publishes := ledger.Entry{Units: []ledger.UnitRecord{unit("facts", date, "f")}}
	drops := ledger.Entry{Drops: []ledger.UnitRef{{Dataset: "facts", Unit: date}}}
	pins := ledger.Entry{Pins: []ledger.Pin{{Dataset: "facts", Unit: date}}}
	closing := func(period string, ended bool) ledger.Entry {
		return ledger.Entry{Closures: []ledger.Closure{{Period: period, Ended: ended}}}
	}
	removes := ledger.Entry{Removals: []string{rejects}}
	uploads := ledger.Entry{Uploads: []lake.Upload{{Key: rejects}}}
	for _, c := range []struct {
		name          string
		first, second ledger.Entry
		want          string // of the error; "": they go together
	}{
		{"dropped", drops, publishes, "run a has dropped facts 2025-01-31"},
		{"published", publishes, drops, "run a has published facts 2025-01-31"},
		{"pinned", pins, publishes, "run a has pinned or released facts 2025-01-31"},
		{"pins what was published", publishes, pins, "run a has published facts 2025-01-31"},
		{"closed day", closing(date, false), publishes, "run a has closed the period of facts 2025-01-31"},
		{"closed month", closing("2025-01", false), publishes, "run a has closed the period of facts 2025-01-31"},
		{"closed year", closing("2025", false), drops, "run a has closed the period of facts 2025-01-31"},
		{"closes what was published", publishes, closing("2025-01", false), "run a has changed facts 2025-01-31"},
		{"another month", closing("2025-02", false), publishes, ""},
		{"no longer closed", closing("2025-01", true), publishes, ""},
		{"a whole dataset", closing("2025", false), ledger.Entry{Units: []ledger.UnitRecord{unit("dim", "whole", "f")}}, ""},
		{"another unit pinned", ledger.Entry{Pins: []ledger.Pin{{Dataset: "facts", Unit: "2025-01-30"}}}, publishes, ""},
		{"removes what was uploaded", uploads, removes, "run a has published " + rejects},
		{"a record alone", publishes, ledger.Entry{Summary: &ledger.RunSummary{Run: "b"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			a, b := open(t, s), open(t, s)
			c.first.Run, c.second.Run = "a", "b"
			for i, u := range c.first.Uploads {
				c.first.Uploads = slices.Clone(c.first.Uploads)
				c.first.Uploads[i] = s.stage(t, u.Key, "a's rows")
			}
			commit(t, a, c.first)
			err := b.Commit(t.Context(), c.second)
			var conflict *ledger.ConflictError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("error %v", err)
			case c.want != "" && (!errors.As(err, &conflict) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want %s", err, c.want)
			case c.want != "" && (s.text(t, entryKey(2)) != "" || b.Pending()):
				t.Error("something of the conflict is visible")
			}
			if s.text(t, rejects) == "" && len(c.first.Uploads) > 0 {
				t.Error("what the other had uploaded was removed")
			}
		})
	}
}

// TestManyCommitters lets many commit at once, all units different and all the same.
func TestManyCommitters(t *testing.T) {
	t.Parallel()
	const committers, rounds = 6, 12
	s := newStore(t)
	var wg sync.WaitGroup
	won := make([]int, rounds)
	var mu sync.Mutex
	for c := range committers {
		l := open(t, s)
		wg.Go(func() {
			for r := range rounds {
				own := unit(fmt.Sprintf("own %d", c), fmt.Sprint(r), "f")
				if err := l.Commit(t.Context(), ledger.Entry{Run: fmt.Sprint(c), Units: []ledger.UnitRecord{own}}); err != nil {
					t.Error(err)
				}
				var conflict *ledger.ConflictError
				if _, taken := l.State().Unit("shared", fmt.Sprint(r)); taken {
					continue
				}
				err := l.Commit(t.Context(), ledger.Entry{Run: fmt.Sprint(c), Units: []ledger.UnitRecord{unit("shared", fmt.Sprint(r), fmt.Sprint(c))}})
				switch {
				case err == nil:
					mu.Lock()
					won[r]++
					mu.Unlock()
				case !errors.As(err, &conflict):
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	state := open(t, s).State()
	if state.Number != committers*rounds+rounds {
		t.Errorf("%d entries, want %d", state.Number, committers*rounds+rounds)
	}
	for r, n := range won {
		if n != 1 {
			t.Errorf("round %d was won %d times", r, n)
		}
	}
	for c := range committers {
		if n := len(state.UnitNames(fmt.Sprintf("own %d", c))); n != rounds {
			t.Errorf("committer %d has %d units", c, n)
		}
	}
}

// TestRollForward opens a ledger behind a commit that nobody finished.
func TestRollForward(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := open(t, s)
	if err := s.Put(t.Context(), "rejects/old", []byte("old")); err != nil {
		t.Fatal(err)
	}
	uploads := []lake.Upload{s.stage(t, "facts/a", "rows of a"), s.stage(t, "facts/b", "rows of b"), s.stage(t, "facts/c", "rows of c")}
	commit(t, l, ledger.Entry{Units: []ledger.UnitRecord{unit("facts", "a", "f"), unit("facts", "b", "f"), unit("facts", "c", "f")}, Uploads: uploads, Removals: []string{"rejects/old"}})
	// Back to the moment after the commit: one file in place, one staged, one lost.
	s.remove(t, doneKey(1))
	s.remove(t, "facts/b")
	s.remove(t, "facts/c")
	if err := os.WriteFile(s.Location(uploads[1].Staged), []byte("rows of b"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "rejects/old", []byte("old")); err != nil {
		t.Fatal(err)
	}
	s.completed = nil
	opened := open(t, s).State()
	for name, lost := range map[string]bool{"a": false, "b": false, "c": true} {
		if u, ok := opened.Unit("facts", name); !ok || u.Lost != lost {
			t.Errorf("unit %s: lost %t, want %t", name, u.Lost, lost)
		}
	}
	for key, want := range map[string]string{"facts/a": "rows of a", "facts/b": "rows of b", "facts/c": "", "rejects/old": ""} {
		if text := s.text(t, key); text != want {
			t.Errorf("%s: %q, want %q", key, text, want)
		}
	}
	if s.text(t, doneKey(1)) == "" {
		t.Error("the commit is not done")
	}
	if len(s.completed) != 3 {
		t.Errorf("completed %v", s.completed)
	}
	// Once it is done, nobody does it again, and the loss is remembered.
	s.completed = nil
	again := open(t, s)
	if d := cmp.Diff(opened, again.State()); d != "" {
		t.Errorf("state (-first +second):\n%s", d)
	}
	if s.completed != nil {
		t.Errorf("completed again: %v", s.completed)
	}
	// The unit is made again, and is lost no more.
	commit(t, again, ledger.Entry{Units: []ledger.UnitRecord{unit("facts", "c", "f")}, Uploads: []lake.Upload{s.stage(t, "facts/c", "rows of c")}})
	if u, _ := open(t, s).State().Unit("facts", "c"); u.Lost || s.text(t, "facts/c") != "rows of c" {
		t.Errorf("unit %+v", u)
	}
}

// TestOtherBytes stages bytes that are changed before they are published.
func TestOtherBytes(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	upload := s.stage(t, "facts/a", "rows of a")
	if err := os.WriteFile(s.Location(upload.Staged), []byte("rows of b"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := open(t, s)
	commitLosing(t, l, ledger.Entry{Units: []ledger.UnitRecord{unit("facts", "a", "f")}, Uploads: []lake.Upload{upload}}, "facts/a")
	if u, _ := l.State().Unit("facts", "a"); !u.Lost || s.text(t, "facts/a") != "" {
		t.Errorf("unit %+v, published %q", u, s.text(t, "facts/a"))
	}
}

// TestCancelledCommit cancels a commit right after it was made: it is finished.
func TestCancelledCommit(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := open(t, s)
	upload := s.stage(t, "facts/a", "rows")
	ctx, cancel := context.WithCancel(t.Context())
	s.onCreate = cancel
	if err := l.Commit(ctx, ledger.Entry{Units: []ledger.UnitRecord{unit("facts", "a", "f")}, Uploads: []lake.Upload{upload}}); err != nil {
		t.Fatal(err)
	}
	if s.text(t, "facts/a") != "rows" || s.text(t, doneKey(1)) == "" || l.Pending() {
		t.Error("the commit is half done")
	}
	// One that is cancelled before is not made.
	if err := l.Commit(ctx, ledger.Entry{}); !errors.Is(err, context.Canceled) || s.text(t, entryKey(2)) != "" {
		t.Errorf("error %v", err)
	}
}

// failing is a lake whose publishing fails for a while.
type failing struct {
	*store
	err error
}

func (f *failing) Complete(ctx context.Context, u lake.Upload) (lake.Object, error) {
	if f.err != nil {
		return lake.Object{}, f.err
	}
	return f.store.Complete(ctx, u)
}

// TestPending fails between commit and publication: the commit stands, whoever
// comes next finishes it.
func TestPending(t *testing.T) {
	t.Parallel()
	f := &failing{store: newStore(t), err: errors.New("the cable is out")}
	l := open(t, f)
	upload := f.stage(t, "facts/a", "rows")
	err := l.Commit(t.Context(), ledger.Entry{Units: []ledger.UnitRecord{unit("facts", "a", "f")}, Uploads: []lake.Upload{upload}})
	if !errors.Is(err, f.err) || !l.Pending() {
		t.Fatalf("error %v, pending %t", err, l.Pending())
	}
	if _, published := l.State().Unit("facts", "a"); published {
		t.Error("a unit counts as published that is not")
	}
	if _, err := ledger.Open(t.Context(), f, "bank", clock()); !errors.Is(err, f.err) {
		t.Errorf("open: %v", err)
	}
	f.err = nil
	if u, ok := open(t, f).State().Unit("facts", "a"); !ok || u.Lost || f.text(t, "facts/a") != "rows" {
		t.Errorf("unit %+v", u)
	}
}

// doubtful is a lake that does what it is asked for and says that it failed, or
// that somebody else was first.
type doubtful struct {
	*store
	says error
}

func (d *doubtful) Create(ctx context.Context, key string, data []byte) error {
	err := d.store.Create(ctx, key, data)
	if says := d.says; says != nil && err == nil {
		d.says = nil
		return says
	}
	return err
}

// TestDoubtfulCommit makes commits whose success the store does not report.
func TestDoubtfulCommit(t *testing.T) {
	t.Parallel()
	cable := errors.New("the cable is out")
	t.Run("failed", func(t *testing.T) {
		t.Parallel()
		d := &doubtful{store: newStore(t), says: cable}
		l := open(t, d)
		upload := d.stage(t, "facts/a", "rows")
		err := l.Commit(t.Context(), ledger.Entry{Units: []ledger.UnitRecord{unit("facts", "a", "f")}, Uploads: []lake.Upload{upload}})
		if !errors.Is(err, cable) || !l.Pending() {
			t.Fatalf("error %v, pending %t: the staged bytes would be thrown away", err, l.Pending())
		}
		if u, ok := open(t, d).State().Unit("facts", "a"); !ok || u.Lost || d.text(t, "facts/a") != "rows" {
			t.Errorf("unit %+v", u)
		}
	})
	t.Run("taken by itself", func(t *testing.T) {
		t.Parallel()
		d := &doubtful{store: newStore(t), says: lake.ErrExists}
		l := open(t, d)
		commit(t, l, ledger.Entry{Run: "a", Units: []ledger.UnitRecord{unit("facts", "a", "f")}})
		if l.Pending() || l.State().Number != 1 || d.text(t, doneKey(1)) == "" || d.text(t, entryKey(2)) != "" {
			t.Errorf("state %+v", l.State())
		}
	})
	t.Run("not made", func(t *testing.T) {
		t.Parallel()
		s := newStore(t)
		l := open(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Commit(ctx, ledger.Entry{}); err == nil || l.Pending() {
			t.Errorf("error %v, pending %t", err, l.Pending())
		}
	})
}

// TestLostRejects loses rejects: the unit is made again, the object is read again.
func TestLostRejects(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := open(t, s)
	commit(t, l, ledger.Entry{Objects: []ledger.ObjectRecord{{Feed: "raw", Key: "b", Contract: "hash", Strays: "rejects/none/b"}}})
	uploads := []lake.Upload{s.stage(t, "rejects/u", "1"), s.stage(t, "rejects/none/a", "2"), s.stage(t, "rejects/none/b", "3"), s.stage(t, "rejects/held", "4")}
	for _, u := range uploads {
		if err := s.Abort(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	commitLosing(t, l, ledger.Entry{
		Units:   []ledger.UnitRecord{{Dataset: "raw", Unit: "u", Rejects: "rejects/u"}, {Dataset: "raw", Unit: "v"}},
		Objects: []ledger.ObjectRecord{{Feed: "raw", Key: "a", Contract: "hash", Strays: "rejects/none/a"}, {Feed: "raw", Key: "c", Contract: "hash"}},
		Uploads: uploads,
	}, "rejects/u", "rejects/none/a", "rejects/none/b", "rejects/held")
	for name, state := range map[string]*ledger.State{"committed": l.State(), "opened": open(t, s).State()} {
		for unit, lost := range map[string]bool{"u": true, "v": false} {
			if u, ok := state.Unit("raw", unit); !ok || u.Lost != lost {
				t.Errorf("%s: unit %s: %+v", name, unit, u)
			}
		}
		for key, contract := range map[string]string{"a": "", "b": "", "c": "hash"} {
			if o := state.Objects["raw"][key]; o.Contract != contract {
				t.Errorf("%s: object %s is of contract %q, want %q", name, key, o.Contract, contract)
			}
		}
	}
}
