package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// FuzzRecord puts any bytes in the place of an entry, of its completion and of a
// checkpoint: the ledger opens, or says which record is at fault, and verify always
// tells.
func FuzzRecord(f *testing.F) {
	root := f.TempDir()
	l, err := ledger.Open(f.Context(), lake.NewDirectory(root), "bank", time.Now)
	if err != nil {
		f.Fatal(err)
	}
	if err := l.Commit(f.Context(), ledger.Entry{Run: "1", Summary: &ledger.RunSummary{Run: "1"}}); err != nil {
		f.Fatal(err)
	}
	entry, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(entryKey(1))))
	if err != nil {
		f.Fatal(err)
	}
	done, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(doneKey(1))))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(entry, done)
	f.Add([]byte("{}"), []byte("{}"))
	f.Add([]byte(`{"number": 1, "uploads": [{"key": "../../x"}]}`), []byte("null"))
	f.Fuzz(func(t *testing.T, entry, done []byte) {
		s := newStore(t)
		dir := filepath.Join(s.root, filepath.FromSlash(ledger.Prefix))
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(s.Location(entryKey(1)), entry, 0o600), os.WriteFile(s.Location(doneKey(1)), done, 0o600)); err != nil {
			t.Fatal(err)
		}
		l, err := ledger.Open(t.Context(), s, "bank", clock())
		found, verifyErr := ledger.Verify(t.Context(), s)
		switch {
		case verifyErr != nil:
			t.Fatal(verifyErr)
		case err != nil && err.Error() == "":
			t.Fatal("an error without a text")
		case err == nil && l.State().Number != 1:
			t.Fatalf("the ledger is at %d", l.State().Number)
		case err != nil && errors.As(err, new(*ledger.DamageError)) && len(found.Faults) == 0:
			t.Fatalf("verify finds nothing where opening says: %v", err)
		}
		for _, outside := range []string{"../x", "../../x"} {
			if _, err := os.Stat(filepath.Join(s.root, outside)); err == nil {
				t.Fatalf("%s was written", outside)
			}
		}
	})
}
