package engine_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// crashBucket is where both sides of a crashing run lie on a server. It goes to the
// run's process through its environment.
type crashBucket struct {
	Endpoint, Region, Access, Secret string
	Place                            string // s3://bucket
	Fetch                            bool
}

func crashBucketOf(b *buckets, fetch bool) *crashBucket {
	s := b.server.Settings
	place, _, _ := strings.Cut(strings.TrimPrefix(b.lake, "s3://"), "/")
	return &crashBucket{Endpoint: s.Endpoint, Region: s.Region, Access: s.AccessKey.Reveal(), Secret: s.SecretKey.Reveal(), Place: "s3://" + place, Fetch: fetch}
}

// stores are both sides of a crashing run.
func (c crashing) stores() (input, root lake.Store, err error) {
	if c.Bucket == nil {
		return lake.NewDirectory(filepath.Join(c.Dir, "raw")), lake.NewDirectory(filepath.Join(c.Dir, "lake")), nil
	}
	o := lake.Options{Staging: filepath.Join(c.Dir, "staging"), S3: config.S3{Endpoint: c.Bucket.Endpoint, Region: c.Bucket.Region, PathStyle: config.PathStyleAuto,
		AccessKey: config.Secret(c.Bucket.Access), SecretKey: config.Secret(c.Bucket.Secret), Section: "s3"}}
	input, err = lake.Open(c.Bucket.Place+"/raw", o)
	if err == nil {
		root, err = lake.Open(c.Bucket.Place+"/lake", o)
	}
	return input, root, err
}

func (c crashing) reach(s *duckdb.Settings, input, root lake.Store) *engine.Reading {
	if c.Bucket == nil {
		s.Readable = []string{input.Location(""), root.Location("")}
		return nil
	}
	if x := extension(); x.Available() && !c.Bucket.Fetch {
		s.Extension, s.Remotes = x, []duckdb.Remote{remoteOf(input.(*lake.Bucket)), remoteOf(root.(*lake.Bucket))}
		return &engine.Reading{Way: engine.InPlace, HTTPFS: x.Version}
	}
	return &engine.Reading{Way: engine.Fetched}
}

// bucketSite is a published lake on a server, with the input that a run finds next.
func bucketSite(t *testing.T, at site, undisturbed *crashSite) crashing {
	t.Helper()
	b := newBenchAt(t, library(), at)
	c := crashing{Dir: t.TempDir(), Bucket: crashBucketOf(b.buckets, at.fetch), project: undisturbed.project}
	for version := 1; version <= 2; version++ {
		loanDays(t, c.Dir, version)
		input, _, err := c.stores()
		if err != nil {
			t.Fatal(err)
		}
		sendDirectory(t, input, filepath.Join(c.Dir, "raw"))
		if version == 1 {
			if _, err := c.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

// sendDirectory puts the files of a directory into a store, each with the count of
// its records, so that it can be read there.
func sendDirectory(t *testing.T, to lake.Store, dir string) {
	t.Helper()
	objects, err := lake.NewDirectory(dir).List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		data := objectBytes(t, lake.NewDirectory(dir), o.Key)
		control := fmt.Sprintf(`{"records": %d}`, strings.Count(string(data), "\n")-1)
		if err := errors.Join(to.Put(t.Context(), o.Key, data), to.Put(t.Context(), o.Key+".control.json", []byte(control))); err != nil {
			t.Fatal(err)
		}
	}
}

// found are the digests of what readers of a lake find.
func found(t *testing.T, s lake.Reader) map[string]string {
	t.Helper()
	objects, err := s.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, o := range objects {
		if !strings.HasPrefix(o.Key, ledger.Prefix) {
			files["/"+o.Key] = fmt.Sprintf("%x", sha256.Sum256(objectBytes(t, s, o.Key)))
		}
	}
	return files
}

// TestCrashInBucket is TestCrash on servers: killed at a write, a run leaves every
// object as it was or as it will be, and the next one ends where an undisturbed one
// ends.
func TestCrashInBucket(t *testing.T) {
	t.Parallel()
	s := newCrashSite(t)
	onSites(t, func(t *testing.T, at site) {
		if at.program == nil {
			t.Skip("see TestCrash")
		}
		_, root, err := bucketSite(t, at, s).stores()
		if err != nil {
			t.Fatal(err)
		}
		old := found(t, root)
		want, writes := undisturbedInBucket(t, at, s)
		random := rand.New(rand.NewPCG(*crashSeed, 2))
		steps := random.Perm(2 * writes)
		for _, step := range steps[:min(len(steps), max(2, *kills/4))] {
			t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) {
				t.Parallel()
				c := bucketSite(t, at, s)
				c.Step, c.After = int64(step/2+1), step%2 == 1
				if !c.process(t, 0) {
					t.Fatal("the run was not killed")
				}
				_, root, err := c.stores()
				if err != nil {
					t.Fatal(err)
				}
				now := found(t, root)
				for name, digest := range now {
					if digest != old[name] && digest != want[name] {
						t.Errorf("%s is neither the old nor the new one", name)
					}
				}
				repairedInBucket(t, c, want)
			})
		}
	})
}

func undisturbedInBucket(t *testing.T, at site, s *crashSite) (want map[string]string, writes int) {
	t.Helper()
	c := bucketSite(t, at, s)
	n, err := c.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := c.stores()
	if err != nil {
		t.Fatal(err)
	}
	return found(t, root), int(n)
}

// repairedInBucket runs from another machine, as it were, and once more.
func repairedInBucket(t *testing.T, c crashing, want map[string]string) {
	t.Helper()
	c.Step, c.Dir = 0, t.TempDir()
	if err := c.onceFree(t); err != nil {
		t.Fatal(err)
	}
	_, root, err := c.stores()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, found(t, root)); d != "" {
		t.Errorf("files (-undisturbed +repaired):\n%s", d)
	}
	if n, err := c.run(t.Context()); n != 0 || err != nil {
		t.Errorf("one more run wrote %d times: %v", n, err)
	}
}

// onceFree runs as soon as the lock of a killed run has become stale.
func (c crashing) onceFree(t *testing.T) error {
	t.Helper()
	var locked *lake.LockedError
	for began := time.Now(); ; {
		_, err := c.run(t.Context())
		if !errors.As(err, &locked) || time.Since(began) > 5*time.Minute {
			return err
		}
		select {
		case <-t.Context().Done():
			return t.Context().Err()
		case <-time.After(time.Second):
		}
	}
}

// losing is a lake whose uploads are aborted behind the run's back, once it has
// committed.
type losing struct {
	lake.Store
	lose string // part of the key
	lost int
}

func (l *losing) Complete(ctx context.Context, u lake.Upload) (lake.Object, error) {
	if strings.Contains(u.Key, l.lose) && l.lost == 0 {
		l.lost++
		if err := l.Abort(ctx, u); err != nil {
			return lake.Object{}, err
		}
	}
	return l.Store.Complete(ctx, u)
}

// TestLostUploads aborts an upload after the commit: the unit is lost, says so, and
// is made again.
func TestLostUploads(t *testing.T) {
	t.Parallel()
	onSites(t, func(t *testing.T, at site) {
		b := newBenchAt(t, inPlaceProject(), at)
		text, n := "id,d,v,note\n1,2025-01-01,1.50,a\n2,2025-01-01,2.50,b\n", 2
		b.write("t/1.csv", text)
		b.write("t/1.csv.control.json", fmt.Sprintf(`{"records": %d}`, n))
		thief := &losing{lose: "t/year=2025/month=1/day=1/part"}
		b.wrapLake = func(s lake.Store) lake.Store { thief.Store = s; return thief }
		b.run(engine.Selection{})
		if thief.lost != 1 {
			t.Fatal("no upload was aborted")
		}
		if u, _ := b.open(false).State().Unit("t", "2025-01-01"); !u.Lost {
			t.Errorf("the unit is not lost: %+v", u)
		}
		status, err := b.open(false).Status(t.Context(), engine.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, u := range status.Units {
			told = append(told, u.Dataset+" "+u.Status)
		}
		if d := cmp.Diff([]string{"raw_t done", "t lost"}, told); d != "" {
			t.Errorf("status (-want +got):\n%s", d)
		}
		b.wrapLake = nil
		b.run(engine.Selection{})
		if rows := b.lakeRows("t", []string{"id", "v"}); fmt.Sprint(rows) != "[[1 1.50] [2 2.50]]" {
			t.Errorf("made again: %v", rows)
		}
		if report := b.run(engine.Selection{}); !report.NothingToDo() {
			t.Errorf("a run after it made %v", report.Units)
		}
	})
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
