package laketest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
)

func writeFile(t *testing.T, dir, name, data string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	must(t, os.MkdirAll(filepath.Dir(file), 0o777))
	must(t, os.WriteFile(file, []byte(data), 0o666))
	return file
}

// stage stages a file of a run, and sends the upload through JSON as the ledger
// does.
func stage(t *testing.T, s lake.Store, key, data string) lake.Upload {
	t.Helper()
	dir, err := s.StagingDir("run")
	must(t, err)
	u, err := s.Stage(t.Context(), key, writeFile(t, dir, "new/"+key, data))
	must(t, err)
	text, err := json.Marshal(u)
	must(t, err)
	var back lake.Upload
	must(t, json.Unmarshal(text, &back))
	if !cmp.Equal(back, u) || u.Key != key || u.Size != int64(len(data)) || u.ETag == "" {
		t.Errorf("upload %+v came back as %+v", u, back)
	}
	return back
}

func complete(t *testing.T, s lake.Store, u lake.Upload) {
	t.Helper()
	o, err := s.Complete(t.Context(), u)
	must(t, err)
	if o.Key != u.Key || o.Size != u.Size || o.ETag != u.ETag {
		t.Errorf("completed %+v as %+v", u, o)
	}
}

func testPublish(t *testing.T, s lake.Store) {
	u := stage(t, s, "a/year=2025/part-0000.parquet", "new")
	wantKeys(t, s, "")
	complete(t, s, u)
	wantKeys(t, s, "", "a/year=2025/part-0000.parquet")
	wantObject(t, s, u.Key, "new")
	empty := stage(t, s, "a/empty", "")
	complete(t, s, empty)
	wantObject(t, s, empty.Key, "")
}

func testPublishReplaces(t *testing.T, s lake.Store) {
	must(t, s.Put(t.Context(), "a", []byte("the old object")))
	u := stage(t, s, "a", "new")
	old, err := s.Open(t.Context(), "a")
	must(t, err)
	wantObject(t, s, "a", "the old object")
	complete(t, s, u)
	wantObject(t, s, "a", "new")
	was := make([]byte, 20)
	n, _ := old.Read(was) // a reader keeps what it opened
	must(t, old.Close())
	if string(was[:n]) != "the old object" {
		t.Errorf("a reader of the old object got %q", was[:n])
	}
}

func testPublishTwice(t *testing.T, s lake.Store) {
	first := stage(t, s, "a", "one")
	complete(t, s, first)
	complete(t, s, first)
	second := stage(t, s, "a", "two")
	complete(t, s, second)
	_, err := s.Complete(t.Context(), first)
	wantError(t, "complete what was replaced since", err, lake.ErrUploadGone)
	wantObject(t, s, "a", "two")
}

func testPublishFromElsewhere(t *testing.T, s lake.Store) {
	file := writeFile(t, t.TempDir(), "elsewhere", "data")
	u, err := s.Stage(t.Context(), "a", file)
	must(t, err)
	must(t, os.WriteFile(file, []byte("changed since"), 0o666))
	wantKeys(t, s, "")
	complete(t, s, u)
	wantObject(t, s, "a", "data")
	if _, err := s.Stage(t.Context(), "a", file+".not"); err == nil {
		t.Error("staged a file that does not exist")
	}
	if _, err := s.Stage(t.Context(), "a", filepath.Dir(file)); err == nil {
		t.Error("staged a directory")
	}
}

func testUploadGone(t *testing.T, s lake.Store) {
	must(t, s.Put(t.Context(), "a", []byte("old")))
	gone := stage(t, s, "a", "new")
	must(t, s.Abort(t.Context(), gone))
	_, err := s.Complete(t.Context(), gone)
	wantError(t, "complete over another object", err, lake.ErrUploadGone)
	wantObject(t, s, "a", "old")
	must(t, s.Remove(t.Context(), "a"))
	_, err = s.Complete(t.Context(), gone)
	wantError(t, "complete without an object", err, lake.ErrUploadGone)
	wantKeys(t, s, "")
}

func testAbort(t *testing.T, s lake.Store) {
	u := stage(t, s, "a", "new")
	must(t, s.Abort(t.Context(), u))
	must(t, s.Abort(t.Context(), u))
	wantKeys(t, s, "")
}

func testSweep(t *testing.T, s lake.Store) {
	var dirs []string
	for _, run := range []string{"dead-1", "dead-2", "live"} {
		dir, err := s.StagingDir(run)
		must(t, err)
		writeFile(t, dir, "a/b/c", "x")
		dirs = append(dirs, dir)
	}
	again, err := s.StagingDir("live")
	must(t, err)
	if again != dirs[2] {
		t.Errorf("staging directory of one run: %s and %s", dirs[2], again)
	}
	unlock, err := s.Lock(t.Context(), lake.Info{PID: 1})
	must(t, err)
	removed, err := s.Sweep(t.Context(), func(run string) bool { return run == "live" })
	must(t, err)
	if len(removed) != 2 {
		t.Errorf("removed %v", removed)
	}
	for i, dir := range dirs {
		if _, err := os.Stat(dir); (err == nil) != (i == 2) {
			t.Errorf("after the sweep, %s: %v", dir, err)
		}
	}
	_, err = s.Sweep(t.Context(), func(string) bool { return false })
	must(t, errors.Join(err, unlock()))
}

func testLock(t *testing.T, s lake.Store) {
	holder := lake.Info{Host: "here", PID: 42, Command: "ledgermill run"}
	unlock, err := s.Lock(t.Context(), holder)
	must(t, err)
	_, err = s.Lock(t.Context(), lake.Info{PID: 43})
	wantError(t, "lock again", err, lake.ErrLocked)
	var locked *lake.LockedError
	if !errors.As(err, &locked) || locked.Holder != holder || locked.Try() == "" {
		t.Errorf("locked by %+v", locked)
	}
	must(t, unlock())
	unlock, err = s.Lock(t.Context(), lake.Info{PID: 43})
	must(t, err)
	must(t, unlock())
}
