package records

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func pack(tb testing.TB, c Compression, text string) []byte {
	tb.Helper()
	var packed bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&packed)
	if c == Zstd {
		var err error
		if w, err = zstd.NewWriter(&packed, zstd.WithEncoderCRC(true)); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return packed.Bytes()
}

func unpack(name string, r io.Reader) (string, error) {
	u, err := Open(name, r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(u)
	return string(text), errors.Join(err, u.Close())
}

func TestOpen(t *testing.T) {
	t.Parallel()
	gz, zst := pack(t, Gzip, "a,b\n1,2\n"), pack(t, Zstd, "a,b\n1,2\n")
	two := func(b []byte) []byte { return append(bytes.Clone(b), b...) }
	for _, c := range []struct {
		name   string
		packed []byte
		want   string
	}{
		{"x.csv", []byte("a,b\n1,2\n"), "a,b\n1,2\n"},
		{"x.csv.gz", gz, "a,b\n1,2\n"},
		{"x.csv.GZ", two(gz), "a,b\n1,2\na,b\n1,2\n"},
		{"x.csv.zst", zst, "a,b\n1,2\n"},
		{"x.csv.zst", two(zst), "a,b\n1,2\na,b\n1,2\n"},
		{"x.gz.csv", gz, string(gz)},
		{"x.csv.gz", pack(t, Gzip, ""), ""},
		{"x.csv", nil, ""},
	} {
		got, err := unpack(c.name, iotest.OneByteReader(bytes.NewReader(c.packed)))
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestOpenDamaged(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("some,text,that packs\n", 2000)
	for name, compression := range map[string]Compression{"x.csv.gz": Gzip, "x.csv.zst": Zstd} {
		packed := pack(t, compression, text)
		for cut := range packed {
			_, err := unpack(name, bytes.NewReader(packed[:cut]))
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("%s cut at %d of %d: %v, want truncated", name, cut, len(packed), err)
			}
		}
		for at := range packed {
			damaged := bytes.Clone(packed)
			damaged[at] ^= 0x55
			got, err := unpack(name, bytes.NewReader(damaged))
			if err == nil && got != text {
				t.Errorf("%s damaged at %d: another text and no error", name, at)
			}
			if err != nil && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrUnreadable) {
				t.Errorf("%s damaged at %d: %v", name, at, err)
			}
		}
		if _, err := unpack(name, strings.NewReader("a,b\n")); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s holds plain text: %v, want unreadable", name, err)
		}
		var fault *UnpackError
		if _, err := unpack(name, bytes.NewReader(append(packed, "garbage"...))); !errors.As(err, &fault) || fault.Try() == "" {
			t.Errorf("%s has garbage behind: %v", name, err)
		}
	}
}

// TestOpenCutMembers cuts an object of several members: between two of them the
// text is a shorter one and nothing tells, anywhere else it is truncated.
func TestOpenCutMembers(t *testing.T) {
	t.Parallel()
	for name, compression := range map[string]Compression{"x.csv.gz": Gzip, "x.csv.zst": Zstd} {
		first, second := "a,b\n"+strings.Repeat("1,2\n", 99), strings.Repeat("3,4\n", 99)
		one := pack(t, compression, first)
		both := append(bytes.Clone(one), pack(t, compression, second)...)
		for cut := 1; cut <= len(both); cut++ {
			got, err := unpack(name, bytes.NewReader(both[:cut]))
			switch {
			case cut == len(one) && (err != nil || got != first), cut == len(both) && (err != nil || got != first+second):
				t.Errorf("%s cut at %d: %.20q, %v", name, cut, got, err)
			case cut != len(one) && cut != len(both) && !errors.Is(err, ErrTruncated):
				t.Errorf("%s cut at %d of %d: %v, want truncated", name, cut, len(both), err)
			}
		}
	}
}

// TestOpenBoundsTheWindow: how far back a frame may refer is memory, and its sender says it.
func TestOpenBoundsTheWindow(t *testing.T) {
	t.Parallel()
	for window, want := range map[int]bool{128 << 20: true, 256 << 20: false} {
		var packed bytes.Buffer
		w, err := zstd.NewWriter(&packed, zstd.WithWindowSize(window), zstd.WithSingleSegment(false))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write([]byte("a,b\n1,2\n"))
		if err = errors.Join(err, w.Flush(), w.Close()); err != nil { // flushed, the frame cannot say how long it is
			t.Fatal(err)
		}
		got, err := unpack("x.csv.zst", &packed)
		if want && (err != nil || got != "a,b\n1,2\n") || !want && !errors.Is(err, ErrUnreadable) {
			t.Errorf("a window of %d: %q, %v", window, got, err)
		}
	}
}

func TestOpenPassesTheStoresErrors(t *testing.T) {
	t.Parallel()
	cut := errors.New("connection reset")
	for name, compression := range map[string]Compression{"x.csv": Plain, "x.csv.gz": Gzip, "x.csv.zst": Zstd} {
		packed := pack(t, max(compression, Gzip), strings.Repeat("abc", 100))
		for _, n := range []int{0, 4, len(packed) - 3} {
			_, err := unpack(name, io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(cut)))
			if !errors.Is(err, cut) || errors.Is(err, ErrTruncated) || errors.Is(err, ErrUnreadable) {
				t.Errorf("%s after %d bytes: %v, want the store's error", name, n, err)
			}
		}
	}
}
