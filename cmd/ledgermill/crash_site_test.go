package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/faulttest"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
	"ledgermill/engine/model"
	"ledgermill/warehouse/warehousetest"
)

// nightLimit is how long one run of the night's project may take on a busy machine; it
// takes about a second.
const nightLimit = 2 * time.Minute

// night is a published lake and a loaded warehouse with the input that the next run
// finds: of it each run that is disturbed gets a copy.
type night struct {
	server  *s3test.Server // nil: input and lake are directories
	project *model.Project // read once
	budget  int64          // of the runs; 0: by the settings
	site    *nightSite     // that the copies are made of
	input   nightInput
	old     observed // before the next run
	want    observed // after one that nothing disturbs
	exit    int      // of that
	took    time.Duration
}

// nightSite is one copy.
type nightSite struct {
	night  *night
	dir    string // all of it, but for buckets
	bucket string // "": input and lake are in dir
	url    string // of the database

	endpoint string // of the bucket's server, where it is reached by another one than its own; "": by that
	direct   string // url of the database, where url leads through something
}

// straight leaves out what is between the site and its servers.
func (s *nightSite) straight() {
	s.endpoint = ""
	if s.direct != "" {
		s.url, s.direct = s.direct, ""
	}
}

// newNight publishes the first version of the input, makes the second one known, and
// sees what an undisturbed run makes of it.
func newNight(t *testing.T, server *s3test.Server, budget int64) *night {
	t.Helper()
	n := &night{server: server, budget: budget, input: makeNight(2)}
	w, err := (&app{stderr: io.Discard}).open(t.Context(), config.Config{Project: filepath.Join("testdata", "night")})
	if err != nil {
		t.Fatal(err)
	}
	n.project = w.project
	n.site = &nightSite{night: n, dir: t.TempDir(), url: warehousetest.Database(t)}
	for _, dir := range []string{"raw", "lake", "tmp", "temp", "cache"} {
		if err := os.Mkdir(filepath.Join(n.site.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if server != nil {
		n.site.bucket = strings.TrimPrefix(server.Bucket(t), "s3://")
		n.shareHTTPFS(t)
	}
	makeNight(1).write(t, filepath.Join(n.site.dir, "raw"))
	n.site.send(t)
	if exit, out := n.site.run(t); exit != 0 {
		t.Fatalf("exit %d\n%s", exit, out)
	}
	n.old = n.site.observe(t, false)
	n.input.write(t, filepath.Join(n.site.dir, "raw"))
	n.site.send(t)
	undisturbed := n.copy(t)
	began := time.Now()
	exit, out := undisturbed.run(t)
	n.exit, n.took = exit, time.Since(began)
	n.want = undisturbed.observe(t, false)
	undisturbed.drop(t)
	if n.exit != 7 {
		t.Fatalf("exit %d, want 7 for the torn object\n%s", exit, out)
	}
	return n
}

// shareHTTPFS puts the extension that the tests of this machine share into the cache
// that the copies get.
func (n *night) shareHTTPFS(t *testing.T) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(cache, "ledgermill", "duckdb")
	if x := duckdb.FindHTTPFS(t.Context(), duckdb.ExtensionSource{Directory: shared}); !x.Available() {
		t.Log("objects are fetched: ", x.Err())
		return
	}
	if err := os.Symlink(shared, filepath.Join(n.site.dir, "cache", "duckdb")); err != nil {
		t.Fatal(err)
	}
}

// copy makes a copy: the raw objects stay the same ones, what may be written is new.
func (n *night) copy(t *testing.T) *nightSite {
	t.Helper()
	s := &nightSite{night: n}
	var err error
	if s.dir, err = os.MkdirTemp(t.TempDir(), "night-"); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(n.site.dir, func(path string, d fs.DirEntry, err error) error {
		rest := strings.TrimPrefix(path, n.site.dir)
		to := s.dir + rest
		switch {
		case err != nil || rest == "":
			return err
		case d.IsDir():
			info, err := d.Info()
			if err != nil {
				return err
			}
			return os.Mkdir(to, info.Mode().Perm())
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			return errors.Join(err, os.Symlink(target, to))
		case strings.HasPrefix(rest, "/raw/"):
			return os.Link(path, to)
		}
		data, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(to, data, 0o644))
	})
	if err != nil {
		t.Fatal(err)
	}
	if n.server != nil {
		s.bucket = strings.TrimPrefix(n.server.Bucket(t), "s3://")
		// Both servers keep a bucket in a directory of its name, which knows nothing of it.
		from, to := filepath.Join(n.server.Data, n.site.bucket)+"/.", filepath.Join(n.server.Data, s.bucket)
		if out, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	var drop func()
	s.url, drop = warehousetest.Clone(t, n.site.url)
	t.Cleanup(drop)
	return s
}

// drop removes what a copy takes on the disk; its database goes with the test.
func (s *nightSite) drop(t *testing.T) {
	t.Helper()
	err := os.RemoveAll(s.dir)
	if s.bucket != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.night.server.Data, s.bucket)))
	}
	if err != nil {
		t.Error(err)
	}
}

// places are the settings of input and lake.
func (s *nightSite) places() (input, root string) {
	if s.bucket != "" {
		return "s3://" + s.bucket + "/raw", "s3://" + s.bucket + "/lake"
	}
	return filepath.Join(s.dir, "raw"), filepath.Join(s.dir, "lake")
}

func (s *nightSite) args(t *testing.T, command ...string) []string {
	t.Helper()
	project, err := filepath.Abs(filepath.Join("testdata", "night"))
	if err != nil {
		t.Fatal(err)
	}
	input, root := s.places()
	args := []string{"ledgermill", "--project", project, "--log-format", "json"}
	for key, value := range map[string]string{"input": input, "lake.root": root, "engine.temp_directory": filepath.Join(s.dir, "temp"),
		"engine.cache_directory": filepath.Join(s.dir, "cache")} {
		args = append(args, "--setting", key+"="+value)
	}
	return append(args, command...)
}

// env is the environment of the program: the secrets are in it.
func (s *nightSite) env() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + filepath.Join(s.dir, "tmp"), "LEDGERMILL_WAREHOUSE_URL=" + s.url}
	if s.bucket != "" {
		a := s.night.server.Settings
		env = append(env, "LEDGERMILL_S3_ENDPOINT="+cmp.Or(s.endpoint, a.Endpoint), "LEDGERMILL_S3_REGION="+a.Region,
			"LEDGERMILL_S3_ACCESS_KEY="+a.AccessKey.Reveal(), "LEDGERMILL_S3_SECRET_KEY="+a.SecretKey.Reveal())
	}
	return env
}

// run runs the program in this process, with what else is typed.
func (s *nightSite) run(t *testing.T, more ...string) (exit int, out string) {
	t.Helper()
	var both bytes.Buffer
	a := &app{env: s.env(), stdin: strings.NewReader(""), stdout: &both, stderr: &both, seams: seams{project: s.night.project, budget: s.night.budget}}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 2*nightLimit, errors.New("the run takes too long"))
	defer cancel()
	exit = a.run(ctx, s.args(t, append([]string{"run"}, more...)...))
	return exit, both.String()
}

// child is a run in a process whose calls are watched.
func (s *nightSite) child(t *testing.T) faulttest.Child {
	t.Helper()
	c := faulttest.Child{Args: s.args(t, "run")[1:], Env: append(s.env(), fmt.Sprintf("%s=%d", crashChild, s.night.budget)), Dir: s.dir, Limit: nightLimit,
		Places: map[string]string{}, Ports: map[uint16]string{portOf(t, s.url): "postgres"}}
	for _, dir := range []string{"lake", "tmp", "temp", "cache"} {
		c.Places[filepath.Join(s.dir, dir)] = dir
	}
	if s.bucket != "" {
		c.Ports[portOf(t, s.night.server.Settings.Endpoint)] = "s3"
	}
	return c
}

func portOf(t *testing.T, place string) uint16 {
	t.Helper()
	parsed, err := url.Parse(place)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(parsed.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(port)
}

// stores opens both sides.
func (s *nightSite) stores(t *testing.T) (input, root lake.Store) {
	t.Helper()
	from, to := s.places()
	o := lake.Options{Staging: filepath.Join(s.dir, "temp")}
	if s.bucket != "" {
		o.S3 = s.night.server.Settings
	} else {
		o.S3 = config.S3{}
	}
	input, err1 := lake.Open(from, o)
	root, err2 := lake.Open(to, o)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return input, root
}

// send makes a bucket's raw side what the directory is.
func (s *nightSite) send(t *testing.T) {
	t.Helper()
	if s.bucket == "" {
		return
	}
	input, _ := s.stores(t)
	there := map[string]string{}
	objects, err := input.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		there[o.Key] = digestOf(t, input, o.Key)
	}
	from := lake.NewDirectory(filepath.Join(s.dir, "raw"))
	objects, err = from.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		data := objectBytes(t, from, o.Key)
		if there[o.Key] == digestBytes(data) {
			continue
		}
		if err := input.Put(t.Context(), o.Key, data); err != nil {
			t.Fatal(fmt.Errorf("send %s: %w", o.Key, err))
		}
	}
}
