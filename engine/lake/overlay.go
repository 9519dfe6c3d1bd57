package lake

import (
	"context"
	"io"
	"strings"
)

// Overlay is a store through which objects of another one are read where this one has
// none of its own. All that is written goes to this one; nothing but reads reaches the
// other.
type Overlay struct {
	Store
	base   Reader
	theirs func(key string) bool
}

// NewOverlay lays a store over another one, whose objects are those that theirs names.
func NewOverlay(own Store, base Reader, theirs func(key string) bool) *Overlay {
	return &Overlay{Store: own, base: base, theirs: theirs}
}

func (o *Overlay) reader(key string) Reader {
	if o.theirs(key) {
		return o.base
	}
	return o.Store
}

// Stat implements Reader.
func (o *Overlay) Stat(ctx context.Context, key string) (Object, error) {
	return o.reader(key).Stat(ctx, key)
}

// Open implements Reader.
func (o *Overlay) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	return o.reader(key).Open(ctx, key)
}

// Checksum implements Reader.
func (o *Overlay) Checksum(ctx context.Context, key string) (Checksum, error) {
	return o.reader(key).Checksum(ctx, key)
}

// Location implements Reader.
func (o *Overlay) Location(key string) string { return o.reader(key).Location(key) }

// KeyAt is the key of the object that an engine opens at a location; false where the
// location is none of the store's.
func KeyAt(store Reader, location string) (key string, ok bool) {
	places := []Reader{store}
	if o, laid := store.(*Overlay); laid {
		places = []Reader{o.Store, o.base}
	}
	for _, place := range places {
		if key, ok := strings.CutPrefix(location, place.Location("")); ok {
			return key, true
		}
	}
	return "", false
}
