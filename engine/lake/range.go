package lake

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// Ranger reads parts of objects.
type Ranger interface {
	// ReadRange returns length bytes of an object, which has them. It fails with
	// ErrChanged if the object is no longer the one with o's ETag.
	ReadRange(ctx context.Context, o Object, from, length int64) ([]byte, error)
}

var _ Ranger = (*Bucket)(nil)

// ReadRange implements Ranger.
func (b *Bucket) ReadRange(ctx context.Context, o Object, from, length int64) ([]byte, error) {
	if err := b.begin(ctx, o.Key); err != nil {
		return nil, err
	}
	data, err := b.readRange(ctx, o, from, length)
	return data, failed("read object", o.Key, err)
}

func (b *Bucket) readRange(ctx context.Context, o Object, from, length int64) ([]byte, error) {
	for tries := 0; ; tries++ {
		var get minio.GetObjectOptions
		if err := errors.Join(get.SetMatchETag(o.ETag), get.SetRange(from, from+length-1)); err != nil {
			return nil, err
		}
		body, _, _, err := b.client.GetObject(ctx, b.bucket, b.prefix+o.Key, get)
		if answer := answerOf(err); answer.StatusCode == http.StatusPreconditionFailed || answer.Code == minio.NoSuchKey {
			return nil, ErrChanged
		}
		if err != nil {
			return nil, b.explain(ctx, err)
		}
		data := make([]byte, length)
		_, err = io.ReadFull(body, data)
		if err = both(err, body.Close()); err == nil {
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if tries == resumes {
			return nil, errors.Join(io.ErrUnexpectedEOF, b.explain(ctx, err))
		}
	}
}
