package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/ledger"
)

// TestVerify damages a ledger of 60 entries and a checkpoint in every way that an
// opened one cannot see, and in those that it can: each is named.
func TestVerify(t *testing.T) {
	t.Parallel()
	operator := func(text string) string { return strings.Replace(text, "night", "other", 1) }
	for _, c := range []struct {
		name   string
		damage func(*testing.T, *store)
		want   []string // keys
	}{
		{"nothing", func(*testing.T, *store) {}, nil},
		{"entry before the checkpoint", func(t *testing.T, s *store) { s.replace(t, entryKey(7), operator) }, []string{entryKey(7), entryKey(8)}},
		{"last entry", func(t *testing.T, s *store) { s.replace(t, entryKey(60), operator) }, []string{entryKey(60)}},
		{"entry cut", func(t *testing.T, s *store) { s.replace(t, entryKey(9), func(text string) string { return text[:20] }) }, []string{entryKey(9)}},
		{"entry before the checkpoint missing", func(t *testing.T, s *store) { s.remove(t, entryKey(3)) }, []string{entryKey(3)}},
		{"last entry missing", func(t *testing.T, s *store) { s.remove(t, entryKey(60)) }, []string{entryKey(60)}},
		{"done cut", func(t *testing.T, s *store) { s.replace(t, doneKey(5), func(text string) string { return text[:9] }) }, []string{doneKey(5)}},
		{"done missing", func(t *testing.T, s *store) { s.remove(t, doneKey(55)) }, []string{doneKey(55)}},
		{"done of the last entry missing", func(t *testing.T, s *store) { s.remove(t, doneKey(60)) }, nil},
		{"checkpoint", func(t *testing.T, s *store) { s.replace(t, checkpointKey(50), func(string) string { return "zstd" }) }, []string{checkpointKey(50)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			l := open(t, s)
			for i := range 60 {
				commit(t, l, ledger.Entry{Operator: "night", Units: []ledger.UnitRecord{unit("facts", fmt.Sprintf("2025-01-%02d", i%28+1), fmt.Sprint("f", i))},
					Closures: []ledger.Closure{{Period: fmt.Sprint(2000 + i)}}})
			}
			c.damage(t, s)
			found, err := ledger.Verify(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, f := range found.Faults {
				keys = append(keys, f.Key)
			}
			if diff := cmp.Diff(c.want, keys); diff != "" {
				t.Errorf("faults (-want +got):\n%s%+v", diff, found.Faults)
			}
		})
	}
	t.Run("another state in the checkpoint", func(t *testing.T) {
		t.Parallel()
		one, other := newStore(t), newStore(t)
		for i, s := range []*store{one, other} {
			l := open(t, s)
			for n := range 50 {
				commit(t, l, ledger.Entry{Operator: "night", Units: []ledger.UnitRecord{unit("facts", "2025-01-01", fmt.Sprint("f", n*(i+1)))}})
			}
		}
		one.replace(t, checkpointKey(50), func(string) string { return other.text(t, checkpointKey(50)) })
		found, err := ledger.Verify(t.Context(), one)
		if err != nil || len(found.Faults) != 1 || found.Faults[0].Key != checkpointKey(50) || found.Checkpoints != 1 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func checkpointKey(n int) string { return fmt.Sprintf("_ledger/%020d.checkpoint.json.zst", n) }
