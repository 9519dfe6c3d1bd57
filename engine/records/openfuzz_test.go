package records

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzOpen: what is not compressed right is truncated or unreadable, within bounds.
func FuzzOpen(f *testing.F) {
	for _, c := range []Compression{Gzip, Zstd} {
		packed := pack(f, c, "a,b\n1,2\n")
		f.Add(packed)
		f.Add(packed[:len(packed)-3])
		f.Add(append(bytes.Clone(packed), packed...))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		for _, name := range []string{"x.csv.gz", "x.csv.zst"} {
			r, err := Bounds{Text: 1 << 20}.Open(name, bytes.NewReader(object))
			var n int64
			if err == nil {
				n, err = io.Copy(io.Discard, r)
				if closed := r.Close(); err == nil {
					err = closed
				}
			}
			var large *TooLargeError
			if n > 1<<20 || err != nil && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrUnreadable) && !errors.As(err, &large) {
				t.Fatalf("%s: %d bytes, %v", name, n, err)
			}
		}
	})
}
