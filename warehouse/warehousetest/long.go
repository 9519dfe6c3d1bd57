package warehousetest

import (
	"os"
	"testing"
)

// LongVariable names the environment variable that asks for tests in full length.
const LongVariable = "LEDGERMILL_TEST_LONG"

// Long reports whether tests run in full length.
func Long() bool { return os.Getenv(LongVariable) != "" }

// Stride is how far the points of a sweep lie apart.
func Stride(usual, long int) int {
	switch {
	case Long():
		return long
	case testing.Short():
		return 2 * usual
	}
	return usual
}
