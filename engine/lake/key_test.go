package lake_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	want := []string{"", "0", "00", "01", "1", "01a", "1a", "1ab", "2", "10", "a", "a-2", "a-10", "a/1", "a0", "a00", "a00b", "a0b", "a01", "a1",
		"a9999999999999999999999", "a10000000000000000000000", "ab", "b"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, lake.Compare)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// FuzzCompare proves that the order is total.
func FuzzCompare(f *testing.F) {
	f.Add("a01", "a1", "a1b")
	f.Add("x1a", "x01ab", "x01")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		keys := []string{a, b, c}
		for _, x := range keys {
			for _, y := range keys {
				if lake.Compare(x, y) != -lake.Compare(y, x) || (lake.Compare(x, y) == 0) != (x == y) {
					t.Fatalf("%q and %q: %d, %d", x, y, lake.Compare(x, y), lake.Compare(y, x))
				}
				for _, z := range keys {
					if lake.Compare(x, y) < 0 && lake.Compare(y, z) < 0 && lake.Compare(x, z) >= 0 {
						t.Fatalf("%q < %q < %q, but not the first < the last", x, y, z)
					}
				}
			}
		}
	})
}

func TestHashReader(t *testing.T) {
	t.Parallel()
	h := lake.NewHashReader(iotest.OneByteReader(strings.NewReader("abc")))
	if _, err := io.ReadFull(h, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	etag, size, err := h.Finish(t.Context())
	if err != nil || size != 3 || etag != "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("hash = %s of %d bytes, %v", etag, size, err)
	}
	cut := errors.New("cut")
	if _, _, err := lake.NewHashReader(iotest.ErrReader(cut)).Finish(t.Context()); !errors.Is(err, cut) {
		t.Errorf("failing reader: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cut)
	if _, _, err := lake.NewHashReader(strings.NewReader("abc")).Finish(ctx); !errors.Is(err, cut) {
		t.Errorf("cancelled: %v", err)
	}
}
