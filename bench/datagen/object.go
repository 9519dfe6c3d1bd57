package datagen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// writeObject creates an object and has it filled, compressed if its key ends in
// .gz. An object that could not be filled is discarded.
func writeObject(ctx context.Context, output Output, key string, fill func(io.Writer) error) error {
	ctx, discard := context.WithCancelCause(ctx)
	defer discard(nil)
	object, err := output.Create(ctx, key)
	if err != nil {
		return fmt.Errorf("create object %s: %w", key, err)
	}
	if err := compress(object, key, fill); err != nil {
		err = fmt.Errorf("write object %s: %w", key, err)
		discard(err)
		if closing := object.Close(); closing != nil && !errors.Is(closing, err) {
			err = errors.Join(err, closing)
		}
		return err
	}
	if err := object.Close(); err != nil {
		return fmt.Errorf("write object %s: %w", key, err)
	}
	return nil
}

func compress(object io.Writer, key string, fill func(io.Writer) error) error {
	if !strings.HasSuffix(key, ".gz") {
		return fill(object)
	}
	// The fastest level: the generator is not what is to be measured.
	packed, err := gzip.NewWriterLevel(object, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := fill(packed); err != nil {
		return err
	}
	return packed.Close()
}
