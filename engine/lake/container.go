package lake

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/minio/minio-go/v7"
)

// Container is the making and dropping of the store itself: a directory, or the
// bucket that the store is in.
type Container interface {
	// Make fails with ErrExists if it is there already.
	Make(ctx context.Context) error
	// Drop fails with ErrNotEmpty if anything is in it.
	Drop(ctx context.Context) error
}

// ErrNotEmpty says that a directory or bucket holds something.
var ErrNotEmpty = errors.New("it is not empty")

// Make implements Container.
func (d *Directory) Make(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := os.MkdirAll(filepath.Dir(d.root), 0o777)
	if err == nil {
		err = os.Mkdir(d.root, 0o777)
	}
	if errors.Is(err, fs.ErrExist) {
		err = ErrExists
	}
	return failed("make directory", d.root, err)
}

// Drop implements Container.
func (d *Directory) Drop(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := os.Remove(d.root)
	switch {
	case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
		err = ErrNotEmpty
	case errors.Is(err, fs.ErrNotExist):
		err = ErrMissing
	}
	return failed("drop directory", d.root, err)
}

// Make implements Container.
func (b *Bucket) Make(ctx context.Context) error {
	err := b.first.MakeBucket(ctx, b.bucket, minio.MakeBucketOptions{Region: b.access.Region})
	if code := answerOf(err).Code; code == minio.BucketAlreadyExists || code == minio.BucketAlreadyOwnedByYou {
		err = ErrExists
	}
	return failed("make bucket", b.bucket, b.explain(ctx, err))
}

// Drop implements Container.
func (b *Bucket) Drop(ctx context.Context) error {
	err := b.first.RemoveBucket(ctx, b.bucket)
	if answerOf(err).Code == minio.BucketNotEmpty {
		err = ErrNotEmpty
	}
	return failed("drop bucket", b.bucket, b.explain(ctx, err))
}
