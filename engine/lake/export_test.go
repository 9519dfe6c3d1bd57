package lake

import (
	"net/http"
	"time"
)

// Through puts something between the bucket and its server.
func (b *Bucket) Through(wrap func(http.RoundTripper) http.RoundTripper) error {
	transport, err := b.access.transport()
	if err == nil {
		b.first, b.client, err = b.access.clients(wrap(transport))
	}
	return err
}

// Beat makes a bucket's lock renew itself, and go stale, after other times.
func (b *Bucket) Beat(beat, stale time.Duration) { b.beat, b.stale = beat, stale }

// LockLost reports whether the bucket has found its lock to be another's.
func (b *Bucket) LockLost() bool { return b.lost.Load() != nil }
