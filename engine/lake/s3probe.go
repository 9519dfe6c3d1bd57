package lake

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Prepare implements Store. It creates no bucket, and finds out whether the server
// can hold a lake: whether a key can be created once only, and whether an upload
// stays hidden until it is completed. It fails with an *AccessError where not.
func (b *Bucket) Prepare(ctx context.Context) error {
	if err := b.meet(ctx); err != nil {
		return err
	}
	key := path.Join(stagingName, temporary+rand.Text())
	err := b.probeCreate(ctx, key)
	err = both(err, b.remove(context.WithoutCancel(ctx), key))
	if err == nil {
		err = b.probeUpload(ctx, key)
	}
	return failed("prepare store", b.URL(), err)
}

func (b *Bucket) probeCreate(ctx context.Context, key string) error {
	var none minio.PutObjectOptions
	none.SetMatchETagExcept("*")
	if _, err := b.conditional(ctx, key, []byte("1"), none); err != nil && !errors.Is(err, ErrExists) {
		return err
	}
	switch _, err := b.conditional(ctx, key, []byte("2"), none); {
	case errors.Is(err, ErrExists):
		return nil
	case err != nil:
		return err
	}
	return b.unfit("it ignores If-None-Match, so that two runs could commit the same entry")
}

func (b *Bucket) probeUpload(ctx context.Context, key string) (err error) {
	id, err := b.client.NewMultipartUpload(ctx, b.bucket, b.prefix+key, minio.PutObjectOptions{})
	if err != nil {
		return b.explain(ctx, err)
	}
	u := Upload{Key: key, Staged: id, Size: 1, Claim: key}
	defer func() { err = both(err, b.abort(context.WithoutCancel(ctx), u)) }()
	if _, err := b.send(ctx, u, strings.NewReader("1")); err != nil {
		return err
	}
	switch _, err := b.head(ctx, key); {
	case err == nil:
		return b.unfit("it shows an upload that is not completed, so that readers would see half of a unit")
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

func (b *Bucket) unfit(cause string) error {
	return &AccessError{Fault: FaultConditions, Endpoint: b.access.Endpoint(), Bucket: b.bucket, Section: b.access.Section, Cause: cause}
}
