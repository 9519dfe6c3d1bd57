package warehousetest

import (
	"os"
	"testing"
)

// LongVariable names the environment variable that asks for tests in more length:
// any value for what CI runs, [full] for every point of a sweep.
const LongVariable = "LEDGERMILL_TEST_LONG"

// full asks for sweeps that take longer than CI has.
const full = "full"

// Long reports whether tests run in more length.
func Long() bool { return os.Getenv(LongVariable) != "" }

// Full reports whether every point of a sweep is asked for.
func Full() bool { return os.Getenv(LongVariable) == full }

// Stride is how far the points of a sweep lie apart: usually, in CI, and in full.
func Stride(usual, long, closest int) int {
	switch {
	case Full():
		return closest
	case Long():
		return long
	case testing.Short():
		return 2 * usual
	}
	return usual
}
