package lake

import "context"

// Ranger reads parts of objects.
type Ranger interface {
	// ReadRange returns length bytes of the given version of an object. It fails
	// with ErrChanged if there is another one by now.
	ReadRange(ctx context.Context, o Object, from, length int64) ([]byte, error)
}
