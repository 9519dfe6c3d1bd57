package lake

import (
	"context"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"ledgermill/engine/config"
)

// Object is one object as its store lists it.
type Object struct {
	Key     string
	Size    int64     // bytes
	ETag    string    // changes with the content; "" where only Hash can tell
	ModTime time.Time // of the store's clock: for people, and to notice a change
	Inode   uint64    // 0 where there is none
}

// Same reports whether nothing tells a from b without reading them.
func (a Object) Same(b Object) bool {
	return a.Key == b.Key && a.Size == b.Size && a.ETag == b.ETag && a.ModTime.Equal(b.ModTime) && a.Inode == b.Inode
}

// Reader is the side of a store that changes nothing.
type Reader interface {
	// URL names the store.
	URL() string
	// List returns all objects whose key begins with prefix, in natural order
	// of their keys (Compare). It fails with ErrMissing if there is no store,
	// and leaves out only what is no object: staged bytes and the lock.
	List(ctx context.Context, prefix string) ([]Object, error)
	// Stat fails with fs.ErrNotExist if there is no such object.
	Stat(ctx context.Context, key string) (Object, error)
	// Open fails with fs.ErrNotExist if there is no such object.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Checksum returns what the object's bytes have to give, if the store keeps it.
	Checksum(ctx context.Context, key string) (Checksum, error)
	// Location is what an engine opens: an absolute path, or a URI.
	Location(key string) string
}

// Writer changes single objects. What it returned from is durable.
type Writer interface {
	// Create fails with ErrExists if the key is taken, whoever took it first.
	Create(ctx context.Context, key string, data []byte) error
	// Put makes an object, replacing the one at its key whole.
	Put(ctx context.Context, key string, data []byte) error
	// Copy makes an object of another one's bytes, inside the store. It succeeds if
	// the target exists already, and fails with fs.ErrNotExist if the source does not.
	Copy(ctx context.Context, from, to string) error
	// Remove succeeds if there is no such object.
	Remove(ctx context.Context, key string) error
}

// Publisher replaces large objects in two steps, so that many can be made
// ready before the first of them shows.
type Publisher interface {
	// StagingDir returns the existing local directory for a run's files.
	StagingDir(run string) (string, error)
	// StagingRoot is the local directory above those of the runs. It need not exist.
	StagingRoot() string
	// Stage makes a local file's bytes durable without making them visible. A
	// file inside the staging directory becomes the store's, and must not be
	// changed any more; one from elsewhere is copied.
	Stage(ctx context.Context, key, localPath string) (Upload, error)
	// Complete makes the bytes visible at their key. Done again, or by another
	// process, it succeeds if they are in place. It fails with ErrUploadGone if
	// the bytes are neither staged nor in place.
	Complete(ctx context.Context, upload Upload) (Object, error)
	// Abort forgets staged bytes. It succeeds if they are gone.
	Abort(ctx context.Context, upload Upload) error
	// Sweep removes the staging directories of runs that keep refuses, their
	// uploads, and what dead processes left; it returns the names of those runs.
	// It touches nothing that this program did not make. It is for the holder of the
	// lock, who knows that no other run is alive. What may not be removed
	// any more is completed first: that is the ledger's business.
	Sweep(ctx context.Context, keep func(run string) bool) ([]string, error)
	// Leftovers lists what Sweep would remove if it kept no run.
	Leftovers(ctx context.Context) ([]Leftover, error)
}

// Locker keeps two runs from working on one store at the same time. It is a
// courtesy: correctness comes from Create.
type Locker interface {
	// Lock fails at once with a *LockedError if another process has the lock.
	Lock(ctx context.Context, holder Info) (unlock func() error, err error)
}

// Store is all of a place for objects.
type Store interface {
	Reader
	Writer
	Publisher
	Locker
	Container
	// Prepare makes the store ready for its first object: it creates a
	// directory, but no bucket.
	Prepare(ctx context.Context) error
}

// Upload is staged bytes and where they belong. It survives its process, as
// JSON in the ledger's intent.
type Upload struct {
	Key    string `json:"key"`
	Staged string `json:"staged"` // in a directory: slash path below its root; in a bucket: the id of the upload
	Size   int64  `json:"size"`
	ETag   string `json:"etag"`            // that the object will have
	Parts  []Part `json:"parts,omitempty"` // in a bucket, in order
	Claim  string `json:"claim,omitempty"` // in a bucket: key of the record that says whose the upload is
}

// Leftover is what a run has left in the staging area.
type Leftover struct {
	Run    string    `json:"run"`              // "" where no run is known
	Place  string    `json:"place"`            // path, or URL of an object
	Upload string    `json:"upload,omitempty"` // key that an incomplete upload is for
	Staged string    `json:"-"`                // as Upload.Staged has it, "" for a directory of this machine
	Size   int64     `json:"size"`             // bytes
	Since  time.Time `json:"since"`
}

// Holds reports whether it has the bytes of an upload.
func (l Leftover) Holds(u Upload) bool {
	if l.Staged != "" {
		return l.Staged == u.Staged
	}
	return l.Run != "" && strings.HasPrefix(u.Staged, stagingName+"/"+l.Run+"/") || strings.HasSuffix(filepath.ToSlash(l.Place), "/"+u.Staged)
}

// Part is a part of an upload to a bucket, as the server and the client know it.
type Part struct {
	ETag   string `json:"etag"`
	CRC32C string `json:"crc32c,omitempty"` // base64; "" where the server keeps none
}

// Open returns the store at a path, file:// URL or s3://bucket/prefix. It touches
// nothing: whether the store exists shows when it is used.
func Open(place string, o Options) (Store, error) {
	scheme, rest, found := strings.Cut(place, "://")
	if !found {
		return openPath(place)
	}
	if strings.EqualFold(scheme, "s3") {
		return openBucket(place, rest, o)
	}
	if !strings.EqualFold(scheme, "file") {
		return nil, &SchemeError{Place: config.MaskURL(place), Scheme: scheme}
	}
	parsed, err := url.Parse(place)
	if err != nil || parsed.Path == "" || parsed.RawQuery != "" || parsed.Fragment != "" || (parsed.Host != "" && parsed.Host != "localhost") {
		return nil, &SchemeError{Place: config.MaskURL(place), Scheme: "file"}
	}
	return openPath(filepath.FromSlash(parsed.Path))
}

func openPath(path string) (Store, error) {
	if path == "" {
		return nil, &SchemeError{}
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, failed("open store", path, err)
	}
	return NewDirectory(absolute), nil
}
