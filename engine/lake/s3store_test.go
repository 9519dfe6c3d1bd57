package lake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"golang.org/x/sync/errgroup"

	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
)

// strangeKeys are keys that senders give to objects, beside 1,000 in nested prefixes.
func strangeKeys() []string {
	keys := []string{"a b/c+d.csv", "100%/x%2fy.csv", "%2f", "ü/日本/😀.csv", `it's "quoted".csv`, "a&b=c;d,e.csv", "#hash?query=1.csv", "[x]{y}^z`|~.csv",
		"back\\slash.csv", " lead and trail ", "year=2025/month=1/day=31/part-0000.parquet", "*glob?.csv", "$@!():.csv",
		strings.Repeat("long-name-of-a-segment/", 43) + "end.csv"}
	for i := range 1000 {
		keys = append(keys, fmt.Sprintf("in/year=%d/month=%d/day %d/object-%d.csv", 2020+i%6, 1+i%12, 1+i%28, i))
	}
	return keys
}

// TestKeys stores more objects than a listing has in one answer, with keys of every kind.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			server := program.Shared(t)
			place := server.Bucket(t)
			s, beside := store(t, server, place+"/raw"), store(t, server, place+"/raw2")
			if err := beside.Put(t.Context(), "not ours", nil); err != nil {
				t.Fatal(err)
			}
			keys := strangeKeys()
			var putting errgroup.Group
			putting.SetLimit(16)
			for _, key := range keys {
				putting.Go(func() error { return s.Put(t.Context(), key, []byte(key)) })
			}
			if err := putting.Wait(); err != nil {
				t.Fatal(err)
			}
			objects, err := s.List(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			var listed []string
			for _, o := range objects {
				listed = append(listed, o.Key)
				if o.Size != int64(len(o.Key)) || o.ETag == "" || o.ModTime.IsZero() {
					t.Errorf("listed %+v", o)
				}
			}
			slices.SortFunc(keys, lake.Compare)
			if diff := cmp.Diff(keys, listed); diff != "" {
				t.Errorf("keys (-put +listed):\n%s", diff)
			}
			for _, key := range strangeKeys()[:20] {
				r, err := s.Open(t.Context(), key)
				if err != nil {
					t.Error(err)
					continue
				}
				data, err := io.ReadAll(r)
				if err := errors.Join(err, r.Close()); err != nil || string(data) != key {
					t.Errorf("object %q holds %q, %v", key, data, err)
				}
				publishFile(t, s, key, "new")
				if o, err := s.Stat(t.Context(), key); err != nil || o.Size != 3 {
					t.Errorf("published %q: %+v, %v", key, o, err)
				}
				if err := s.Remove(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
			if err := s.Put(t.Context(), strings.Repeat("k/", 510)+"e", nil); !isKeyError(err) {
				t.Errorf("a key that is too long with its prefix: %v", err)
			}
		})
	}
}

func isKeyError(err error) bool {
	var bad *lake.KeyError
	return errors.As(err, &bad)
}

// TestManyParts uploads a file of several parts, the last of them short.
func TestManyParts(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			server := program.Shared(t)
			s := store(t, server, server.Bucket(t)+"/x")
			data := make([]byte, 40<<20+7)
			source := rand.NewChaCha8([32]byte{})
			_, _ = source.Read(data) // never fails
			file := writeFile(t, filepath.Join(t.TempDir(), "big"), string(data))
			u, err := s.Stage(t.Context(), "a", file)
			if err != nil || len(u.Parts) != 3 || u.Parts[0].CRC32C == "" {
				t.Fatalf("staged %+v, %v", u, err)
			}
			if _, err := s.Complete(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			r, err := s.Open(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			back, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil || string(back) != string(data) {
				t.Errorf("read %d bytes of %d, %v", len(back), len(data), err)
			}
		})
	}
}

// TestOtherETags completes on a server whose ETags are not made as Amazon's are, as
// with keys of a key service.
func TestOtherETags(t *testing.T) {
	t.Parallel()
	server := s3test.Versity().Own(t, func(o *s3test.Options) { o.Storage = []string{"--data-integrity-etag"} })
	s := store(t, server, server.Bucket(t)+"/x")
	u, err := s.Stage(t.Context(), "a", writeFile(t, filepath.Join(t.TempDir(), "x"), "one"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if o, err := s.Complete(t.Context(), u); err != nil || o.ETag == u.ETag {
			t.Errorf("completed as %+v, %v; the test wants another ETag than %s", o, err, u.ETag)
		}
	}
	publishFile(t, s, "a", "two")
	if _, err := s.Complete(t.Context(), u); !errors.Is(err, lake.ErrUploadGone) {
		t.Errorf("complete what was replaced since: %v", err)
	}
}

// TestSweepLeavesWhatIsNotOurs has uploads of a dead run, of a live one, of another
// program, and of another lake in the same bucket.
func TestSweepLeavesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			server := program.Shared(t)
			place := server.Bucket(t)
			s, elsewhere, beside := store(t, server, place+"/x"), store(t, server, place+"/x"), store(t, server, place+"/x2")
			dead, live, theirs := stageIn(t, s, "dead", "a"), stageIn(t, elsewhere, "live", "b"), stageIn(t, beside, "dead", "a")
			client := rawClient(t, server)
			foreign, err := client.NewMultipartUpload(ctx, s.Name(), "x/a", minio.PutObjectOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(elsewhere.Put(ctx, "_staging/dead/notes.txt", []byte("not a claim")), elsewhere.Copy(ctx, live.Claim, "_staging/dead/copied.json")); err != nil {
				t.Fatal(err)
			}
			leftovers, err := s.Leftovers(ctx)
			var claims, dirs int
			for _, l := range leftovers {
				switch {
				case l.Holds(dead) && l.Run == "dead" && l.Upload == "a", l.Holds(live) && l.Run == "live" && l.Upload == "b":
					claims++
				case l.Staged == "" && l.Size == 1:
					dirs++
				}
			}
			if err != nil || len(leftovers) != 3 || claims != 2 || dirs != 1 {
				t.Errorf("leftovers %+v, %v", leftovers, err)
			}
			if runs, err := s.Sweep(ctx, func(string) bool { return false }); err != nil || len(runs) > 0 {
				t.Errorf("without the lock, swept %v, %v", runs, err)
			}
			unlock, err := s.Lock(ctx, lake.Info{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := unlock(); err != nil {
					t.Error(err)
				}
			}()
			runs, err := s.Sweep(ctx, func(run string) bool { return run == "live" })
			if err != nil || !slices.Equal(runs, []string{"dead"}) {
				t.Errorf("swept %v, %v", runs, err)
			}
			if _, err := s.Complete(ctx, dead); !errors.Is(err, lake.ErrUploadGone) {
				t.Errorf("the upload of a dead run: %v", err)
			}
			_, liveErr := elsewhere.Complete(ctx, live)
			_, besideErr := beside.Complete(ctx, theirs)
			_, statErr := s.Stat(ctx, "_staging/dead/notes.txt")
			if err := errors.Join(liveErr, besideErr, statErr); err != nil {
				t.Error(err)
			}
			part, err := client.PutObjectPart(ctx, s.Name(), "x/a", foreign, 1, strings.NewReader("x"), 1, minio.PutObjectPartOptions{})
			if err == nil {
				_, err = client.CompleteMultipartUpload(ctx, s.Name(), "x/a", foreign, []minio.CompletePart{{PartNumber: 1, ETag: part.ETag}}, minio.PutObjectOptions{})
			}
			if err != nil {
				t.Errorf("the upload of another program: %v", err)
			}
			left, err := client.ListMultipartUploads(ctx, s.Name(), "", "", "", "", 100)
			if err != nil || len(left.Uploads) > 0 {
				t.Errorf("uploads left: %+v, %v", left.Uploads, err)
			}
		})
	}
}

// rawClient is a program that knows nothing of lakes.
func rawClient(t testing.TB, server *s3test.Server) *minio.Core {
	t.Helper()
	client, err := minio.NewCore(strings.TrimPrefix(server.Settings.Endpoint, "http://"), &minio.Options{Region: server.Settings.Region,
		Creds: credentials.NewStaticV4(server.Settings.AccessKey.Reveal(), server.Settings.SecretKey.Reveal(), "")})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func stageIn(t *testing.T, s lake.Store, run, key string) lake.Upload {
	t.Helper()
	dir, err := s.StagingDir(run)
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Stage(t.Context(), key, writeFile(t, filepath.Join(dir, "file"), "x"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestStagingIsPrivate refuses a directory that others can write to.
func TestStagingIsPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := lake.Open("s3://bucket/x", lake.Options{S3: config.S3{AccessKey: "a", SecretKey: "b"}, Staging: dir})
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.StagingDir("run")
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Dir(filepath.Dir(made))
	if err := os.Chmod(own, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StagingDir("run"); err == nil || !strings.Contains(err.Error(), own+" is not a directory of this user alone") {
		t.Errorf("a staging directory that everybody may write to: %v", err)
	}
}

// TestReadIsTakenUp breaks the connection in the middle of reads.
func TestReadIsTakenUp(t *testing.T) {
	t.Parallel()
	server := s3test.MinIO().Shared(t)
	place := server.Bucket(t) + "/x"
	want := strings.Repeat("0123456789", 100_000)
	if err := store(t, server, place).Put(t.Context(), "a", []byte(want)); err != nil {
		t.Fatal(err)
	}
	var cuts atomic.Int64
	cuts.Store(4)
	s := through(t, server.Settings, place, func(next http.RoundTripper) http.RoundTripper { return scissors{next, &cuts} })
	r, err := s.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || string(got) != want {
		t.Errorf("read %d bytes of %d, %v", len(got), len(want), err)
	}
	if cuts.Load() >= 0 {
		t.Errorf("%d cuts were not made", cuts.Load())
	}
	r, err = s.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	cuts.Store(1)
	if err := s.Put(t.Context(), "a", []byte(want+"x")); err != nil {
		t.Fatal(err)
	}
	r2, err := s.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "a", []byte(want+"y")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r2); !errors.Is(err, lake.ErrChanged) {
		t.Errorf("an object that was replaced while it was read: %v", err)
	}
	if err := errors.Join(r.Close(), r2.Close()); err != nil {
		t.Error(err)
	}
}

// scissors cut the answers to GET requests for objects after 100,000 bytes.
type scissors struct {
	next http.RoundTripper
	left *atomic.Int64
}

func (s scissors) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := s.next.RoundTrip(r)
	if err == nil && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/a") && s.left.Add(-1) >= 0 {
		answer.Body = &cut{answer.Body, 100_000}
	}
	return answer, err
}

type cut struct {
	io.ReadCloser
	left int
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, errors.New("connection reset by peer")
	}
	n, err := c.ReadCloser.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// TestStageIsAborted leaves nothing behind of an upload that failed.
func TestStageIsAborted(t *testing.T) {
	t.Parallel()
	server := s3test.MinIO().Shared(t)
	place := server.Bucket(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the cause")
	s := through(t, server.Settings, place+"/x", func(next http.RoundTripper) http.RoundTripper {
		return cancelling{next, func() { cancel(cause) }}
	})
	if _, err := s.Stage(ctx, "a", writeFile(t, filepath.Join(t.TempDir(), "x"), "one")); !errors.Is(err, cause) {
		t.Errorf("a cancelled upload: %v", err)
	}
	left, err := rawClient(t, server).ListMultipartUploads(t.Context(), strings.TrimPrefix(place, "s3://"), "", "", "", "", 100)
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("uploads left: %+v, %v", left.Uploads, err)
	}
}

// cancelling cancels a run when it sends a part.
type cancelling struct {
	next   http.RoundTripper
	cancel func()
}

func (c cancelling) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("partNumber") != "" {
		c.cancel()
	}
	return c.next.RoundTrip(r)
}
