package records

import "encoding/binary"

// The kinds of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt16  = 4
	thriftInt64  = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13

	thriftDepth = 32 // Parquet's own structures are 7 deep
)

func isInt(kind byte) bool { return kind >= thriftInt16 && kind <= thriftInt64 }

// thrift reads a text of the compact protocol. What does not fit makes it bad,
// and everything after that empty; it never reads on behind the text.
type thrift struct {
	text []byte
	bad  bool
}

func (t *thrift) spoil() {
	t.text, t.bad = nil, true
}

func (t *thrift) byte() byte {
	if len(t.text) == 0 {
		t.spoil()
		return 0
	}
	b := t.text[0]
	t.text = t.text[1:]
	return b
}

func (t *thrift) uint() uint64 {
	v, n := binary.Uvarint(t.text)
	if n <= 0 {
		t.spoil()
		return 0
	}
	t.text = t.text[n:]
	return v
}

func (t *thrift) int() int64 {
	v := t.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (t *thrift) pass(n uint64) { t.bytes(n) }

func (t *thrift) bytes(n uint64) []byte {
	if n > uint64(len(t.text)) {
		t.spoil()
		return nil
	}
	passed := t.text[:n]
	t.text = t.text[n:]
	return passed
}

// fields calls field for each field of a struct; field reads or drops it.
func (t *thrift) fields(field func(id int, kind byte)) {
	for id := 0; ; {
		head := t.byte()
		if head == 0 || t.bad { // 0 ends the struct
			return
		}
		if delta := int(head >> 4); delta > 0 {
			id += delta
		} else {
			id = int(t.int())
		}
		field(id, head&0x0F)
	}
}

// list reads the head of a list or set. An element has one byte at least, so
// that a list cannot be longer than the rest of the text.
func (t *thrift) list() (size uint64, kind byte) {
	head := t.byte()
	size, kind = uint64(head>>4), head&0x0F
	if size == 15 {
		size = t.uint()
	}
	if size > uint64(len(t.text)) {
		t.spoil()
		return 0, 0
	}
	return size, kind
}

// structs calls one for each element of a list of structs.
func (t *thrift) structs(one func()) {
	size, kind := t.list()
	if size > 0 && kind != thriftStruct {
		t.spoil()
	}
	for range size {
		if t.bad {
			return
		}
		one()
	}
}

// drop passes over a value inside depth others.
func (t *thrift) drop(kind byte, depth int) {
	if depth > thriftDepth {
		t.spoil()
		return
	}
	switch kind {
	case thriftTrue, thriftFalse: // the kind is the value
	case thriftByte:
		t.pass(1)
	case thriftInt16, thriftInt16 + 1, thriftInt64:
		t.uint()
	case thriftDouble:
		t.pass(8)
	case thriftBinary:
		t.pass(t.uint())
	case thriftUUID:
		t.pass(16)
	case thriftStruct:
		t.fields(func(_ int, kind byte) { t.drop(kind, depth+1) })
	case thriftList, thriftSet:
		size, kind := t.list()
		for range size {
			t.element(kind, depth+1)
		}
	case thriftMap:
		t.dropMap(depth)
	default:
		t.spoil()
	}
}

func (t *thrift) dropMap(depth int) {
	size := t.uint()
	if size == 0 {
		return
	}
	if size > uint64(len(t.text)) {
		t.spoil()
		return
	}
	kinds := t.byte()
	for range size {
		t.element(kinds>>4, depth+1)
		t.element(kinds&0x0F, depth+1)
	}
}

// element drops an element of a list or map, in which a boolean has a byte.
func (t *thrift) element(kind byte, depth int) {
	if t.bad {
		return
	}
	if kind == thriftTrue || kind == thriftFalse {
		kind = thriftByte
	}
	t.drop(kind, depth)
}
