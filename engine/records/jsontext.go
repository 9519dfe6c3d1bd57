package records

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

func isDigit(b byte) bool { return b-'0' <= 9 }

// number never ends with the text: an object or array must be closed behind it.
func (c *checker) number() step {
	text, at, fraction, exponent := c.text, c.at, false, 0
	if text[at] == '-' {
		at++
	}
	digits := func() bool {
		start := at
		for at < len(text) && isDigit(text[at]) {
			at++
		}
		return at > start || at == len(text)
	}
	if at < len(text) && text[at] == '0' {
		at++
	} else if !digits() {
		return c.fail(broken)
	}
	if at < len(text) && text[at] == '.' {
		at++
		if fraction = true; !digits() {
			return c.fail(broken)
		}
	}
	if at < len(text) && text[at]|0x20 == 'e' {
		at++
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		exponent = at
		if !digits() {
			return c.fail(broken)
		}
	}
	if at == len(text) {
		return c.fail(cut)
	}
	long := at-c.at > maxDoubleDigits
	if fraction && (long || exponent == 0 && isTiny(text[c.at:at])) || exponent > 0 && (long || at-exponent > 2) {
		c.long = append(c.long, span{c.at, at})
	}
	c.at = at
	return afterValue
}

// isTiny reports whether an engine prints a number with an exponent that it was sent
// without: 0.00001 as 1e-05, which is no text of a decimal.
func isTiny(number []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(number, []byte("-")), []byte("0.0000"))
}

// maxDoubleDigits is how many digits of any number come back from a double as they
// went in. Whole numbers that DuckDB's reader has no integer for it leaves as text.
const maxDoubleDigits = 15

// span is a part of a text.
type span struct{ from, to int }

func space(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') {
		at++
	}
	return at
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainRun returns how many bytes from at are neither quote, backslash nor
// control character.
func plainRun(text []byte, at int) int {
	start := at
	for ; len(text)-at >= 8; at += 8 {
		word := binary.LittleEndian.Uint64(text[at:])
		quotes, slashes := word^ones*'"', word^ones*'\\'
		found := ((word - ones*0x20) &^ word) | ((quotes - ones) &^ quotes) | ((slashes - ones) &^ slashes)
		if found &= highs; found != 0 {
			return at + bits.TrailingZeros64(found)/8 - start
		}
	}
	for at < len(text) && text[at] != '"' && text[at] != '\\' && text[at] >= 0x20 {
		at++
	}
	return at - start
}

// string returns the end of a string whose characters begin at at.
func (c *checker) string(at int) (end int, escaped bool) {
	text := c.text
	for {
		at += plainRun(text, at)
		if at == len(text) {
			return cut, escaped
		}
		switch text[at] {
		case '"':
			return at + 1, escaped
		case '\\':
			size := c.escape(text[at:])
			if size < 0 {
				return size, true
			}
			at, escaped = at+size, true
		default:
			return broken, escaped
		}
	}
}

// escape returns the size of the escape sequence at the start of text.
func (c *checker) escape(text []byte) int {
	if len(text) < 2 {
		return cut
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return broken
	}
	r, how := hex(text)
	if how < 0 {
		return how
	}
	c.noText = c.noText || r == 0
	if !utf16.IsSurrogate(r) {
		return 6
	}
	low, how := hex(text[6:])
	if how == cut {
		return cut
	}
	if how < 0 || utf16.DecodeRune(r, low) == utf8.RuneError {
		c.noText = true
		return 6 // what follows is judged by itself
	}
	return 12
}

// hex reads `\uXXXX`.
func hex(text []byte) (r rune, how int) {
	const prefix = `\u`
	for i := range 6 {
		if i == len(text) {
			return 0, cut
		}
		b := text[i]
		switch {
		case i < len(prefix):
			if b != prefix[i] {
				return 0, broken
			}
			continue
		case isDigit(b):
			b -= '0'
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			b = b | 0x20 - 'a' + 10
		default:
			return 0, broken
		}
		r = r<<4 | rune(b)
	}
	return r, 6
}

// unescapeJSON returns the characters of a string that is well-formed.
func unescapeJSON(inside []byte) []byte {
	text := make([]byte, 0, len(inside))
	for i := 0; i < len(inside); i++ {
		if inside[i] != '\\' {
			text = append(text, inside[i])
			continue
		}
		i++
		switch b := inside[i]; b {
		case 'u':
			r, _ := hex(inside[i-1:])
			i += 4
			if utf16.IsSurrogate(r) {
				if low, how := hex(inside[i+1:]); how > 0 && utf16.DecodeRune(r, low) != utf8.RuneError {
					r = utf16.DecodeRune(r, low)
					i += 6
				}
			}
			text = utf8.AppendRune(text, r)
		case 'b', 'f', 'n', 'r', 't':
			text = append(text, map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}[b])
		default:
			text = append(text, b)
		}
	}
	return text
}
