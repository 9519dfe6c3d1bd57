package records

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// What checker.check returns in the place of a value's end.
const (
	broken = -1 // no JSON value stands there
	cut    = -2 // the text ends inside the value
)

// checker finds out whether a text is one JSON value, as strictly as RFC 8259
// reads, and whether it is a record: an object that names no key twice at any
// depth and is not nested too deep. It does not look at the encoding.
type checker struct {
	text    []byte
	at      int
	stack   []uint64 // what is open: an object by its number, an array by 0
	objects uint64   // so far, in all texts
	top     [][]byte // the keys of the outermost object, unescaped
	names   nameSet
	seed    maphash.Seed

	isObject, twice, deep, noText bool
}

func newChecker() checker { return checker{seed: maphash.MakeSeed()} }

// step is what must come next in the text.
type step int

const (
	aValue step = iota
	aFirstKey
	aKey
	aFirstElement
	afterValue
	failed
)

// check reads the value that begins in text at at, and returns its end.
func (c *checker) check(text []byte, at int) int {
	c.text, c.at = text, at
	c.stack, c.top = c.stack[:0], c.top[:0]
	c.names.clear()
	c.isObject, c.twice, c.deep, c.noText = at < len(text) && text[at] == '{', false, false, false
	for next := aValue; next != failed; {
		if next == afterValue && len(c.stack) == 0 {
			return c.at
		}
		c.at = space(text, c.at)
		if c.at == len(text) {
			return cut
		}
		next = c.take(next)
	}
	return c.at // take left broken or cut there
}

// fault says why a value that check found whole is no record, or nothing.
func (c *checker) fault() Reason {
	switch {
	case !c.isObject || c.deep:
		return JSON
	case c.noText:
		return Encoding
	case c.twice:
		return JSON
	}
	return ""
}

func (c *checker) take(next step) step {
	b := c.text[c.at]
	switch next {
	case aFirstKey:
		if b == '}' {
			return c.close()
		}
		return c.key()
	case aKey:
		return c.key()
	case aFirstElement:
		if b == ']' {
			return c.close()
		}
		return c.value(b)
	case aValue:
		return c.value(b)
	}
	object := c.stack[len(c.stack)-1] > 0
	switch {
	case b == ',' && object:
		c.at++
		return aKey
	case b == ',':
		c.at++
		return aValue
	case b == '}' && object, b == ']' && !object:
		return c.close()
	}
	return c.fail(broken)
}

func (c *checker) fail(how int) step {
	c.at = how
	return failed
}

func (c *checker) close() step {
	c.at++
	c.stack = c.stack[:len(c.stack)-1]
	return afterValue
}

func (c *checker) value(b byte) step {
	switch {
	case b == '{':
		c.at++
		c.objects++
		c.stack = append(c.stack, c.objects)
		c.deep = c.deep || len(c.stack) > MaxDepth
		return aFirstKey
	case b == '[':
		c.at++
		c.stack = append(c.stack, 0)
		c.deep = c.deep || len(c.stack) > MaxDepth
		return aFirstElement
	case b == '"':
		end, _ := c.string(c.at + 1)
		if end < 0 {
			return c.fail(end)
		}
		c.at = end
		return afterValue
	case b == '-' || isDigit(b):
		return c.number()
	case b == 't':
		return c.word("true")
	case b == 'f':
		return c.word("false")
	case b == 'n':
		return c.word("null")
	}
	return c.fail(broken)
}

func (c *checker) word(word string) step {
	rest := c.text[c.at:]
	if len(rest) < len(word) && string(rest) == word[:len(rest)] {
		return c.fail(cut)
	}
	if len(rest) < len(word) || string(rest[:len(word)]) != word {
		return c.fail(broken)
	}
	c.at += len(word)
	return afterValue
}

func (c *checker) key() step {
	if c.text[c.at] != '"' {
		return c.fail(broken)
	}
	start := c.at + 1
	end, escaped := c.string(start)
	if end < 0 {
		return c.fail(end)
	}
	name := c.text[start : end-1]
	if escaped {
		name = unescapeJSON(name)
	}
	object := c.stack[len(c.stack)-1]
	c.twice = c.names.add(maphash.Bytes(c.seed, name), object, name) || c.twice
	if len(c.stack) == 1 {
		c.top = append(c.top, name)
	}
	c.at = space(c.text, end)
	if c.at == len(c.text) {
		return c.fail(cut)
	}
	if c.text[c.at] != ':' {
		return c.fail(broken)
	}
	c.at++
	return aValue
}

func isDigit(b byte) bool { return b-'0' <= 9 }

// number never ends with the text: an object or array must be closed behind it.
func (c *checker) number() step {
	text, at := c.text, c.at
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
		if !digits() {
			return c.fail(broken)
		}
	}
	if at < len(text) && text[at]|0x20 == 'e' {
		at++
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		if !digits() {
			return c.fail(broken)
		}
	}
	if at == len(text) {
		return c.fail(cut)
	}
	c.at = at
	return afterValue
}

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
