package lake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// resumes is how often a broken read is taken up again without a byte of progress.
const resumes = 5

// objectOf is an object as the server describes it. Listings know fractions of a
// second that an object's head does not.
func objectOf(key string, o minio.ObjectInfo) Object {
	return Object{Key: key, Size: o.Size, ETag: o.ETag, ModTime: o.LastModified.UTC().Truncate(time.Second)}
}

// List implements Reader. Empty objects whose keys end in a slash are folders that
// consoles draw, and no objects. Names that CheckKey refuses are listed.
func (b *Bucket) List(ctx context.Context, prefix string) ([]Object, error) {
	if err := b.meet(ctx); err != nil {
		return nil, err
	}
	var found []Object
	for o, err := range b.all(ctx, prefix) {
		if err != nil {
			return nil, failed("list store", b.Location(prefix), err)
		}
		hidden := o.Key == lockName || strings.HasPrefix(o.Key, stagingName+"/")
		if !hidden && (o.Size > 0 || !strings.HasSuffix(o.Key, "/")) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b Object) int { return Compare(a.Key, b.Key) })
	return found, nil
}

// all yields every object whose key begins with prefix, in the server's order.
func (b *Bucket) all(ctx context.Context, prefix string) func(func(Object, error) bool) {
	return func(yield func(Object, error) bool) {
		owner := false
		for o := range b.client.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true, FetchOwner: &owner}) {
			if o.Err != nil {
				yield(Object{}, b.explain(ctx, o.Err))
				return
			}
			if !yield(objectOf(strings.TrimPrefix(o.Key, b.prefix), o), nil) {
				return
			}
		}
		if ctx.Err() != nil { // the client ends its listing without a word
			yield(Object{}, context.Cause(ctx))
		}
	}
}

// Stat implements Reader.
func (b *Bucket) Stat(ctx context.Context, key string) (Object, error) {
	if err := b.begin(ctx, key); err != nil {
		return Object{}, err
	}
	o, err := b.head(ctx, key)
	return objectOf(key, o), failed("stat object", key, err)
}

func (b *Bucket) head(ctx context.Context, key string) (minio.ObjectInfo, error) {
	o, err := b.client.StatObject(ctx, b.bucket, b.prefix+key, minio.StatObjectOptions{})
	return o, b.explain(ctx, err)
}

// Open implements Reader. A read that breaks off is taken up where it broke, if the
// object is still the same; otherwise it fails with ErrChanged.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := b.begin(ctx, key); err != nil {
		return nil, err
	}
	r := &objectReader{ctx: ctx, b: b, key: key}
	if err := r.open(); err != nil {
		return nil, failed("open object", key, err)
	}
	return r, nil
}

// objectReader reads one version of an object to its end, or fails.
type objectReader struct {
	ctx   context.Context
	b     *Bucket
	key   string
	body  io.ReadCloser
	etag  string
	size  int64
	at    int64
	tries int // since the last byte
}

func (r *objectReader) open() error {
	var o minio.GetObjectOptions
	if r.etag != "" {
		if err := errors.Join(o.SetMatchETag(r.etag), o.SetRange(r.at, 0)); err != nil {
			return err
		}
	}
	body, info, _, err := r.b.client.GetObject(r.ctx, r.b.bucket, r.b.prefix+r.key, o)
	if answer := answerOf(err); answer.StatusCode == http.StatusPreconditionFailed || r.etag != "" && answer.Code == minio.NoSuchKey {
		return ErrChanged
	}
	if err != nil {
		return r.b.explain(r.ctx, err)
	}
	r.body = body
	if r.etag == "" {
		r.etag, r.size = info.ETag, info.Size
	}
	return nil
}

// Read implements io.Reader.
func (r *objectReader) Read(p []byte) (int, error) {
	for {
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.tries = 0
			return n, nil // the error, if any, comes again
		}
		if err == nil {
			return 0, nil
		}
		if r.at == r.size && errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		if r.ctx.Err() != nil {
			return 0, context.Cause(r.ctx)
		}
		r.tries++
		_ = r.body.Close() // broken already
		if r.tries > resumes {
			return 0, failed("read object", r.key, errors.Join(io.ErrUnexpectedEOF, r.b.explain(r.ctx, err)))
		}
		if err := r.open(); err != nil {
			r.body = http.NoBody
			return 0, failed("read object", r.key, err)
		}
	}
}

// Close implements io.Closer.
func (r *objectReader) Close() error { return r.body.Close() }

// Put implements Writer.
func (b *Bucket) Put(ctx context.Context, key string, data []byte) error {
	if err := b.begin(ctx, key); err != nil {
		return err
	}
	_, err := b.put(ctx, key, data, minio.PutObjectOptions{})
	return failed("put object", key, b.explain(ctx, err))
}

// put sends one request, whatever the size: a condition on an upload in parts would
// be forgotten at its end. Its error is the client's own.
func (b *Bucket) put(ctx context.Context, key string, data []byte, o minio.PutObjectOptions) (etag string, err error) {
	if err := b.writing(); err != nil {
		return "", err
	}
	o.DisableMultipart, o.SendContentMd5 = true, true
	info, err := b.client.Client.PutObject(ctx, b.bucket, b.prefix+key, bytes.NewReader(data), int64(len(data)), o)
	return info.ETag, err
}

// conflicts is how often a conditional write is tried again that met another
// request for the same key.
const conflicts = 5

// Create implements Writer.
func (b *Bucket) Create(ctx context.Context, key string, data []byte) error {
	if err := b.begin(ctx, key); err != nil {
		return err
	}
	var o minio.PutObjectOptions
	o.SetMatchETagExcept("*")
	_, err := b.conditional(ctx, key, data, o)
	return failed("create object", key, err)
}

// conditional puts an object and fails with ErrExists if the condition does not hold.
func (b *Bucket) conditional(ctx context.Context, key string, data []byte, o minio.PutObjectOptions) (etag string, err error) {
	for range conflicts {
		etag, err = b.put(ctx, key, data, o)
		answer := answerOf(err)
		switch {
		case answer.StatusCode == http.StatusPreconditionFailed:
			return "", ErrExists
		case answer.StatusCode != http.StatusConflict:
			return etag, b.explain(ctx, err)
		}
	}
	return "", ErrExists
}

// maxCopy is the size in bytes of the largest object that S3 copies by one request.
const maxCopy = 5 << 30

// Copy implements Writer: the server copies, and nothing passes this machine. What is
// copied is the version that was there before the target was found missing: whoever has
// made the target meanwhile may have replaced the source as well.
func (b *Bucket) Copy(ctx context.Context, from, to string) error {
	if err := errors.Join(b.begin(ctx, from), b.begin(ctx, to)); err != nil {
		return err
	}
	return failed("copy object", from, b.copy(ctx, from, to))
}

func (b *Bucket) copy(ctx context.Context, from, to string) error {
	if err := b.writing(); err != nil {
		return err
	}
	source, missing := b.head(ctx, from)
	if _, err := b.head(ctx, to); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if missing != nil {
		return missing
	}
	src, dst := minio.CopySrcOptions{Bucket: b.bucket, Object: b.prefix + from, MatchETag: source.ETag}, minio.CopyDestOptions{Bucket: b.bucket, Object: b.prefix + to}
	var err error
	if source.Size <= maxCopy {
		_, err = b.client.Client.CopyObject(ctx, dst, src)
	} else {
		_, err = b.client.ComposeObject(ctx, dst, src)
	}
	if answerOf(err).StatusCode != http.StatusPreconditionFailed {
		return b.explain(ctx, err)
	}
	if _, err := b.head(ctx, to); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return ErrChanged
}

// Remove implements Writer.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	if err := b.begin(ctx, key); err != nil {
		return err
	}
	return failed("remove object", key, b.remove(ctx, key))
}

func (b *Bucket) remove(ctx context.Context, key string) error {
	if err := b.writing(); err != nil {
		return err
	}
	err := b.explain(ctx, b.client.RemoveObject(ctx, b.bucket, b.prefix+key, minio.RemoveObjectOptions{}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
