package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"ledgermill/engine/config"
	"ledgermill/engine/scratch"
)

// Bucket is a store in a bucket of an S3-compatible server, below a prefix of its
// keys. It is safe for concurrent use by many processes on many machines.
type Bucket struct {
	access  S3
	bucket  string
	prefix  string // "" or with a slash at its end
	staging string // local directory above those of the runs
	first   *minio.Core
	client  *minio.Core

	contact sync.Mutex
	met     bool // the server has answered, and the bucket is there

	holding atomic.Bool                 // the lock
	lost    atomic.Pointer[LockedError] // set once the lock is another's

	beat, stale time.Duration // of the lock
}

var _ Store = (*Bucket)(nil)

// Options are what a place does not say.
type Options struct {
	S3      config.S3 // how an s3:// place is reached
	Staging string    // local directory for the files of runs on an s3:// place; "": the system's temporary one
}

// openBucket returns the store at bucket/prefix. Keys are taken as they are: a % or
// a + in a prefix stands for itself.
func openBucket(place, rest string, o Options) (Store, error) {
	bucket, prefix, _ := strings.Cut(rest, "/")
	if s3utils.CheckValidBucketNameStrict(bucket) != nil {
		return nil, &SchemeError{Place: config.MaskURL(place), Scheme: "s3"}
	}
	if prefix = strings.TrimSuffix(prefix, "/"); prefix != "" {
		if err := CheckKey(prefix); err != nil {
			return nil, err
		}
		prefix += "/"
	}
	access, err := Resolve(o.S3)
	if err != nil {
		return nil, err
	}
	b := &Bucket{access: access, bucket: bucket, prefix: prefix, beat: leaseBeat, stale: leaseStale}
	transport, err := access.transport()
	if err == nil {
		b.first, b.client, err = access.clients(transport)
	}
	if err != nil {
		return nil, failed("open store", b.URL(), err)
	}
	name := sha256.Sum256([]byte(access.Endpoint() + " " + b.URL()))
	b.staging = filepath.Join(scratch.Root(o.Staging), hex.EncodeToString(name[:8]))
	return b, nil
}

// Access is how the store is reached.
func (b *Bucket) Access() S3 { return b.access }

// Name is the name of the bucket.
func (b *Bucket) Name() string { return b.bucket }

// URL implements Reader.
func (b *Bucket) URL() string { return strings.TrimSuffix("s3://"+b.bucket+"/"+b.prefix, "/") }

// Location implements Reader: the URI, with the key as it is.
func (b *Bucket) Location(key string) string { return "s3://" + b.bucket + "/" + b.prefix + key }

// begin checks a key and meets the server, which it does once.
func (b *Bucket) begin(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	if len(b.prefix)+len(key) > maxKey {
		return &KeyError{Key: key, Fault: "is longer than 1,024 bytes with the prefix " + b.prefix}
	}
	return b.meet(ctx)
}

// meet makes the first request, with few attempts, so that what is wrong with
// endpoint, credentials, region or bucket is said at once, and by a request whose
// answer has a text: one for an object's head has none.
func (b *Bucket) meet(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.contact.Lock()
	defer b.contact.Unlock()
	if b.met {
		return nil
	}
	for o := range b.first.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix, MaxKeys: 1, Recursive: true}) {
		if o.Err != nil {
			err := b.explain(ctx, o.Err)
			var access *AccessError
			if errors.As(err, &access) && access.Fault == FaultUnreachable && !b.access.Secure && b.access.speaksTLS(ctx) {
				access.Fault, access.Cause = FaultTLS, "the server speaks https only"
			}
			return failed("open store", b.URL(), err)
		}
		break
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.met = true
	return nil
}

// writing refuses to change a store whose lock another process has taken over.
func (b *Bucket) writing() error {
	if lost := b.lost.Load(); lost != nil {
		return lost
	}
	return nil
}
