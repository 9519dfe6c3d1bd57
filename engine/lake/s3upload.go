package lake

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	partSize    = 16 << 20 // bytes; more where there would be too many parts
	maxParts    = 10_000
	hurry       = 10 * time.Millisecond // the first wait for another process' completion
	patience    = 2 * time.Second       // the bound of the last
	uploaders   = 4                     // parts of one upload that are on their way at once
	claimHeader = "Ledgermill-Upload"   // metadata that names the upload that made an object
	claimSuffix = ".json"
)

// Stage implements Publisher: a multipart upload of every part that is not
// completed, however small the file. Before it is done, a claim lies in the staging
// prefix that says whose it is: the server does not know.
func (b *Bucket) Stage(ctx context.Context, key, localPath string) (Upload, error) {
	if err := b.begin(ctx, key); err != nil {
		return Upload{}, err
	}
	u, err := b.stage(ctx, key, localPath)
	return u, failed("stage object", key, err)
}

func (b *Bucket) stage(ctx context.Context, key, localPath string) (u Upload, err error) {
	if err := b.writing(); err != nil {
		return Upload{}, err
	}
	f, err := os.Open(localPath)
	if err != nil {
		return Upload{}, err
	}
	defer func() { err = both(err, f.Close()) }()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", localPath)
	}
	if err != nil {
		return Upload{}, err
	}
	u = Upload{Key: key, Size: info.Size(), Claim: b.claimOf(localPath)}
	u.Staged, err = b.client.NewMultipartUpload(ctx, b.bucket, b.prefix+key, minio.PutObjectOptions{UserMetadata: map[string]string{
		claimHeader: u.token(), "X-Amz-Checksum-Algorithm": "CRC32C"}})
	if err != nil {
		return Upload{}, b.explain(ctx, err)
	}
	sending, joint := errgroup.WithContext(ctx)
	claim := u
	sending.Go(func() error { return b.claim(joint, claim) })
	sending.Go(func() (err error) {
		u.Parts, err = b.send(joint, claim, f)
		return err
	})
	if err := sending.Wait(); err != nil {
		return Upload{}, both(err, b.abort(context.WithoutCancel(ctx), u))
	}
	u.ETag = u.compositeETag()
	return u, nil
}

// claimOf is a fresh key for the claim of an upload: below the run's name for a file
// in its staging directory.
func (b *Bucket) claimOf(localPath string) string {
	name := rand.Text() + claimSuffix
	local, err := filepath.Abs(localPath)
	if inside, ok := strings.CutPrefix(local, b.staging+string(filepath.Separator)); err == nil && ok {
		run, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
		return path.Join(stagingName, run, name)
	}
	return path.Join(stagingName, temporary+name)
}

// token is what an object has in its metadata that this upload made.
func (u Upload) token() string {
	return strings.TrimPrefix(strings.TrimSuffix(path.Base(u.Claim), claimSuffix), temporary)
}

func (b *Bucket) claim(ctx context.Context, u Upload) error {
	text, err := json.Marshal(Upload{Key: u.Key, Staged: u.Staged, Size: u.Size, Claim: u.Claim})
	if err != nil {
		return err
	}
	_, err = b.put(ctx, u.Claim, text, minio.PutObjectOptions{})
	return b.explain(ctx, err)
}

// send uploads the parts of a file, some at once, each with its checksum.
func (b *Bucket) send(ctx context.Context, u Upload, f io.ReaderAt) ([]Part, error) {
	size, parts := sizeOfParts(u.Size), make([]Part, countParts(u.Size))
	sending, ctx := errgroup.WithContext(ctx)
	sending.SetLimit(uploaders)
	for i := range parts {
		from := int64(i) * size
		sending.Go(func() (err error) {
			parts[i], err = b.sendPart(ctx, u, i+1, io.NewSectionReader(f, from, min(size, u.Size-from)))
			return err
		})
	}
	return parts, sending.Wait()
}

// sizeOfParts is the size of every part but the last of an object.
func sizeOfParts(size int64) int64 {
	least := (size + maxParts - 1) / maxParts
	return max(partSize, (least+1<<20-1)>>20<<20)
}

func countParts(size int64) int64 {
	part := sizeOfParts(size)
	return max(1, (size+part-1)/part)
}

func (b *Bucket) sendPart(ctx context.Context, u Upload, number int, data *io.SectionReader) (Part, error) {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if _, err := io.CopyBuffer(sum, &stoppable{ctx, data}, make([]byte, 1<<20)); err != nil {
		return Part{}, err
	}
	text := encodeSum(sum)
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return Part{}, err
	}
	sent, err := b.client.PutObjectPart(ctx, b.bucket, b.prefix+u.Key, u.Staged, number, data, data.Size(),
		minio.PutObjectPartOptions{CustomHeader: http.Header{"X-Amz-Checksum-Crc32c": {text}}})
	if err != nil {
		return Part{}, b.explain(ctx, err)
	}
	part := Part{ETag: sent.ETag}
	if sent.ChecksumCRC32C != "" {
		part.CRC32C = text // a server that keeps checksums wants them again at the end
	}
	return part, nil
}

// compositeETag is the ETag that servers give to an upload of these parts, if they
// do as Amazon S3 does without keys of its own; elsewhere the claim tells.
func (u Upload) compositeETag() string {
	sum := md5.New() // no security in it: it is how ETags are made
	for _, p := range u.Parts {
		raw, err := hex.DecodeString(p.ETag)
		if err != nil {
			raw = []byte(p.ETag)
		}
		sum.Write(raw)
	}
	return fmt.Sprintf("%x-%d", sum.Sum(nil), len(u.Parts))
}

// Complete implements Publisher by one request, which the server obeys once.
func (b *Bucket) Complete(ctx context.Context, u Upload) (Object, error) {
	if err := b.checkUpload(ctx, u); err != nil {
		return Object{}, err
	}
	o, err := b.complete(ctx, u)
	if err != nil {
		return Object{}, failed("complete object", u.Key, err)
	}
	// The object stands; a claim that stays is swept, for its upload is no more.
	_ = b.remove(ctx, u.Claim)
	return o, nil
}

func (b *Bucket) complete(ctx context.Context, u Upload) (Object, error) {
	parts := make([]minio.CompletePart, len(u.Parts))
	for i, p := range u.Parts {
		parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: p.ETag, ChecksumCRC32C: p.CRC32C}
	}
	_, err := b.client.CompleteMultipartUpload(ctx, b.bucket, b.prefix+u.Key, u.Staged, parts, minio.PutObjectOptions{})
	code := answerOf(err).Code
	if err != nil && code != minio.NoSuchUpload && code != minio.InvalidPart {
		return Object{}, b.explain(ctx, err)
	}
	// Done now, or before by whoever; or replaced since, or lost. Or another process
	// is at it: some servers speak of success, or of no such upload, before the object
	// is there. Its claim goes last, so what is not there after the claim is lost.
	o, err := b.placed(ctx, u)
	for wait := hurry; errors.Is(err, ErrUploadGone); wait *= 2 {
		underWay := wait < patience && b.claimed(ctx, u)
		if o, err = b.placed(ctx, u); err == nil || !underWay {
			break
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return Object{}, context.Cause(ctx)
		}
	}
	return o, err
}

// placed returns the object that an upload has made, or ErrUploadGone.
func (b *Bucket) placed(ctx context.Context, u Upload) (Object, error) {
	o, err := b.head(ctx, u.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Object{}, ErrUploadGone
	case err != nil:
		return Object{}, err
	case o.Size != u.Size || o.ETag != u.ETag && o.UserMetadata[claimHeader] != u.token():
		return Object{}, fmt.Errorf("%w: another object is in its place", ErrUploadGone)
	}
	return objectOf(u.Key, o), nil
}

// claimed reports whether nobody has aborted the upload, or completed it to its end.
func (b *Bucket) claimed(ctx context.Context, u Upload) bool {
	_, err := b.head(ctx, u.Claim)
	return err == nil
}

// checkUpload trusts nothing that is read back from a ledger.
func (b *Bucket) checkUpload(ctx context.Context, u Upload) error {
	if err := b.begin(ctx, u.Key); err != nil {
		return err
	}
	if err := CheckKey(u.Claim); err != nil {
		return err
	}
	if !strings.HasPrefix(u.Claim, stagingName+"/") || u.Staged == "" {
		return &KeyError{Key: u.Claim, Fault: "is no claim of an upload in " + stagingName}
	}
	return nil
}

// Abort implements Publisher.
func (b *Bucket) Abort(ctx context.Context, u Upload) error {
	if err := b.checkUpload(ctx, u); err != nil {
		return err
	}
	return failed("abort upload", u.Key, b.abort(ctx, u))
}

func (b *Bucket) abort(ctx context.Context, u Upload) error {
	err := b.client.AbortMultipartUpload(ctx, b.bucket, b.prefix+u.Key, u.Staged)
	if code := answerOf(err).Code; code == minio.NoSuchUpload || code == minio.NoSuchKey {
		err = nil
	}
	if err != nil {
		return b.explain(ctx, err)
	}
	return b.remove(ctx, u.Claim)
}
