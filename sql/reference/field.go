package reference

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	decimalText   = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)$`)
	integerText   = regexp.MustCompile(`^[+-]?[0-9]{1,19}$`)
	dateText      = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	timestampText = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$`)
	currencyText  = regexp.MustCompile(`\A[A-Z]{3}\z`)
)

// trim takes off what surrounds a value: spaces and tabs, nothing else.
func trim(text string) string { return strings.Trim(text, " \t") }

// parseCents reads a decimal(18, 2) as hundredths. Digits beyond the second must be zeros.
func parseCents(text string) (int64, bool) {
	if !decimalText.MatchString(text) {
		return 0, false
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, false
	}
	cents := value.Mul(value, big.NewRat(100, 1))
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
	if !cents.IsInt() || cents.Num().CmpAbs(limit) >= 0 {
		return 0, false
	}
	return cents.Num().Int64(), true
}

func parseInteger(text string) (int32, bool) {
	if !integerText.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return int32(n), err == nil
}

func parseBoolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "t", "1", "yes", "y":
		return true, true
	case "false", "f", "0", "no", "n":
		return false, true
	}
	return false, false
}

func parseDate(text string) (time.Time, bool) {
	if !dateText.MatchString(text) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

func parseTimestamp(text string) (time.Time, bool) {
	if !timestampText.MatchString(text) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateTime, strings.Replace(text, "T", " ", 1))
	return t, err == nil
}
