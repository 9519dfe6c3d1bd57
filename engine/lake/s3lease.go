package lake

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	leaseBeat  = 10 * time.Second // between two renewals
	leaseStale = time.Minute      // without a renewal, after which a lock is free
)

// lease is the text of a lock: an object that its holder renews. When it was
// written, the server says: machines need not agree on the time.
type lease struct {
	Info
	Token   string    `json:"token"`
	Machine string    `json:"machine"` // within which Process means something; "" if not known
	Process int       `json:"process"`
	Renewed time.Time `json:"renewed"`
}

// dead reports whether the holder is a process of this machine that is no more.
func (l lease) dead() bool {
	return l.Machine != "" && l.Machine == machine() && errors.Is(syscall.Kill(l.Process, 0), syscall.ESRCH)
}

// machine names this boot of the kernel and the name space of process ids, or "".
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
}

// Lock implements Locker by an object that is created where there is none, and
// taken over where its holder has not renewed it for a minute or is dead. Once
// another has taken it over, this store refuses to write.
func (b *Bucket) Lock(ctx context.Context, holder Info) (unlock func() error, err error) {
	if err := b.meet(ctx); err != nil {
		return nil, err
	}
	h := &held{b: b, lease: lease{Info: holder, Token: rand.Text(), Machine: machine(), Process: os.Getpid()}}
	for range conflicts {
		err = h.take(ctx)
		if err == nil || !errors.Is(err, ErrExists) {
			break
		}
	}
	if err != nil {
		return nil, failedLock(b.Location(lockName), err)
	}
	b.lost.Store(nil)
	b.holding.Store(true)
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.renew(beating)
	}()
	return func() error {
		b.holding.Store(false)
		stop()
		<-ended
		return failed("unlock", b.Location(lockName), h.release(context.WithoutCancel(ctx)))
	}, nil
}

// failedLock leaves the error as it is that names the holder.
func failedLock(place string, err error) error {
	var locked *LockedError
	if errors.As(err, &locked) {
		return locked
	}
	return failed("lock", place, err)
}

// held is a lock that this process has.
type held struct {
	b     *Bucket
	lease lease
	etag  string
}

// take creates the lock or takes over one that nobody holds any more. ErrExists:
// somebody was faster.
func (h *held) take(ctx context.Context) error {
	var none minio.PutObjectOptions
	none.SetMatchETagExcept("*")
	err := h.write(ctx, none)
	if !errors.Is(err, ErrExists) {
		return err
	}
	found, etag, age, err := h.b.readLease(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrExists // freed since: again
	}
	if err != nil {
		return err
	}
	if found.Token == h.lease.Token { // a request that was sent twice
		h.etag = etag
		return nil
	}
	if age < h.b.stale && found.Token != "" && !found.dead() { // without a token it is a copied file
		return &LockedError{Place: h.b.Location(lockName), Holder: found.Info}
	}
	var same minio.PutObjectOptions
	same.SetMatchETag(etag)
	return h.write(ctx, same)
}

func (h *held) write(ctx context.Context, o minio.PutObjectOptions) error {
	h.lease.Renewed = time.Now().UTC()
	text, err := json.Marshal(h.lease)
	if err != nil {
		return err
	}
	etag, err := h.b.conditional(ctx, lockName, text, o)
	if err == nil {
		h.etag = etag
	}
	return err
}

// renew writes the lock again and again until ctx ends or another process has it.
func (h *held) renew(ctx context.Context) {
	beat := time.NewTicker(h.b.beat)
	defer beat.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		switch err := h.again(ctx); {
		case err == nil:
			renewed = time.Now()
		case errors.Is(err, ErrLocked), ctx.Err() == nil && time.Since(renewed) > h.b.stale:
			locked := &LockedError{Place: h.b.Location(lockName)}
			errors.As(err, &locked)
			h.b.lost.Store(locked)
			h.b.holding.Store(false)
			return
		}
	}
}

// again renews the lock once. It fails with a *LockedError if it is another's.
func (h *held) again(ctx context.Context) error {
	var same minio.PutObjectOptions
	same.SetMatchETag(h.etag)
	err := h.write(ctx, same)
	if err == nil || !errors.Is(err, ErrExists) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	found, etag, _, err := h.b.readLease(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && found.Token != h.lease.Token:
		return &LockedError{Place: h.b.Location(lockName), Holder: found.Info}
	case err == nil:
		h.etag = etag // a request that was sent twice
	}
	return err
}

// release removes the lock if it is still this process'.
func (h *held) release(ctx context.Context) error {
	if h.b.lost.Load() != nil {
		return nil
	}
	found, _, _, err := h.b.readLease(ctx)
	if errors.Is(err, fs.ErrNotExist) || err == nil && found.Token != h.lease.Token {
		return nil
	}
	if err != nil {
		return err
	}
	return h.b.remove(ctx, lockName)
}

// readLease returns the lock's text, its ETag, and how long ago it was written by
// the server's own clock. A text that is no lease is the zero one.
func (b *Bucket) readLease(ctx context.Context) (l lease, etag string, age time.Duration, err error) {
	body, info, header, err := b.client.GetObject(ctx, b.bucket, b.prefix+lockName, minio.GetObjectOptions{})
	if err != nil {
		return l, "", 0, b.explain(ctx, err)
	}
	text, err := io.ReadAll(io.LimitReader(body, 64<<10))
	if err = both(err, body.Close()); err != nil {
		return l, "", 0, b.explain(ctx, err)
	}
	if json.Unmarshal(text, &l) != nil {
		l = lease{}
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return l, info.ETag, now.Sub(info.LastModified), nil
}
