package records

import "hash/maphash"

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
	long    []span   // numbers that a double may not hold, or that would come with an exponent
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
	c.stack, c.top, c.long = c.stack[:0], c.top[:0], c.long[:0]
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
