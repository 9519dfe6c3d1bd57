package records

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	parquetMagic = "PAR1"
	secretMagic  = "PARE" // the footer is encrypted
	tailSize     = 4 + len(parquetMagic)
	// maxFooter bounds the footer: one of 100,000 column chunks has about 10 MB.
	maxFooter = 256 << 20
)

// ParquetError says why a Parquet object cannot be read. It is ErrTruncated
// where its end is not one of a Parquet object, else ErrUnreadable.
type ParquetError struct {
	Detail string
	Fault  error
}

func (e *ParquetError) Error() string { return "read Parquet: " + e.Detail }

// Is makes the object one that ended too early, or cannot be read.
func (e *ParquetError) Is(target error) bool { return target == e.Fault }

// Try returns the remedy.
func (e *ParquetError) Try() string { return "ask the sender for the object again" }

func damaged(format string, args ...any) error {
	return &ParquetError{fmt.Sprintf(format, args...), ErrUnreadable}
}

// ScanParquet reads the number of records from the footer of a Parquet object
// of size bytes, and holds it against that of each row group and column of the
// footer. The report's Header are the names of the columns, of nested ones the
// outermost; its Text is what all column chunks have unpacked, a byte a value at
// least: runs of equal values take none. It does not read
// the pages, so a column whose data is damaged is left for the reader to find.
//
// Errors: *ParquetError, and those of r.
func ScanParquet(r io.ReaderAt, size int64) (Report, error) {
	text, err := parquetFooter(r, size)
	if err != nil {
		return Report{}, err
	}
	f := footer{size: size}
	f.read(&thrift{text: text})
	if f.err != nil {
		return Report{}, f.err
	}
	return Report{Header: f.names, Records: f.rows, Text: max(f.unpacked, f.values())}, nil
}

// values are the values of all columns that hold some, as far as they can be counted.
func (f *footer) values() int64 {
	if f.rows > math.MaxInt64/int64(f.leaves) {
		return math.MaxInt64
	}
	return f.rows * int64(f.leaves)
}

// parquetFooter returns the Thrift text at the end of the object.
func parquetFooter(r io.ReaderAt, size int64) ([]byte, error) {
	if size < int64(len(parquetMagic)+tailSize) {
		return nil, &ParquetError{fmt.Sprintf("an object of %d bytes has no room for a footer", size), ErrTruncated}
	}
	head, tail := make([]byte, len(parquetMagic)), make([]byte, tailSize)
	if err := errors.Join(readFull(r, head, 0), readFull(r, tail, size-int64(tailSize))); err != nil {
		return nil, fmt.Errorf("read Parquet: %w", err)
	}
	length, magic := int64(binary.LittleEndian.Uint32(tail)), string(tail[4:])
	switch {
	case magic == secretMagic:
		return nil, damaged("it is encrypted")
	case string(head) != parquetMagic:
		return nil, damaged("it does not begin with %s", parquetMagic)
	case magic != parquetMagic:
		return nil, &ParquetError{"it does not end with " + parquetMagic, ErrTruncated}
	case length == 0 || length > size-int64(len(parquetMagic)+tailSize) || length > maxFooter:
		return nil, damaged("a footer of %d bytes in an object of %d", length, size)
	}
	text := make([]byte, length)
	if err := readFull(r, text, size-int64(tailSize)-length); err != nil {
		return nil, fmt.Errorf("read Parquet: %w", err)
	}
	return text, nil
}

func readFull(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// footer is what is read of Parquet's FileMetaData.
type footer struct {
	size     int64 // of the object
	version  int64
	rows     int64
	names    []string // of the columns
	elements int64    // of the schema that are still to come below the root; -1: the root is
	inside   int64    // of them, those below the column at hand
	leaves   int      // columns that hold values
	flat     bool     // no column is repeated
	groups   int64
	sum      int64 // rows of the groups
	unpacked int64 // bytes of the column chunks
	err      error
}

func (f *footer) fault(format string, args ...any) {
	if f.err == nil {
		f.err = damaged(format, args...)
	}
}

// read takes the fields by the numbers that parquet.thrift gives them.
func (f *footer) read(t *thrift) {
	f.rows, f.version, f.flat, f.elements = -1, -1, true, -1
	t.fields(func(id int, kind byte) {
		switch {
		case id == 1 && isInt(kind):
			f.version = t.int()
		case id == 2 && kind == thriftList:
			t.structs(func() { f.schema(t) })
		case id == 3 && isInt(kind):
			f.rows = t.int()
		case id == 4 && kind == thriftList:
			t.structs(func() { f.group(t) })
		default:
			t.drop(kind, 0)
		}
	})
	switch {
	case t.bad:
		f.err = damaged("its footer is no Thrift text")
	case f.version < 0 || f.rows < 0 || f.leaves == 0:
		f.fault("its footer lacks version, schema or number of rows")
	case f.elements != 0 || f.inside != 0:
		f.fault("its schema lacks columns, or has more than it says")
	case f.sum != f.rows:
		f.fault("it has %d rows, its %d row groups have %d", f.rows, f.groups, f.sum)
	}
}

// schema reads a SchemaElement; only a leaf has a type. They stand in the order of
// a walk from the root, each before its children.
func (f *footer) schema(t *thrift) {
	leaf, name, children := false, "", int64(0)
	t.fields(func(id int, kind byte) {
		switch {
		case id == 1 && isInt(kind):
			leaf = true
			if physical := t.int(); physical < 0 || physical > 7 {
				f.fault("a column has the type %d", physical)
			}
		case id == 3 && isInt(kind):
			f.flat = t.int() != 2 && f.flat // 2: repeated
		case id == 4 && kind == thriftBinary:
			name = string(t.bytes(t.uint()))
		case id == 5 && isInt(kind):
			children = t.int()
		default:
			t.drop(kind, 0)
		}
	})
	if leaf {
		f.leaves++
	}
	f.place(name, children)
}

// place finds the element's place: the root, a column, or something inside one.
func (f *footer) place(name string, children int64) {
	if children < 0 || children > int64(maxFooter) {
		f.fault("a part of its schema has %d children", children)
		return
	}
	switch {
	case f.elements < 0:
		f.elements = children
	case f.inside > 0:
		f.inside += children - 1
	case f.elements == 0:
		f.fault("its schema has more columns than it says")
	default:
		f.elements--
		f.inside = children
		f.names = append(f.names, name)
	}
}

func (f *footer) group(t *thrift) {
	rows, columns := int64(-1), 0
	var values []int64
	t.fields(func(id int, kind byte) {
		switch {
		case id == 1 && kind == thriftList:
			t.structs(func() { values = append(values, f.chunk(t)); columns++ })
		case id == 3 && isInt(kind):
			rows = t.int()
		default:
			t.drop(kind, 0)
		}
	})
	f.groups++
	if rows < 0 || f.sum+rows < f.sum || columns != f.leaves {
		f.fault("row group %d has %d rows and %d of %d columns", f.groups, rows, columns, f.leaves)
		return
	}
	f.sum += rows
	for i, n := range values {
		if n < 0 || f.flat && n != rows {
			f.fault("row group %d has %d rows, but column %d of it %d values", f.groups, rows, i+1, n)
		}
	}
}

// chunk reads a ColumnChunk and returns its number of values.
func (f *footer) chunk(t *thrift) (values int64) {
	values = -1
	var length, unpacked, data int64
	t.fields(func(id int, kind byte) {
		if id != 3 || kind != thriftStruct {
			t.drop(kind, 0)
			return
		}
		t.fields(func(id int, kind byte) {
			switch {
			case id == 5 && isInt(kind):
				values = t.int()
			case id == 6 && isInt(kind):
				unpacked = t.int()
			case id == 7 && isInt(kind):
				length = t.int()
			case id == 9 && isInt(kind):
				data = t.int()
			default:
				t.drop(kind, 0)
			}
		})
	})
	if length < 0 || data < 0 || length > f.size || data > f.size {
		f.fault("a column chunk of %d bytes at %d in an object of %d", length, data, f.size)
	}
	if unpacked < 0 || f.unpacked+unpacked < f.unpacked {
		f.fault("a column chunk of %d bytes unpacked", unpacked)
		return values
	}
	f.unpacked += unpacked
	return values
}
