package draft

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"ledgermill/engine/records"
)

// Sample is one object of the feed.
type Sample struct {
	Key  string                        // relative to the input; the pattern of `objects` is made of it
	Open func() (io.ReadCloser, error) // compressed as the key says
}

const (
	maxText    = 64 << 20 // bytes looked at of one sample
	maxRecords = 250_000  // records looked at of one sample
	maxColumns = 1_600    // columns of a sample: PostgreSQL's tables have no more
	maxSamples = 24       // samples looked at; of more, some that are spread over all
)

// text is the decoded text of a sample.
type text struct {
	body     string
	encoding string // as the csv directive names it; "utf-8" needs no word
	cut      bool   // there is more than was looked at
}

func (s Sample) text() (t text, err error) {
	file, err := s.Open()
	if err != nil {
		return t, fmt.Errorf("open sample %s: %w", s.Key, err)
	}
	defer func() { _ = file.Close() }()
	plain, err := records.Open(s.Key, file)
	if err != nil {
		return t, fmt.Errorf("open sample %s: %w", s.Key, err)
	}
	defer func() { _ = plain.Close() }()
	data, err := io.ReadAll(io.LimitReader(plain, maxText))
	if err != nil {
		return t, fmt.Errorf("read sample %s: %w", s.Key, err)
	}
	t.cut = len(data) == maxText
	if t.cut {
		data = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	t.body, t.encoding = decode(data)
	return t, nil
}

// decode finds the encoding. Text that is UTF-8 but for a few lines is damaged
// UTF-8: another encoding would make nonsense of its sound lines.
func decode(data []byte) (body, encoding string) {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		return string(data[3:]), "utf-8"
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		return decodeUTF16(data[2:], binary.LittleEndian), "utf-16"
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return decodeUTF16(data[2:], binary.BigEndian), "utf-16"
	case utf8.Valid(data):
		return string(data), "utf-8"
	}
	sound, damaged := 0, 0
	for line := range bytes.Lines(data) {
		switch {
		case !utf8.Valid(line):
			damaged++
		case bytes.ContainsFunc(line, func(r rune) bool { return r > 0x7F }):
			sound++
		}
	}
	if damaged < sound {
		return string(data), "utf-8"
	}
	for _, b := range data {
		if b >= 0x80 && b <= 0x9F {
			body, _ = charmap.Windows1252.NewDecoder().String(string(data))
			return body, "windows-1252"
		}
	}
	body, _ = charmap.ISO8859_1.NewDecoder().String(string(data))
	return body, "latin-1"
}

func decodeUTF16(data []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}
