package lake_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
)

// TestSendAndReceive moves files to a bucket and back, and is told of bytes that
// change on the way.
func TestSendAndReceive(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			server := program.Shared(t)
			place := server.Bucket(t) + "/x"
			s := store(t, server, place)
			dir := t.TempDir()
			var list, back []lake.Transfer
			for name, size := range map[string]int{"empty": 0, "small": 5, "part": 16 << 20, "more": 16<<20 + 1, "two": 32 << 20} {
				file := randomFile(t, size)
				list = append(list, lake.Transfer{Key: "d/" + name, File: file, Size: int64(size)})
				back = append(back, lake.Transfer{Key: "d/" + name, File: filepath.Join(dir, name), Size: int64(size)})
			}
			done := 0
			count := func(lake.Transfer) { done++ }
			if err := errors.Join(lake.Send(t.Context(), s, list, count), lake.Receive(t.Context(), s, back, count)); err != nil || done != 2*len(list) {
				t.Fatalf("moved %d: %v", done, err)
			}
			for i := range list {
				sent, err1 := os.ReadFile(list[i].File)
				got, err2 := os.ReadFile(back[i].File)
				sum, err3 := s.Checksum(t.Context(), list[i].Key)
				if err := errors.Join(err1, err2, err3); err != nil || string(sent) != string(got) || !sum.Known() {
					t.Errorf("%s: %d bytes for %d, a checksum: %v, %v", list[i].Key, len(got), len(sent), sum.Known(), err)
				}
			}
			forged := through(t, server.Settings, place, func(next http.RoundTripper) http.RoundTripper { return forger{next} })
			left := t.TempDir()
			for _, one := range back {
				one.File = filepath.Join(left, "file")
				err := lake.Receive(t.Context(), forged, []lake.Transfer{one}, count)
				if want := one.Size > 0; errors.Is(err, lake.ErrChanged) != want {
					t.Errorf("%s with another byte: %v", one.Key, err)
				}
				_ = os.Remove(one.File) // of the empty one
			}
			if entries, err := os.ReadDir(left); err != nil || len(entries) > 0 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
}

// forger changes the first byte of every object that is read.
type forger struct{ next http.RoundTripper }

func (f forger) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := f.next.RoundTrip(r)
	if err == nil && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/d/") && answer.ContentLength > 0 {
		answer.Body = &forged{ReadCloser: answer.Body}
	}
	return answer, err
}

type forged struct {
	io.ReadCloser
	begun bool
}

func (f *forged) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if n > 0 && !f.begun {
		f.begun = true
		p[0] ^= 1
	}
	return n, err
}

// TestChecksumOfOthers is none: their parts may be of any size.
func TestChecksumOfOthers(t *testing.T) {
	t.Parallel()
	server := s3test.MinIO().Shared(t)
	s := store(t, server, server.Bucket(t)+"/x")
	client := rawClient(t, server)
	if _, err := client.FPutObject(t.Context(), s.Name(), "x/a", randomFile(t, 12<<20), minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
		t.Fatal(err)
	}
	sum, err := s.Checksum(t.Context(), "a")
	if err != nil || sum.Known() {
		t.Errorf("a checksum of other parts: %+v, %v", sum, err)
	}
	if err := lake.Receive(t.Context(), s, []lake.Transfer{{Key: "a", File: filepath.Join(t.TempDir(), "a"), Size: 12 << 20}}, func(lake.Transfer) {}); err != nil {
		t.Error(err)
	}
}

// TestVirtualHosts has the bucket in the name of the host.
func TestVirtualHosts(t *testing.T) {
	t.Parallel()
	server := s3test.MinIO().Own(t, func(o *s3test.Options) { o.Environment = []string{"MINIO_DOMAIN=minio.test"} })
	place := server.Bucket(t)
	address := strings.TrimPrefix(server.Settings.Endpoint, "http://")
	_, port, _ := strings.Cut(address, ":")
	hosts := make(chan string, 100)
	named := server.Settings
	named.Endpoint, named.PathStyle = "http://minio.test:"+port, config.PathStyleOff
	s := through(t, named, place+"/x", func(next http.RoundTripper) http.RoundTripper { return resolver{next, address, hosts} })
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	publishFile(t, s, "a b", "x")
	if o, err := store(t, server, place+"/x").Stat(t.Context(), "a b"); err != nil || o.Size != 1 {
		t.Errorf("published %+v, %v", o, err)
	}
	if host := <-hosts; host != strings.TrimPrefix(place, "s3://")+".minio.test:"+port {
		t.Errorf("asked %s", host)
	}
}

// resolver knows one address for all names.
type resolver struct {
	next    http.RoundTripper
	address string
	hosts   chan string
}

func (r resolver) RoundTrip(q *http.Request) (*http.Response, error) {
	select {
	case r.hosts <- q.URL.Host:
	default:
	}
	q = q.Clone(q.Context())
	q.Host, q.URL.Host = q.URL.Host, r.address
	return r.next.RoundTrip(q)
}
