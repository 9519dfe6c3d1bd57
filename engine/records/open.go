package records

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compression is how an object's bytes are packed.
type Compression string

const (
	Plain Compression = ""
	Gzip  Compression = "gzip"
	Zstd  Compression = "zstd"

	// maxWindow is what the zstd tool itself unpacks without --long.
	maxWindow = 128 << 20
)

// CompressionOf tells by the last extension of an object's key.
func CompressionOf(key string) Compression {
	switch strings.ToLower(path.Ext(key)) {
	case ".gz":
		return Gzip
	case ".zst":
		return Zstd
	}
	return Plain
}

// What a compressed object may suffer from; errors.Is finds them.
var (
	ErrTruncated  = errors.New("compressed data ends too early")
	ErrUnreadable = errors.New("compressed data is damaged")
)

// UnpackError says that an object's compressed bytes are at fault, not the way
// to them: errors of the store pass through Open unchanged.
type UnpackError struct {
	Name  string
	Fault error // ErrTruncated or ErrUnreadable
	Err   error // the decoder's
}

func (e *UnpackError) Error() string {
	return fmt.Sprintf("unpack %s: %v: %v", e.Name, e.Fault, e.Err)
}

func (e *UnpackError) Unwrap() []error { return []error{e.Fault, e.Err} }

// Try returns the remedy.
func (e *UnpackError) Try() string {
	if e.Fault == ErrTruncated {
		return "ask the sender for the object again: its upload was cut short"
	}
	return "ask the sender for the object again, or correct its extension: it is not what its name says"
}

// Open unpacks r by the last extension of name: .gz (of any number of members),
// .zst, else as it is. Close frees the decoder and leaves r to its owner. A
// compressed object of no bytes is truncated.
func Open(name string, r io.Reader) (io.ReadCloser, error) {
	compression := CompressionOf(name)
	if compression == Plain {
		return io.NopCloser(r), nil
	}
	u := &unpacker{name: name, src: source{r: r}}
	packed := bufio.NewReaderSize(&u.src, 256<<10)
	first, err := packed.Peek(1)
	switch {
	case err != nil:
	case compression == Gzip && first[0] != 0x1F: // a short text would count as a truncated header
		err = gzip.ErrHeader
	case compression == Gzip:
		var z *gzip.Reader
		if z, err = gzip.NewReader(packed); err == nil {
			u.decoder = z
		}
	default:
		var z *zstd.Decoder
		z, err = zstd.NewReader(packed, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			u.decoder = z.IOReadCloser()
		}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, u.judge(err)
	}
	return u, nil
}

// source remembers the store's own error, which is no fault of the data.
type source struct {
	r    io.Reader
	read int64 // bytes
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.read += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

type unpacker struct {
	name    string
	src     source
	decoder io.ReadCloser
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.decoder.Read(p)
	if err != nil && err != io.EOF {
		err = u.judge(err)
	}
	return n, err
}

func (u *unpacker) Close() error { return u.decoder.Close() }

func (u *unpacker) judge(err error) error {
	if u.src.err != nil {
		return fmt.Errorf("read %s: %w", u.name, u.src.err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &UnpackError{u.name, ErrTruncated, err}
	}
	return &UnpackError{u.name, ErrUnreadable, err}
}
