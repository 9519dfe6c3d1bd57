package lake

import (
	"cmp"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxKey = 1024 // bytes, as S3 has it

// CheckKey says what is wrong with a key; nil if nothing is. A key is a relative
// slash path without empty, `.` or `..` segments and control characters.
func CheckKey(key string) error {
	fault := ""
	switch {
	case key == "":
		fault = "is empty"
	case len(key) > maxKey:
		fault = "is longer than 1,024 bytes"
	case !utf8.ValidString(key):
		fault = "is not UTF-8"
	case strings.HasPrefix(key, "/"):
		fault = "is absolute"
	case strings.ContainsFunc(key, unicode.IsControl):
		fault = "has a control character"
	case path.Clean(key) != key || key == "." || key == ".." || strings.HasPrefix(key, "../"):
		fault = "has an empty segment, `.` or `..`"
	default:
		return nil
	}
	return &KeyError{Key: key, Fault: fault}
}

// Compare orders keys as people do: runs of digits by their number, all else by
// byte, so that part-2 comes before part-10. It is total: keys that differ in
// leading zeros only are ordered by byte.
func Compare(a, b string) int {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if !isDigit(a[i]) || !isDigit(b[j]) {
			if a[i] != b[j] {
				return cmp.Compare(a[i], b[j])
			}
			i, j = i+1, j+1
			continue
		}
		var x, y string
		x, i = number(a, i)
		y, j = number(b, j)
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(a)-i, len(b)-j), cmp.Compare(a, b))
}

// number returns the run of digits at i without leading zeros, and its end.
func number(key string, i int) (digits string, end int) {
	for end = i; end < len(key) && isDigit(key[end]); end++ {
	}
	return strings.TrimLeft(key[i:end], "0"), end
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
