package pipeline

import (
	"strconv"
	"strings"
	"time"
)

// The grammar of the contract's types, for text that has been trimmed.

// parseCents reads a decimal(18, 2) as hundredths: digits beyond the second must be
// zeros.
func parseCents(text string) (int64, bool) {
	sign := int64(1)
	if text != "" && (text[0] == '+' || text[0] == '-') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	whole, fraction, pointed := strings.Cut(text, ".")
	if pointed && fraction == "" || !pointed && whole == "" || !digits(whole) || !digits(fraction) {
		return 0, false
	}
	if len(fraction) > 2 {
		if strings.Trim(fraction[2:], "0") != "" {
			return 0, false
		}
		fraction = fraction[:2]
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 16 {
		return 0, false
	}
	cents := int64(0)
	for _, part := range [...]string{whole, (fraction + "00")[:2]} {
		for i := range len(part) {
			cents = cents*10 + int64(part[i]-'0')
		}
	}
	return sign * cents, true
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

func parseInteger(text string) (int32, bool) {
	unsigned := text
	if text != "" && (text[0] == '+' || text[0] == '-') {
		unsigned = text[1:]
	}
	if unsigned == "" || len(unsigned) > 19 || !digits(unsigned) {
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
	if !shaped(text, "0000-00-00") {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

func parseTimestamp(text string) (time.Time, bool) {
	const whole = len(time.DateTime)
	if len(text) < whole || text[10] != ' ' && text[10] != 'T' || !shaped(text[:10], "0000-00-00") || !shaped(text[11:whole], "00:00:00") {
		return time.Time{}, false
	}
	if rest := text[whole:]; rest != "" && (rest[0] != '.' || len(rest) < 2 || len(rest) > 7 || !digits(rest[1:])) {
		return time.Time{}, false
	}
	if text[10] == 'T' {
		text = text[:10] + " " + text[11:]
	}
	t, err := time.Parse(time.DateTime, text)
	return t, err == nil
}

// shaped tells whether a text has digits where the shape has 0, and is the shape
// elsewhere.
func shaped(text, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i := range len(shape) {
		if shape[i] == '0' && (text[i] < '0' || text[i] > '9') || shape[i] != '0' && text[i] != shape[i] {
			return false
		}
	}
	return true
}
