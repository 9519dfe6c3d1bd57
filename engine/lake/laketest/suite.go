package laketest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
)

// Suite tests a store. open returns a new, prepared and empty one each time, and
// puts it away with t.Cleanup.
func Suite(t *testing.T, open func(t *testing.T) lake.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, lake.Store)
	}{
		{"objects", testObjects},
		{"absent objects", testAbsent},
		{"list", testList},
		{"bad keys", testBadKeys},
		{"cancelled", testCancelled},
		{"create is for one", testCreateRace},
		{"put replaces whole", testPutWhole},
		{"copy", testCopy},
		{"hash", testHash},
		{"publish", testPublish},
		{"publish replaces", testPublishReplaces},
		{"publish twice", testPublishTwice},
		{"publish from elsewhere", testPublishFromElsewhere},
		{"publish at once", testPublishRace},
		{"upload gone", testUploadGone},
		{"abort", testAbort},
		{"sweep", testSweep},
		{"lock", testLock},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error %v, want %v", what, err, target)
	}
}

func read(t *testing.T, s lake.Store, key string) string {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	must(t, err)
	data, err := io.ReadAll(r)
	must(t, errors.Join(err, r.Close()))
	return string(data)
}

func wantObject(t *testing.T, s lake.Store, key, data string) {
	t.Helper()
	if got := read(t, s, key); got != data {
		t.Errorf("object %s = %.40q, want %.40q", key, got, data)
	}
}

func wantKeys(t *testing.T, s lake.Store, prefix string, want ...string) {
	t.Helper()
	objects, err := s.List(t.Context(), prefix)
	must(t, err)
	var keys []string
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("list %q (-want +got):\n%s", prefix, diff)
	}
}

func testObjects(t *testing.T, s lake.Store) {
	ctx := t.Context()
	must(t, s.Put(ctx, "a/b c+ü%20.txt", []byte("one")))
	wantObject(t, s, "a/b c+ü%20.txt", "one")
	must(t, s.Put(ctx, "a/b c+ü%20.txt", nil))
	wantObject(t, s, "a/b c+ü%20.txt", "")
	must(t, s.Create(ctx, "a/new", []byte("two")))
	wantError(t, "create again", s.Create(ctx, "a/new", []byte("three")), lake.ErrExists)
	wantObject(t, s, "a/new", "two")
	o, err := s.Stat(ctx, "a/new")
	must(t, err)
	if o.Key != "a/new" || o.Size != 3 || o.ModTime.IsZero() {
		t.Errorf("stat = %+v", o)
	}
	listed, err := s.List(ctx, "a/new")
	must(t, err)
	if len(listed) != 1 || !listed[0].Same(o) {
		t.Errorf("listed as %+v, stat says %+v", listed, o)
	}
	must(t, s.Remove(ctx, "a/new"))
	must(t, s.Create(ctx, "a/new", []byte("four")))
	wantObject(t, s, "a/new", "four")
	if s.URL() == "" || s.Location("a/new") == "" {
		t.Errorf("URL %q, location %q", s.URL(), s.Location("a/new"))
	}
}

func testAbsent(t *testing.T, s lake.Store) {
	ctx := t.Context()
	must(t, s.Put(ctx, "dir/a", nil))
	for _, key := range []string{"b", "dir", "dir/a/b", "dir/b"} {
		_, err := s.Stat(ctx, key)
		wantError(t, "stat "+key, err, fs.ErrNotExist)
		_, err = s.Open(ctx, key)
		wantError(t, "open "+key, err, fs.ErrNotExist)
		_, err = lake.Hash(ctx, s, key)
		wantError(t, "hash "+key, err, fs.ErrNotExist)
	}
	must(t, s.Remove(ctx, "b"))
	must(t, s.Remove(ctx, "c/d"))
}

func testList(t *testing.T, s lake.Store) {
	ctx := t.Context()
	wantKeys(t, s, "")
	for _, key := range []string{"b/part-10", "b/part-2", "b/part-01", "a", "b.txt", "b/c/1", "_ledger/00000000000000000001.json"} {
		must(t, s.Put(ctx, key, []byte("x")))
	}
	staging, err := s.StagingDir("run-1")
	must(t, err)
	writeFile(t, staging, "staged", "x")
	_, err = s.Stage(ctx, "b/staged", writeFile(t, staging, "other", "y"))
	must(t, err)
	unlock, err := s.Lock(ctx, lake.Info{PID: 1})
	must(t, err)
	wantKeys(t, s, "", "_ledger/00000000000000000001.json", "a", "b.txt", "b/c/1", "b/part-01", "b/part-2", "b/part-10")
	wantKeys(t, s, "b", "b.txt", "b/c/1", "b/part-01", "b/part-2", "b/part-10")
	wantKeys(t, s, "b/", "b/c/1", "b/part-01", "b/part-2", "b/part-10")
	wantKeys(t, s, "b/p", "b/part-01", "b/part-2", "b/part-10")
	wantKeys(t, s, "b/part-2", "b/part-2")
	wantKeys(t, s, "nothing/")
	must(t, unlock())
}

func testBadKeys(t *testing.T, s lake.Store) {
	ctx := t.Context()
	staging, err := s.StagingDir("run")
	must(t, err)
	file := writeFile(t, staging, "x", "x")
	for _, key := range []string{"", "/a", "..", "../a", "a/../../b", "a/..", ".", "./a", "a//b", "a/", "a\nb", "a\x00", "a\x7f", "\xff", string(bytes.Repeat([]byte("a"), 1025))} {
		_, statErr := s.Stat(ctx, key)
		_, openErr := s.Open(ctx, key)
		_, stageErr := s.Stage(ctx, key, file)
		_, completeErr := s.Complete(ctx, lake.Upload{Key: key, Staged: "_staging/run/x"})
		for i, err := range []error{statErr, openErr, stageErr, completeErr, s.Put(ctx, key, nil), s.Create(ctx, key, nil), s.Remove(ctx, key)} {
			var bad *lake.KeyError
			if !errors.As(err, &bad) {
				t.Errorf("operation %d took the key %.20q: %v", i, key, err)
			}
		}
	}
	for _, run := range []string{"", "..", "a/b", ".x", "a\n"} {
		if dir, err := s.StagingDir(run); err == nil {
			t.Errorf("staging directory of %q: %s", run, dir)
		}
	}
	wantKeys(t, s, "")
}

func testCancelled(t *testing.T, s lake.Store) {
	must(t, s.Put(t.Context(), "a", []byte("x")))
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, listErr := s.List(ctx, "")
	_, statErr := s.Stat(ctx, "a")
	_, lockErr := s.Lock(ctx, lake.Info{})
	for i, err := range []error{listErr, statErr, lockErr, s.Put(ctx, "b", nil), s.Create(ctx, "b", nil), s.Remove(ctx, "a")} {
		if !errors.Is(err, cause) {
			t.Errorf("operation %d went on: %v", i, err)
		}
	}
	wantKeys(t, s, "", "a")
}

func testCopy(t *testing.T, s lake.Store) {
	ctx := t.Context()
	must(t, s.Put(ctx, "a/old +%2f", []byte("one")))
	must(t, s.Copy(ctx, "a/old +%2f", "b/c/copy ü+"))
	wantObject(t, s, "b/c/copy ü+", "one")
	must(t, s.Put(ctx, "a/old +%2f", []byte("two")))
	must(t, s.Copy(ctx, "a/old +%2f", "b/c/copy ü+"))
	wantObject(t, s, "b/c/copy ü+", "one")
	wantObject(t, s, "a/old +%2f", "two")
	published := stage(t, s, "d", "published")
	complete(t, s, published)
	must(t, s.Copy(ctx, "d", "e"))
	wantObject(t, s, "e", "published")
	wantError(t, "copy what is not there", s.Copy(ctx, "none", "f"), fs.ErrNotExist)
	var bad *lake.KeyError
	if err := s.Copy(ctx, "d", "../x"); !errors.As(err, &bad) {
		t.Errorf("copied to a bad key: %v", err)
	}
}

func testHash(t *testing.T, s lake.Store) {
	must(t, s.Put(t.Context(), "a", []byte("abc")))
	o, err := lake.Hash(t.Context(), s, "a")
	must(t, err)
	if want := "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; o.ETag != want || o.Size != 3 {
		t.Errorf("hash = %+v, want %s", o, want)
	}
}
