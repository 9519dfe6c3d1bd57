package lake

import "time"

// Beat makes a bucket's lock renew itself, and go stale, after other times.
func (b *Bucket) Beat(beat, stale time.Duration) { b.beat, b.stale = beat, stale }

// LockLost reports whether the bucket has found its lock to be another's.
func (b *Bucket) LockLost() bool { return b.lost.Load() != nil }
