package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"
)

// HashReader computes the ETag of what is read through it, so that the pass that
// scans an object also names its version.
type HashReader struct {
	r    io.Reader
	hash hash.Hash
	size int64
}

// NewHashReader reads r from where it stands.
func NewHashReader(r io.Reader) *HashReader { return &HashReader{r: r, hash: sha256.New()} }

// Read implements io.Reader.
func (h *HashReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.hash.Write(p[:n])
	h.size += int64(n)
	return n, err
}

// Finish reads what the one who read through it has left, a decoder that had
// enough, say, and returns `sha256:` with the hash in hex, and the bytes.
func (h *HashReader) Finish(ctx context.Context) (etag string, size int64, err error) {
	if _, err := io.CopyBuffer(io.Discard, &stoppable{ctx, h}, make([]byte, 1<<20)); err != nil {
		return "", 0, err
	}
	return "sha256:" + hex.EncodeToString(h.hash.Sum(nil)), h.size, nil
}

// Hash reads an object and returns the ETag that its bytes have in a directory.
// It fails with ErrChanged if the object was replaced or written to meanwhile.
func Hash(ctx context.Context, store Reader, key string) (o Object, err error) {
	before, err := store.Stat(ctx, key)
	if err != nil {
		return Object{}, err
	}
	r, err := store.Open(ctx, key)
	if err != nil {
		return Object{}, err
	}
	etag, size, err := NewHashReader(r).Finish(ctx)
	if err = both(err, r.Close()); err != nil {
		return Object{}, failed("hash object", key, err)
	}
	after, err := store.Stat(ctx, key)
	if err != nil {
		return Object{}, err
	}
	if !before.Same(after) || size != after.Size {
		return Object{}, failed("hash object", key, ErrChanged)
	}
	after.ETag = etag
	return after, nil
}

func hashFile(ctx context.Context, name string) (etag string, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = both(err, f.Close()) }()
	return NewHashReader(f).Finish(ctx)
}
