package lake_test

import (
	"net/http"
	"testing"

	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/lake/laketest"
	"ledgermill/engine/lake/s3test"
)

// servers are the implementations that everything about buckets is tested on.
func servers() []s3test.Program { return []s3test.Program{s3test.MinIO(), s3test.Versity()} }

// store returns the store at a place on a server, with a staging directory of its
// own: another machine, as far as stores can tell.
func store(t *testing.T, server *s3test.Server, place string) *lake.Bucket {
	t.Helper()
	return through(t, server.Settings, place, nil)
}

// through is the store at a place of some settings with something between it and
// the server; nil is nothing.
func through(t *testing.T, settings config.S3, place string, wrap func(http.RoundTripper) http.RoundTripper) *lake.Bucket {
	t.Helper()
	s, err := lake.Open(place, lake.Options{S3: settings, Staging: t.TempDir()})
	if err == nil && wrap != nil {
		err = s.(*lake.Bucket).Through(wrap)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.(*lake.Bucket)
}

func TestBucket(t *testing.T) {
	t.Parallel()
	for _, program := range servers() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			server := program.Shared(t)
			laketest.Suite(t, func(t *testing.T) lake.Store {
				s := store(t, server, server.Bucket(t)+"/the lake/ü +%2f")
				if err := s.Prepare(t.Context()); err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}
