package duckdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// encode appends a field that is not null as PostgreSQL's COPY reads it in binary:
// its length in four bytes and its value. The forms are those of the types' receive
// functions.
type encode func(buf []byte, v *vector, row int) ([]byte, error)

// errRange says that a value does not fit into its column's type.
var errRange = errors.New("value out of range")

// encoderOf chooses how values go into a column of a PostgreSQL type as format_type
// writes it, or nil where only text would make of the value what it says: 0.1 as
// FLOAT is another number as double precision.
func encoderOf(v *vector, column string) encode {
	base, modifier, _ := strings.Cut(column, "(")
	if _, rest, found := strings.Cut(modifier, ")"); found {
		base += rest
	}
	switch v.kind {
	case bindings.TypeBoolean:
		return only(base == "boolean", encodeBool)
	case bindings.TypeTinyInt:
		return encoderOfInteger[int8](base)
	case bindings.TypeSmallInt:
		return encoderOfInteger[int16](base)
	case bindings.TypeInteger:
		return encoderOfInteger[int32](base)
	case bindings.TypeBigInt:
		return encoderOfInteger[int64](base)
	case bindings.TypeUTinyInt:
		return encoderOfInteger[uint8](base)
	case bindings.TypeUSmallInt:
		return encoderOfInteger[uint16](base)
	case bindings.TypeUInteger:
		return encoderOfInteger[uint32](base)
	case bindings.TypeDouble:
		return only(base == "double precision", encodeDouble)
	case bindings.TypeFloat:
		return only(base == "real", encodeFloat)
	case bindings.TypeDecimal:
		return only(base == "numeric", encoderOfDecimal(v.inner))
	case bindings.TypeUUID:
		return only(base == "uuid", encodeUUID)
	case bindings.TypeVarchar:
		return only(base == "text" || base == "character varying" || base == "character", encodeText)
	case bindings.TypeDate:
		return only(base == "date", encodeDate)
	case bindings.TypeTimestamp:
		return only(base == "timestamp without time zone", encodeTimestamp)
	case bindings.TypeTimestampTZ:
		return only(base == "timestamp with time zone", encodeTimestamp)
	case bindings.TypeTime:
		return only(base == "time without time zone", encodeTime)
	}
	return nil
}

func only(fits bool, e encode) encode {
	if fits {
		return e
	}
	return nil
}

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32
}

func encoderOfInteger[T integer](base string) encode {
	switch base {
	case "smallint":
		return func(buf []byte, v *vector, row int) ([]byte, error) {
			n := int64(at[T](v, row))
			if n != int64(int16(n)) {
				return buf, fmt.Errorf("%w for smallint: %d", errRange, n)
			}
			return binary.BigEndian.AppendUint16(append(buf, 0, 0, 0, 2), uint16(n)), nil
		}
	case "integer":
		return func(buf []byte, v *vector, row int) ([]byte, error) {
			n := int64(at[T](v, row))
			if n != int64(int32(n)) {
				return buf, fmt.Errorf("%w for integer: %d", errRange, n)
			}
			return binary.BigEndian.AppendUint32(append(buf, 0, 0, 0, 4), uint32(n)), nil
		}
	case "bigint":
		return func(buf []byte, v *vector, row int) ([]byte, error) {
			return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), uint64(int64(at[T](v, row)))), nil
		}
	case "numeric":
		return func(buf []byte, v *vector, row int) ([]byte, error) {
			return appendInt(buf, int64(at[T](v, row)), 0), nil
		}
	}
	return nil
}

func encodeBool(buf []byte, v *vector, row int) ([]byte, error) {
	return append(buf, 0, 0, 0, 1, at[byte](v, row)), nil
}

func encodeDouble(buf []byte, v *vector, row int) ([]byte, error) {
	return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), at[uint64](v, row)), nil
}

func encodeFloat(buf []byte, v *vector, row int) ([]byte, error) {
	return binary.BigEndian.AppendUint32(append(buf, 0, 0, 0, 4), at[uint32](v, row)), nil
}

func encodeText(buf []byte, v *vector, row int) ([]byte, error) {
	text := v.text(row)
	return append(binary.BigEndian.AppendUint32(buf, uint32(len(text))), text...), nil
}

// encodeUUID writes 16 bytes. DuckDB holds them as a number that sorts like them, so
// with the first bit turned.
func encodeUUID(buf []byte, v *vector, row int) ([]byte, error) {
	n := at[huge](v, row)
	buf = binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 16), uint64(n.high)^(1<<63))
	return binary.BigEndian.AppendUint64(buf, n.low), nil
}

// Days and microseconds from 1970, DuckDB's epoch, to 2000, PostgreSQL's.
const (
	epochDays   = 10_957
	epochMicros = epochDays * 86_400_000_000
)

// encodeDate writes days. DuckDB's infinities are the largest number of 32 bits and
// its negative; PostgreSQL's are the largest and the smallest.
func encodeDate(buf []byte, v *vector, row int) ([]byte, error) {
	days := int64(at[int32](v, row))
	switch days {
	case math.MaxInt32:
	case -math.MaxInt32:
		days = math.MinInt32
	default:
		if days -= epochDays; days <= math.MinInt32 {
			return buf, fmt.Errorf("%w for date", errRange)
		}
	}
	return binary.BigEndian.AppendUint32(append(buf, 0, 0, 0, 4), uint32(int32(days))), nil
}

// encodeTimestamp writes microseconds, with infinities like those of dates.
func encodeTimestamp(buf []byte, v *vector, row int) ([]byte, error) {
	micros := at[int64](v, row)
	switch {
	case micros == math.MaxInt64:
	case micros == -math.MaxInt64:
		micros = math.MinInt64
	case micros <= math.MinInt64+epochMicros:
		return buf, fmt.Errorf("%w for timestamp", errRange)
	default:
		micros -= epochMicros
	}
	return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), uint64(micros)), nil
}

func encodeTime(buf []byte, v *vector, row int) ([]byte, error) {
	return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), at[uint64](v, row)), nil
}

func encoderOfDecimal(inner bindings.Type) encode {
	switch inner {
	case bindings.TypeSmallInt:
		return func(buf []byte, v *vector, row int) ([]byte, error) {
			return appendInt(buf, int64(at[int16](v, row)), v.scale), nil
		}
	case bindings.TypeInteger:
		return func(buf []byte, v *vector, row int) ([]byte, error) {
			return appendInt(buf, int64(at[int32](v, row)), v.scale), nil
		}
	case bindings.TypeBigInt:
		return func(buf []byte, v *vector, row int) ([]byte, error) {
			return appendInt(buf, at[int64](v, row), v.scale), nil
		}
	}
	return encodeDecimal128
}

func appendInt(buf []byte, n int64, scale int) []byte {
	size := uint64(n)
	if n < 0 {
		size = -size
	}
	return appendNumeric(buf, n < 0, 0, size, scale)
}

func encodeDecimal128(buf []byte, v *vector, row int) ([]byte, error) {
	n := at[huge](v, row)
	high, low := uint64(n.high), n.low
	if n.high < 0 {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
	}
	return appendNumeric(buf, n.high < 0, high, low, v.scale), nil
}

// groupBase is what one digit of PostgreSQL's numeric counts to.
const groupBase = 10_000

// appendNumeric writes a numeric: the number of its digits of base 10,000, the power
// of the first one, the sign, the digits that are shown behind the point, and the
// digits, without zeros at either end.
func appendNumeric(buf []byte, negative bool, high, low uint64, scale int) []byte {
	var groups [11]uint16 // 39 digits and a fraction that begins within a group
	count, begin := 0, 0
	if part := scale % 4; part != 0 {
		// The last group holds fewer digits of the fraction than four.
		divisor := [4]uint64{1, 10, 100, 1000}[part]
		var rest uint64
		high, low, rest = divide(high, low, divisor)
		groups[0] = uint16(rest * (groupBase / divisor))
		count = 1
	}
	for high != 0 || low != 0 {
		var rest uint64
		high, low, rest = divide(high, low, groupBase)
		groups[count] = uint16(rest)
		count++
	}
	weight := count - (scale+3)/4 - 1
	for count > 0 && groups[count-1] == 0 {
		count--
		weight--
	}
	for begin < count && groups[begin] == 0 {
		begin++
	}
	digits := count - begin
	if digits == 0 {
		negative, weight = false, 0
	}
	sign := uint16(0)
	if negative {
		sign = 0x4000
	}
	buf = binary.BigEndian.AppendUint32(buf, uint32(8+2*digits))
	buf = binary.BigEndian.AppendUint16(buf, uint16(digits))
	buf = binary.BigEndian.AppendUint16(buf, uint16(int16(weight)))
	buf = binary.BigEndian.AppendUint16(buf, sign)
	buf = binary.BigEndian.AppendUint16(buf, uint16(scale))
	for i := count - 1; i >= begin; i-- {
		buf = binary.BigEndian.AppendUint16(buf, groups[i])
	}
	return buf
}

func divide(high, low, by uint64) (quotientHigh, quotientLow, rest uint64) {
	if high == 0 {
		return 0, low / by, low % by
	}
	quotientHigh, rest = high/by, high%by
	quotientLow, rest = bits.Div64(rest, low, by)
	return quotientHigh, quotientLow, rest
}
