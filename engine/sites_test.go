package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
)

// sitesFlag chooses where the tests run that run on several stores.
var sitesFlag = flag.String("sites", "", "where the stores of the essential tests lie, of "+allSites+"; by default directory,minio, and more of them with "+longVariable+" set")

const allSites = "directory,minio,minio-fetch,versitygw,versitygw-fetch"

// longVariable names the environment variable that asks for tests in full length, as
// CI does.
const longVariable = "LEDGERMILL_TEST_LONG"

func long() bool { return os.Getenv(longVariable) != "" }

// sites are the names of where the stores lie.
func sites() []string {
	chosen := "directory,minio"
	switch {
	case *sitesFlag != "":
		chosen = *sitesFlag
	case os.Getenv(longVariable) == "full":
		chosen = allSites
	case long():
		chosen = strings.TrimSuffix(allSites, ",versitygw-fetch") // fetching knows no server
	}
	return strings.Split(chosen, ",")
}

// site is where a bench has its stores: in directories, or in two buckets of a
// server. The bench's own directories then hold what goes there and what came of it.
type site struct {
	name    string
	program *s3test.Program // nil: directories
	fetch   bool            // objects are fetched before they are read
	trust   bool            // objects without a control file are read in place
}

func siteOf(name string) site {
	s := site{name: name}
	server, fetch := strings.CutSuffix(name, "-fetch")
	s.fetch = fetch
	for _, p := range []s3test.Program{s3test.MinIO(), s3test.Versity()} {
		if p.Name == server {
			s.program = &p
		}
	}
	return s
}

// onSites runs a test at every site that is chosen.
func onSites(t *testing.T, test func(t *testing.T, at site)) {
	t.Helper()
	for _, name := range sites() {
		at := siteOf(name)
		if at.program == nil && name != "directory" {
			t.Fatalf("-sites %s is no site", name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, at)
		})
	}
}

// onSitesIfAsked is onSites for a test that costs too much to run everywhere each
// time: without being asked it runs in directories alone.
func onSitesIfAsked(t *testing.T, test func(t *testing.T, at site)) {
	t.Helper()
	if sitesAsked() {
		onSites(t, test)
		return
	}
	test(t, site{})
}

// sitesAsked reports whether more is wanted than everybody waits for each time.
func sitesAsked() bool { return *sitesFlag != "" || long() }

// buckets are the stores of a bench on a server.
type buckets struct {
	server    *s3test.Server
	raw, lake string            // s3://bucket/prefix
	sent      map[string]string // what was put into the raw side, by key
}

// newBenchAt is newBench at a site.
func newBenchAt(t *testing.T, files fs.FS, at site) *bench {
	t.Helper()
	b := newBench(t, files)
	b.at = at
	if at.program != nil {
		server := at.program.Shared(t)
		b.buckets = &buckets{server: server, raw: server.Bucket(t) + "/raw side/ü", lake: server.Bucket(t) + "/lake", sent: map[string]string{}}
	}
	return b
}

// stores opens both sides, each with a staging directory of its own.
func (b *bench) stores() (input, root lake.Store) {
	b.t.Helper()
	if b.buckets == nil {
		return b.openStore(b.input, lake.Options{}), b.openStore(b.lake, lake.Options{})
	}
	o := lake.Options{S3: b.buckets.server.Settings, Staging: b.t.TempDir()}
	return b.openStore(b.buckets.raw, o), b.openStore(b.buckets.lake, o)
}

func (b *bench) openStore(place string, o lake.Options) lake.Store {
	b.t.Helper()
	s, err := lake.Open(place, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// reach tells an engine how it gets at the stores.
func (b *bench) reach(s *duckdb.Settings, stores ...lake.Store) *engine.Reading {
	b.t.Helper()
	if b.buckets == nil {
		s.Readable = []string{b.input, b.lake}
		return nil
	}
	if b.at.fetch {
		return &engine.Reading{Way: engine.Fetched}
	}
	s.Extension = httpfs(b.t)
	for _, store := range stores {
		s.Remotes = append(s.Remotes, remoteOf(store.(*lake.Bucket)))
	}
	return &engine.Reading{Way: engine.InPlace, HTTPFS: s.Extension.Version, TrustReader: b.at.trust}
}

func remoteOf(b *lake.Bucket) duckdb.Remote {
	a := b.Access()
	return duckdb.Remote{URI: b.URL(), Endpoint: a.Host, Region: a.Region, TLS: a.Secure, PathStyle: a.PathStyle, CAFile: a.CAFile,
		Credentials: func(context.Context) (duckdb.Credentials, error) {
			return duckdb.Credentials{KeyID: a.AccessKey.Reveal(), Secret: a.SecretKey.Reveal(), Session: a.SessionToken.Reveal()}, nil
		}}
}

// extension is httpfs as the tests of this machine share it.
var extension = sync.OnceValue(func() duckdb.Extension {
	cache, err := os.UserCacheDir()
	if err != nil {
		return duckdb.Extension{Causes: []error{err}}
	}
	return duckdb.FindHTTPFS(context.Background(), duckdb.ExtensionSource{Directory: filepath.Join(cache, "ledgermill", "duckdb")})
})

func httpfs(t *testing.T) duckdb.Extension {
	t.Helper()
	x := extension()
	if !x.Available() {
		t.Skip(x.Err())
	}
	return x
}

// send makes the raw bucket what the input directory is.
func (b *bench) send(input lake.Store) {
	b.t.Helper()
	if b.buckets == nil {
		return
	}
	now := map[string]string{}
	err := filepath.WalkDir(b.input, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, err := filepath.Rel(b.input, path)
		now[filepath.ToSlash(key)] = digest(data)
		if err != nil || b.buckets.sent[filepath.ToSlash(key)] == digest(data) {
			return err
		}
		return input.Put(b.t.Context(), filepath.ToSlash(key), data)
	})
	for key := range b.buckets.sent {
		if now[key] == "" {
			err = errors.Join(err, input.Remove(b.t.Context(), key))
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.buckets.sent = now
}

// fetch makes the lake's directory what readers find in its bucket.
func (b *bench) fetch() {
	b.t.Helper()
	if b.buckets == nil {
		return
	}
	_, root := b.stores()
	objects, err := root.List(b.t.Context(), "")
	if err := errors.Join(err, os.RemoveAll(b.lake), os.MkdirAll(b.lake, 0o755)); err != nil {
		b.t.Fatal(err)
	}
	for _, o := range objects {
		path := filepath.Join(b.lake, filepath.FromSlash(o.Key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, objectBytes(b.t, root, o.Key), 0o644)); err != nil {
			b.t.Fatal(err)
		}
	}
}

func objectBytes(t *testing.T, s lake.Reader, key string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	_, err = io.Copy(&data, r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}
