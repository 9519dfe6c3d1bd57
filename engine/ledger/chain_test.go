package ledger_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// threeEntries is a ledger that others then damage.
func threeEntries(t *testing.T) *store {
	t.Helper()
	s := newStore(t)
	l := open(t, s)
	for _, name := range []string{"2025-01-29", "2025-01-30", "2025-01-31"} {
		commit(t, l, ledger.Entry{Operator: "night", Units: []ledger.UnitRecord{unit("facts", name, "f")}})
	}
	return s
}

// TestDamage edits, cuts and removes what the ledger is made of: it is noticed, and
// the message names the file and what to do.
func TestDamage(t *testing.T) {
	t.Parallel()
	operator := func(text string) string { return strings.Replace(text, "night", "other", 1) }
	half := func(text string) string { return text[:len(text)/2] }
	for _, c := range []struct {
		name   string
		damage func(*testing.T, *store)
		key    string // named by the error
	}{
		{"first entry edited", func(t *testing.T, s *store) { s.replace(t, entryKey(1), operator) }, entryKey(2)},
		{"second entry edited", func(t *testing.T, s *store) { s.replace(t, entryKey(2), operator) }, entryKey(3)},
		{"entry cut", func(t *testing.T, s *store) { s.replace(t, entryKey(2), half) }, entryKey(2)},
		{"done cut", func(t *testing.T, s *store) { s.replace(t, doneKey(2), half) }, doneKey(2)},
		{"done missing", func(t *testing.T, s *store) { s.remove(t, doneKey(2)) }, doneKey(2)},
		{"first entry missing", func(t *testing.T, s *store) { s.remove(t, entryKey(1)) }, entryKey(1)},
		{"second entry missing", func(t *testing.T, s *store) { s.remove(t, entryKey(2)) }, entryKey(2)},
		{"entries exchanged", func(t *testing.T, s *store) {
			one, two := s.text(t, entryKey(1)), s.text(t, entryKey(2))
			s.replace(t, entryKey(1), func(string) string { return two })
			s.replace(t, entryKey(2), func(string) string { return one })
		}, entryKey(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := threeEntries(t)
			c.damage(t, s)
			_, err := ledger.Open(t.Context(), s, "bank", clock())
			var damage *ledger.DamageError
			if !errors.As(err, &damage) || damage.Key != c.key || !strings.Contains(damage.Try(), c.key) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("checkpoint", func(t *testing.T) {
		t.Parallel()
		s := newStore(t)
		l := open(t, s)
		for range 51 {
			commit(t, l, ledger.Entry{})
		}
		key := ledger.Prefix + "00000000000000000050.checkpoint.json.zst"
		s.replace(t, key, func(text string) string { return text[:len(text)/2] })
		_, err := ledger.Open(t.Context(), s, "bank", clock())
		var damage *ledger.DamageError
		if !errors.As(err, &damage) || damage.Key != key || !strings.HasPrefix(damage.Try(), "remove ") {
			t.Fatalf("error %v", err)
		}
		s.remove(t, key)
		open(t, s)
	})
	t.Run("strangers", func(t *testing.T) {
		t.Parallel()
		s := threeEntries(t)
		for _, name := range []string{"lock", "notes.txt", "runs/12345678.json", "0000.json", "xx000000000000000004.json", "00000000000000000004.json.bak"} {
			if err := s.Put(t.Context(), ledger.Prefix+name, []byte("{")); err != nil {
				t.Fatal(err)
			}
		}
		if n := open(t, s).State().Number; n != 3 {
			t.Errorf("number %d", n)
		}
	})
}

// TestOldEntriesAreNotObeyedAgain loses the completion of an entry whose removal a later
// one has published anew: nothing is removed again.
func TestOldEntriesAreNotObeyedAgain(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := open(t, s)
	const key = "_rejects/raw/1.parquet"
	commit(t, l, ledger.Entry{Uploads: []lake.Upload{s.stage(t, key, "first")}})
	commit(t, l, ledger.Entry{Removals: []string{key}})
	commit(t, l, ledger.Entry{Uploads: []lake.Upload{s.stage(t, key, "second")}})
	s.remove(t, doneKey(2))
	s.completed = nil
	var damage *ledger.DamageError
	if _, err := ledger.Open(t.Context(), s, "bank", clock()); !errors.As(err, &damage) || damage.Key != doneKey(2) {
		t.Errorf("error %v", err)
	}
	if text := s.text(t, key); text != "second" || s.completed != nil || s.text(t, doneKey(2)) != "" {
		t.Errorf("%q is published, %v completed", text, s.completed)
	}
	found, err := ledger.Verify(t.Context(), s)
	if err != nil || len(found.Faults) != 1 || found.Faults[0].Key != doneKey(2) {
		t.Errorf("%+v, %v", found, err)
	}
	// The last entry alone may be unfinished: whoever comes next finishes it.
	two := newStore(t)
	l = open(t, two)
	for range 2 {
		commit(t, l, ledger.Entry{Uploads: []lake.Upload{two.stage(t, key, "again")}})
	}
	two.remove(t, doneKey(2))
	if found, err := ledger.Verify(t.Context(), two); err != nil || len(found.Faults) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if open(t, two); two.text(t, doneKey(2)) == "" {
		t.Error("the last entry is not finished")
	}
}

// TestIdle notes runs that change nothing: the last one stands, and the ledger stays.
func TestIdle(t *testing.T) {
	t.Parallel()
	s := threeEntries(t)
	l := open(t, s)
	if idle, err := ledger.ReadIdle(t.Context(), s); idle != nil || err != nil {
		t.Fatalf("%+v, %v", idle, err)
	}
	for _, run := range []string{"first", "second"} {
		if err := l.NoteIdle(t.Context(), ledger.RunSummary{Run: run, Finished: clock()()}); err != nil {
			t.Fatal(err)
		}
	}
	idle, err := ledger.ReadIdle(t.Context(), s)
	if err != nil || idle.Run != "second" {
		t.Errorf("%+v, %v", idle, err)
	}
	if d := cmp.Diff(l.State(), open(t, s).State()); d != "" {
		t.Errorf("state (-before +after):\n%s", d)
	}
	if found, err := ledger.Verify(t.Context(), s); err != nil || len(found.Faults) > 0 || found.Entries != 3 {
		t.Errorf("%+v, %v", found, err)
	}
	s.replace(t, ledger.IdleKey, func(text string) string { return text[:4] })
	var damage *ledger.DamageError
	if _, err := ledger.ReadIdle(t.Context(), s); !errors.As(err, &damage) || !strings.HasPrefix(damage.Try(), "remove ") {
		t.Errorf("%v", err)
	}
}

// TestOthersAreRefused opens ledgers of another project and of a newer program.
func TestOthersAreRefused(t *testing.T) {
	t.Parallel()
	t.Run("project", func(t *testing.T) {
		t.Parallel()
		s := threeEntries(t)
		_, err := ledger.Open(t.Context(), s, "library", clock())
		var project *ledger.ProjectError
		if !errors.As(err, &project) || project.Lake != "bank" || project.Project != "library" || project.Try() == "" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("two projects on an empty lake", func(t *testing.T) {
		t.Parallel()
		s := newStore(t)
		late, err := ledger.Open(t.Context(), s, "library", clock())
		if err != nil {
			t.Fatal(err)
		}
		commit(t, open(t, s), ledger.Entry{Units: []ledger.UnitRecord{unit("facts", "2025-01-31", "f")}})
		var project *ledger.ProjectError
		if err := late.Commit(t.Context(), ledger.Entry{}); !errors.As(err, &project) {
			t.Errorf("error %v", err)
		}
		if text := s.text(t, entryKey(2)); text != "" {
			t.Errorf("the other project has committed %s", text)
		}
	})
	newer := func(text string) string { return strings.Replace(text, `"format":1`, `"format":2`, 1) }
	older := func(text string) string { return strings.Replace(text, `"format":1`, `"format":0`, 1) }
	t.Run("newer entry", func(t *testing.T) {
		t.Parallel()
		s := threeEntries(t)
		s.replace(t, entryKey(3), newer)
		_, err := ledger.Open(t.Context(), s, "bank", clock())
		var format *ledger.FormatError
		if !errors.As(err, &format) || format.Found != 2 || format.Try() == "" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("newer entry while open", func(t *testing.T) {
		t.Parallel()
		s := threeEntries(t)
		l := open(t, s)
		commit(t, open(t, s), ledger.Entry{})
		s.replace(t, entryKey(4), newer)
		var format *ledger.FormatError
		if err := l.Commit(t.Context(), ledger.Entry{}); !errors.As(err, &format) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("older entry", func(t *testing.T) {
		t.Parallel()
		s := threeEntries(t)
		s.replace(t, entryKey(3), older)
		if n := open(t, s).State().Number; n != 3 {
			t.Errorf("number %d", n)
		}
	})
	t.Run("no lake", func(t *testing.T) {
		t.Parallel()
		s := newStore(t)
		if err := os.RemoveAll(s.root); err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.Open(t.Context(), s, "bank", clock()); !errors.Is(err, lake.ErrMissing) {
			t.Errorf("error %v", err)
		}
	})
}
