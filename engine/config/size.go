package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. Its text form is a number and a unit: 512MB, 1GB
// (powers of 1000), 1GiB (powers of 1024), 1.5GB, or bytes alone.
type Size int64

type sizeUnit struct {
	name  string
	bytes int64
}

// sizeUnits lists the units, the one preferred in printing first.
func sizeUnits() []sizeUnit {
	return []sizeUnit{
		{"TB", 1e12}, {"TiB", 1 << 40}, {"GB", 1e9}, {"GiB", 1 << 30},
		{"MB", 1e6}, {"MiB", 1 << 20}, {"KB", 1e3}, {"KiB", 1 << 10}, {"B", 1},
	}
}

// ParseSize reads the text form; units may be in any case and stand after
// spaces.
func ParseSize(text string) (Size, error) {
	wrong := errors.New("is not a size such as 512MB, 1GB or 1GiB")
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := int64(1)
	if name := text[len(digits):]; name != "" {
		unit = 0
		for _, u := range sizeUnits() {
			if strings.EqualFold(name, u.name) {
				unit = u.bytes
			}
		}
		if unit == 0 {
			return 0, wrong
		}
	}
	digits = strings.TrimRight(digits, " ")
	if strings.Trim(digits, "0123456789.") != "" {
		return 0, wrong
	}
	if whole, err := strconv.ParseInt(digits, 10, 64); err == nil {
		if whole > math.MaxInt64/unit {
			return 0, errors.New("is larger than any memory")
		}
		return Size(whole * unit), nil
	}
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, wrong
	}
	if number*float64(unit) >= math.MaxInt64 {
		return 0, errors.New("is larger than any memory")
	}
	return Size(number * float64(unit)), nil
}

// LeastMemory is the least that an engine is given.
const LeastMemory Size = 64_000_000

// String returns the text form in the largest unit that shows it exactly.
func (s Size) String() string {
	if s != 0 {
		for _, u := range sizeUnits() {
			if int64(s)%u.bytes == 0 {
				return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
			}
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// Bytes returns the size as a number.
func (s Size) Bytes() int64 { return int64(s) }

// MarshalText writes the text form.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text form.
func (s *Size) UnmarshalText(text []byte) error {
	parsed, err := ParseSize(string(text))
	if err != nil {
		return &Error{Value: string(text), Problem: err.Error()}
	}
	*s = parsed
	return nil
}
