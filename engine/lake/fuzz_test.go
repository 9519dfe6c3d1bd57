package lake

import (
	"path/filepath"
	"strings"
	"testing"

	"ledgermill/engine/config"
)

// FuzzPlace: a place is a store whose keys stay below it, or refused; a password in it
// never shows in what is said of it.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"raw", "/a/b", "s3://bucket", "s3://bucket/a/ü b", "S3://b/../x", "file:///tmp/x", "s3://u:hunter2hunter2@bucket/x", "ftp://u:hunter2hunter2@h/", "s3://bucket/%2e%2e/", "://"} {
		f.Add(seed, "facts/a.parquet")
	}
	f.Fuzz(func(t *testing.T, place, key string) {
		store, err := Open(place, Options{S3: config.S3{Endpoint: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "b", Section: "s3"}, Staging: t.TempDir()})
		if err != nil {
			if strings.Contains(place, ":hunter2hunter2@") && strings.Contains(err.Error(), "hunter2hunter2@") {
				t.Fatalf("%q: %v", place, err)
			}
			return
		}
		if CheckKey(key) != nil {
			return
		}
		root, at := store.Location(""), store.Location(key)
		if !strings.HasPrefix(at, strings.TrimSuffix(root, "/")+"/") {
			t.Fatalf("%q of %q lies at %q", key, place, at)
		}
		if !strings.Contains(at, "://") && filepath.Clean(at) != at {
			t.Fatalf("%q of %q lies at %q", key, place, at)
		}
	})
}
