package records

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// notText stands for what is no character in the text's encoding. No UTF-8 text
// holds this byte, so that the scanners reject the record that does.
const notText = 0xFF

// Decode reads r, which is in encoding, as UTF-8. The encodings are those of a
// contract: utf-8 (as it is; also the empty name), utf-16 (the byte order mark
// tells the order; without one, little-endian), latin-1 and windows-1252. A
// code unit that is no character makes the record that holds it `encoding`, its
// neighbours stay.
func Decode(r io.Reader, encoding string) (io.Reader, error) {
	switch encoding {
	case "", "utf-8":
		return r, nil
	case "utf-16":
		return newDecoder(r, &wide{}), nil
	case "latin-1":
		return newDecoder(r, newNarrow(charmap.ISO8859_1)), nil
	case "windows-1252":
		return newDecoder(r, newNarrow(charmap.Windows1252)), nil
	}
	return nil, fmt.Errorf("encoding %q is not known: it is utf-8, utf-16, latin-1 or windows-1252", encoding)
}

// decoder is transform.Reader with buffers that suit a whole object, and without
// one where it is read in large pieces.
type decoder struct {
	src        io.Reader
	to         transform.Transformer
	data       []byte
	start, end int // data[start:end] is not decoded yet
	err        error
}

func newDecoder(r io.Reader, to transform.Transformer) io.Reader {
	const size = 64 << 10
	return bufio.NewReaderSize(&decoder{src: r, to: to, data: make([]byte, size)}, size)
}

// Read gets a p that has room for a character from the bufio.Reader round it.
func (d *decoder) Read(p []byte) (int, error) {
	for {
		wrote, read, _ := d.to.Transform(p, d.data[d.start:d.end], d.err == io.EOF)
		d.start += read
		if wrote > 0 || d.err != nil {
			if wrote > 0 {
				return wrote, nil
			}
			return 0, d.err
		}
		d.end = copy(d.data, d.data[d.start:d.end])
		d.start = 0
		n, err := d.src.Read(d.data[d.end:])
		d.end, d.err = d.end+n, err
		if n == 0 && err == nil {
			return 0, nil
		}
	}
}

// narrow decodes an encoding of one byte a character whose lower half is ASCII.
type narrow struct {
	transform.NopResetter
	upper [128]letter
}

type letter struct {
	utf8 [utf8.UTFMax]byte
	size int
}

func newNarrow(from *charmap.Charmap) *narrow {
	n := &narrow{}
	for i := range n.upper {
		r := from.DecodeByte(byte(0x80 + i))
		l := &n.upper[i]
		l.size = utf8.EncodeRune(l.utf8[:], r)
		// The five gaps of Windows-1252 come as C1 controls.
		if r == utf8.RuneError || from == charmap.Windows1252 && r < 0xA0 {
			l.utf8[0], l.size = notText, 1
		}
	}
	return n
}

// Transform copies runs of ASCII eight bytes at a time.
func (n *narrow) Transform(dst, src []byte, _ bool) (wrote, read int, err error) {
	for read < len(src) {
		if run := copyASCII(dst[wrote:], src[read:]); run > 0 {
			wrote, read = wrote+run, read+run
			continue
		}
		if len(dst)-wrote < utf8.UTFMax {
			return wrote, read, transform.ErrShortDst
		}
		c := src[read]
		read++
		if c < utf8.RuneSelf {
			dst[wrote] = c
			wrote++
			continue
		}
		l := &n.upper[c-utf8.RuneSelf]
		*(*[utf8.UTFMax]byte)(dst[wrote:]) = l.utf8
		wrote += l.size
	}
	return wrote, read, nil
}

// copyASCII copies the ASCII characters in front of src, but for the last few of
// it. Behind them it may spoil dst.
func copyASCII(dst, src []byte) (run int) {
	for len(src)-run >= 8 && len(dst)-run >= 8 {
		word := binary.LittleEndian.Uint64(src[run:])
		binary.LittleEndian.PutUint64(dst[run:], word)
		if found := word & highs; found != 0 {
			return run + bits.TrailingZeros64(found)/8
		}
		run += 8
	}
	return run
}

// wide decodes UTF-16. The byte order mark goes on as that of UTF-8.
type wide struct {
	transform.NopResetter
	begun, big bool
}

func (w *wide) Transform(dst, src []byte, atEOF bool) (wrote, read int, err error) {
	if !w.begun && len(src) >= 2 {
		w.begun, w.big = true, src[0] == 0xFE && src[1] == 0xFF
	}
	for read < len(src) {
		run := w.copyASCII(dst[wrote:], src[read:])
		wrote, read = wrote+run, read+2*run
		if read == len(src) {
			break
		}
		if len(dst)-wrote < utf8.UTFMax {
			return wrote, read, transform.ErrShortDst
		}
		rest := src[read:]
		if len(rest) == 1 && !atEOF {
			return wrote, read, transform.ErrShortSrc
		}
		r, size := w.character(rest)
		switch {
		case size == 0 && !atEOF:
			return wrote, read, transform.ErrShortSrc
		case r < 0:
			dst[wrote] = notText
			wrote++
		default:
			wrote += utf8.EncodeRune(dst[wrote:], r)
		}
		read += min(max(size, 2), len(rest))
	}
	return wrote, read, nil
}

// copyASCII copies the ASCII characters in front of src, four at a time.
func (w *wide) copyASCII(dst, src []byte) (run int) {
	upper := uint64(0xFF80FF80FF80FF80)
	shift := 0
	if w.big {
		upper, shift = 0x80FF80FF80FF80FF, 8
	}
	for len(src)-2*run >= 8 && len(dst)-run >= 4 {
		word := binary.LittleEndian.Uint64(src[2*run:])
		if word&upper != 0 {
			break
		}
		word >>= shift
		word |= word >> 8
		binary.LittleEndian.PutUint32(dst[run:], uint32(word&0xFFFF|word>>16&0xFFFF0000))
		run += 4
	}
	return run
}

// character returns the first character of src, or -1; size is 0 where it needs
// more than src has.
func (w *wide) character(src []byte) (r rune, size int) {
	if len(src) < 2 {
		return -1, 0
	}
	r = w.unit(src)
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if r >= 0xDC00 {
		return -1, 2
	}
	if len(src) < 4 {
		return -1, 0
	}
	if r = utf16.DecodeRune(r, w.unit(src[2:])); r == utf8.RuneError {
		return -1, 2
	}
	return r, 4
}

func (w *wide) unit(src []byte) rune {
	if w.big {
		return rune(binary.BigEndian.Uint16(src))
	}
	return rune(binary.LittleEndian.Uint16(src))
}
