package lake

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Checksum is what the bytes of an object have to give. The zero value is of a
// store that keeps none: then any bytes pass.
type Checksum struct {
	crc32c string // base64; with parts the one of the parts' own, and -N behind it
	part   int64  // bytes of a part but the last; 0: there are no parts
}

// Known reports whether bytes can be held against it.
func (c Checksum) Known() bool { return c.crc32c != "" }

// Checker sums up bytes that are written to it.
type Checker struct {
	want  Checksum
	part  hash.Hash32
	whole hash.Hash32 // of the parts' sums
	left  int64       // of the part at hand
	parts int
}

// Checker returns one that has seen nothing yet.
func (c Checksum) Checker() *Checker {
	table := crc32.MakeTable(crc32.Castagnoli)
	return &Checker{want: c, part: crc32.New(table), whole: crc32.New(table), left: c.part}
}

// Write implements io.Writer.
func (c *Checker) Write(p []byte) (int, error) {
	n := len(p)
	for c.want.part > 0 && int64(len(p)) >= c.left {
		c.part.Write(p[:c.left])
		p = p[c.left:]
		c.end()
	}
	c.part.Write(p)
	c.left -= int64(len(p))
	return n, nil
}

// end closes a part.
func (c *Checker) end() {
	c.whole.Write(c.part.Sum(nil))
	c.part.Reset()
	c.left = c.want.part
	c.parts++
}

// Check fails with ErrChanged if the bytes were not those of the object.
func (c *Checker) Check() error {
	if !c.want.Known() {
		return nil
	}
	sum := c.part
	suffix := ""
	if c.want.part > 0 {
		if c.left < c.want.part || c.parts == 0 {
			c.end()
		}
		sum, suffix = c.whole, "-"+strconv.Itoa(c.parts)
	}
	if got := encodeSum(sum) + suffix; got != c.want.crc32c {
		return fmt.Errorf("%w: its CRC-32C is %s, of these bytes %s", ErrChanged, c.want.crc32c, got)
	}
	return nil
}

func encodeSum(sum hash.Hash32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32()))
}

// Checksum implements Reader: a directory keeps none.
func (d *Directory) Checksum(ctx context.Context, key string) (Checksum, error) {
	return Checksum{}, begin(ctx, key)
}

// Checksum implements Reader: the CRC-32C that the server keeps of what this
// program has uploaded, in the parts that it makes.
func (b *Bucket) Checksum(ctx context.Context, key string) (Checksum, error) {
	if err := b.begin(ctx, key); err != nil {
		return Checksum{}, err
	}
	o, err := b.client.StatObject(ctx, b.bucket, b.prefix+key, minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return Checksum{}, failed("stat object", key, b.explain(ctx, err))
	}
	sum := Checksum{crc32c: o.ChecksumCRC32C}
	if _, parts, ok := strings.Cut(o.ChecksumCRC32C, "-"); ok {
		sum.part = sizeOfParts(o.Size)
		if n, err := strconv.ParseInt(parts, 10, 64); err != nil || n != countParts(o.Size) {
			return Checksum{}, nil // another program's parts
		}
	}
	return sum, nil
}
