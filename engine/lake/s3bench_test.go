package lake_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"ledgermill/engine/lake"
	"ledgermill/engine/lake/s3test"
)

// BenchmarkPublish holds an upload in two steps against the client's own FPutObject
// of the same file, in turns. "of_FPutObject" is to be 0.8 at least.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1 << 20, 64 << 20, 256 << 20} {
		b.Run(fmt.Sprintf("%dMiB", size>>20), func(b *testing.B) {
			server := s3test.MinIO().Shared(b)
			place := server.Bucket(b)
			s, err := lake.Open(place, lake.Options{S3: server.Settings, Staging: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			client := rawClient(b, server)
			file := randomFile(b, size)
			var ours, theirs time.Duration
			b.SetBytes(int64(size))
			for b.Loop() {
				began := time.Now()
				u, err := s.Stage(b.Context(), "ours", file)
				if err == nil {
					_, err = s.Complete(b.Context(), u)
				}
				ours += time.Since(began)
				began = time.Now()
				_, err2 := client.FPutObject(b.Context(), strings.TrimPrefix(place, "s3://"), "theirs", file, minio.PutObjectOptions{})
				theirs += time.Since(began)
				if err := errors.Join(err, err2); err != nil {
					b.Fatal(err)
				}
			}
			mb := float64(size) * float64(b.N) / 1e6
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of_FPutObject")
			b.ReportMetric(mb/ours.Seconds(), "MB/s_ours")
			b.ReportMetric(mb/theirs.Seconds(), "MB/s_FPutObject")
		})
	}
}

func randomFile(t testing.TB, size int) string {
	t.Helper()
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data) // never fails
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
