package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
	"ledgermill/engine/ledger"
)

// dying is a lake whose run dies between its commit and the completion.
type dying struct{ lake.Store }

func (dying) Complete(context.Context, lake.Upload) (lake.Object, error) {
	return lake.Object{}, errors.New("killed")
}

// TestCollectGarbage has a run that died behind its commit and one that died before.
func TestCollectGarbage(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(*testing.T) (string, lake.Options){
		"directory": func(t *testing.T) (string, lake.Options) { return t.TempDir(), lake.Options{} },
		"bucket": func(t *testing.T) (string, lake.Options) {
			server := s3test.MinIO().Shared(t)
			return server.Bucket(t) + "/lake", lake.Options{S3: server.Settings, Staging: t.TempDir()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, o := place(t)
			root, err := lake.Open(at, o)
			if err != nil {
				t.Fatal(err)
			}
			committed, before := stageIn(t, root, "behind", "facts/a"), stageIn(t, root, "before", "facts/b")
			l, err := ledger.Open(t.Context(), dying{root}, "bank", time.Now)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Commit(t.Context(), ledger.Entry{Run: "behind", Uploads: []lake.Upload{committed}}); err == nil || !l.Pending() {
				t.Fatalf("a run that died behind its commit: %v", err)
			}
			holds := func(g engine.Garbage, u lake.Upload) bool {
				return slices.ContainsFunc(g.Left, func(left lake.Leftover) bool { return left.Holds(u) })
			}
			g := collect(t, root, false)
			if g.Pending != 1 || g.Removed || !holds(g, before) || holds(g, committed) {
				t.Errorf("listed %+v", g)
			}
			missing := &ledger.State{Units: map[string]map[string]ledger.UnitRecord{"facts": {"": {Key: "facts/a", Size: 1}}}}
			if v, err := engine.VerifyLake(t.Context(), root, missing, engine.VerifyOptions{}); err != nil || len(v.Differences) != 1 || v.Pending != 1 {
				t.Errorf("verified %+v, %v", v, err)
			}
			if g = collect(t, root, true); !g.Removed || !holds(g, before) {
				t.Errorf("removed %+v", g)
			}
			if o, err := root.Stat(t.Context(), "facts/a"); err != nil || o.Size != 1 {
				t.Errorf("what was committed: %+v, %v", o, err)
			}
			if _, err := root.Complete(t.Context(), before); !errors.Is(err, lake.ErrUploadGone) {
				t.Errorf("what was not committed: %v", err)
			}
			if g = collect(t, root, false); g.Pending != 0 || len(g.Left) != 0 {
				t.Errorf("afterwards %+v", g)
			}
			unlock, err := root.Lock(t.Context(), lake.Info{PID: 1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := engine.CollectGarbage(t.Context(), root, lake.Info{}, true, time.Now); !errors.Is(err, lake.ErrLocked) {
				t.Errorf("while a run is at work: %v", err)
			}
			if err := unlock(); err != nil {
				t.Error(err)
			}
		})
	}
}

func stageIn(t *testing.T, s lake.Store, run, key string) lake.Upload {
	t.Helper()
	dir, err := s.StagingDir(run)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := s.Stage(t.Context(), key, file)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func collect(t *testing.T, root lake.Store, remove bool) engine.Garbage {
	t.Helper()
	g, err := engine.CollectGarbage(t.Context(), root, lake.Info{Host: "here", PID: os.Getpid()}, remove, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
