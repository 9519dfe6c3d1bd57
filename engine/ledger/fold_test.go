package ledger_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/ledger"
)

// TestFold commits entries that add, replace and take back, and compares the state
// with that of a ledger opened afterwards.
func TestFold(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := open(t, s)
	if n := len(l.State().Units) + len(l.State().Objects); n != 0 || l.State().Number != 0 {
		t.Errorf("an empty lake has a ledger of %d", l.State().Number)
	}
	commit(t, l, ledger.Entry{
		Objects:  []ledger.ObjectRecord{{Feed: "raw", Key: "a", ETag: "1"}, {Feed: "raw", Key: "b", ETag: "1"}},
		Units:    []ledger.UnitRecord{unit("facts", "2025-01-30", "f1"), unit("facts", "2025-01-31", "f1")},
		Verdicts: []ledger.Verdict{{Dataset: "sums", Unit: "2025-01-30", Kind: ledger.RefusedKind, Exit: 3}, {Dataset: "sums", Unit: "2025-01-31", Kind: ledger.HeldKind}},
	})
	commit(t, l, ledger.Entry{
		Objects: []ledger.ObjectRecord{{Feed: "raw", Key: "a", ETag: "2", Vanished: true}, {Feed: "raw", Key: "b", Dropped: true}, {Feed: "other", Key: "b", ETag: "9"}},
		Units:   []ledger.UnitRecord{unit("facts", "2025-01-31", "f2"), unit("sums", "2025-01-30", "s1")},
		Summary: &ledger.RunSummary{Run: "12345678"},
	})
	commit(t, l, ledger.Entry{Verdicts: []ledger.Verdict{{Dataset: "sums", Unit: "2025-01-31", Lifted: true}}})
	for name, state := range map[string]*ledger.State{"committed": l.State(), "opened": open(t, s).State(), "of any project": openAny(t, s).State()} {
		if state.Number != 3 {
			t.Errorf("%s: number %d", name, state.Number)
		}
		if d := cmp.Diff(map[string]map[string]ledger.ObjectRecord{
			"raw":   {"a": {Feed: "raw", Key: "a", ETag: "2", Vanished: true}},
			"other": {"b": {Feed: "other", Key: "b", ETag: "9"}},
		}, state.Objects); d != "" {
			t.Errorf("%s: objects (-want +got):\n%s", name, d)
		}
		if d := cmp.Diff([]string{"2025-01-30", "2025-01-31"}, state.UnitNames("facts")); d != "" {
			t.Errorf("%s: units (-want +got):\n%s", name, d)
		}
		if u, ok := state.Unit("facts", "2025-01-31"); !ok || u.Fingerprint != "f2" {
			t.Errorf("%s: unit %+v", name, u)
		}
		if len(state.Verdicts["sums"]) != 0 {
			t.Errorf("%s: verdicts %v: one unit was published, the other verdict lifted", name, state.Verdicts)
		}
		if r, ok := state.Run("1234"); !ok || r.Run != "12345678" {
			t.Errorf("%s: run %+v", name, r)
		}
		if _, ok := state.Run("123"); ok {
			t.Errorf("%s: three digits name a run", name)
		}
	}
	if d := cmp.Diff(l.State(), open(t, s).State()); d != "" {
		t.Errorf("state (-committed +opened):\n%s", d)
	}
}

func openAny(t *testing.T, s ledger.Store) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), s, "", clock())
	if err != nil {
		t.Fatal(err)
	}
	if l.State().Project != "bank" {
		t.Errorf("project %q", l.State().Project)
	}
	return l
}

// TestCheckpoint commits past a checkpoint: the state is read from it, and is what
// the entries alone come to.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := open(t, s)
	for i := range 105 {
		commit(t, l, ledger.Entry{
			Units:    []ledger.UnitRecord{unit("facts", fmt.Sprintf("2025-01-%02d", i%31+1), fmt.Sprint(i))},
			Objects:  []ledger.ObjectRecord{{Feed: "raw", Key: fmt.Sprint(i % 40), ETag: fmt.Sprint(i), Dropped: i%7 == 0}},
			Verdicts: []ledger.Verdict{{Dataset: "sums", Unit: fmt.Sprint(i % 9), Lifted: i%2 == 0}},
			Summary:  &ledger.RunSummary{Run: fmt.Sprintf("run-%04d", i)},
		})
	}
	checkpoint := func(n int) string { return fmt.Sprintf("%s%020d.checkpoint.json.zst", ledger.Prefix, n) }
	s.opened = nil
	opened := open(t, s).State()
	if d := cmp.Diff(l.State(), opened); d != "" {
		t.Errorf("state (-committed +opened):\n%s", d)
	}
	want := []string{checkpoint(100)}
	for n := 101; n <= 105; n++ {
		want = append(want, entryKey(n), doneKey(n))
	}
	if d := cmp.Diff(want, s.opened); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
	// An older ledger goes on from where it is, by way of the checkpoint or not.
	for _, drop := range []string{checkpoint(100), checkpoint(50)} {
		s.remove(t, drop)
		if d := cmp.Diff(l.State(), open(t, s).State()); d != "" {
			t.Errorf("state without %s (-committed +opened):\n%s", drop, d)
		}
	}
}

// TestReload lets one ledger follow what another one commits, past a checkpoint.
func TestReload(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	follower := open(t, s)
	l := open(t, s)
	for i := range 53 {
		commit(t, l, ledger.Entry{Units: []ledger.UnitRecord{unit("facts", fmt.Sprint(i), "f")}})
		if i == 10 {
			reload(t, follower)
		}
	}
	reload(t, follower)
	if d := cmp.Diff(l.State(), follower.State()); d != "" {
		t.Errorf("state (-committed +followed):\n%s", d)
	}
}

func reload(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	if err := l.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRunRecordsAreBounded(t *testing.T) {
	t.Parallel()
	s := ledger.NewState("bank")
	l := open(t, newStore(t))
	for i := range ledger.MaxRuns + 5 {
		s.Runs = append(s.Runs, ledger.RunSummary{Run: fmt.Sprint(i)})
	}
	l.State().Runs = s.Runs
	commit(t, l, ledger.Entry{Summary: &ledger.RunSummary{Run: "last"}})
	runs := l.State().Runs
	if len(runs) != ledger.MaxRuns || runs[len(runs)-1].Run != "last" {
		t.Errorf("%d records, the last %s", len(runs), runs[len(runs)-1].Run)
	}
}
