package contract

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The reading of single texts in Go: of what stands in frames, keys and the
// contract itself. Records are read in SQL, by value; both read alike.

// Reader reads texts of a column as Value does and prints their values plainly:
// -1234.50, 2025-01-31 08:00:00. ok is false where a text is no value, or null.
func (c *Contract) Reader(s Section, col Column) func(text string) (value string, ok bool) {
	nulls, read := s.nullTexts(col.Name), s.Formats[col.Name].reader(col.Type)
	return func(text string) (string, bool) {
		text = trimBlanks(text)
		if text == "" || slices.Contains(nulls, text) {
			return "", false
		}
		return read(text)
	}
}

// reader reads texts that are not empty into t.
func (f Format) reader(t Type) func(text string) (string, bool) {
	switch {
	case t.Base == Varchar:
		return func(text string) (string, bool) { return text, true }
	case t.Base == Boolean:
		return readBoolean
	case t.Base == Double:
		return f.doubleReader(t)
	case t.Base == Date || t.Base == Timestamp:
		return f.momentReader(t)
	}
	read := f.numberReader(t)
	return func(text string) (string, bool) {
		number, ok := read(text)
		if ok {
			number, ok = t.toScale(number, f.Round)
		}
		if !ok || !t.holds(number) {
			return "", false
		}
		return number.FloatString(t.Scale), true
	}
}

func readBoolean(text string) (string, bool) {
	text = strings.ToLower(text)
	switch {
	case slices.Contains(trueWords, text):
		return "true", true
	case slices.Contains(falseWords, text):
		return "false", true
	}
	return "", false
}

func (f Format) doubleReader(t Type) func(text string) (string, bool) {
	number := f.numberReader(t)
	plain := wholeText(t.Grammar())
	return func(text string) (string, bool) {
		if f.Numbers != nil {
			r, ok := number(text)
			if !ok {
				return "", false
			}
			text = r.FloatString(400)
		} else if !plain.MatchString(text) {
			return "", false
		}
		v, err := strconv.ParseFloat(text, 64)
		return strconv.FormatFloat(v, 'g', -1, 64), err == nil
	}
}

// numberReader reads exact numbers by the examples, or by the type's grammar.
func (f Format) numberReader(t Type) func(text string) (*big.Rat, bool) {
	if len(f.Numbers) == 0 {
		plain := wholeText(t.Grammar())
		return func(text string) (*big.Rat, bool) {
			if !plain.MatchString(text) {
				return nil, false
			}
			return new(big.Rat).SetString(text)
		}
	}
	var readers []func(string) (*big.Rat, bool)
	for _, e := range f.Numbers {
		readers = append(readers, e.reader(t, f.Round))
	}
	return func(text string) (*big.Rat, bool) {
		for _, read := range readers {
			if number, ok := read(text); ok {
				return number, true
			}
		}
		return nil, false
	}
}

// holds reports whether a number of the type's scale is in its range.
func (t Type) holds(number *big.Rat) bool {
	if t.Base == Decimal {
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Precision-t.Scale)), nil)
		return new(big.Rat).Abs(number).Cmp(new(big.Rat).SetInt(limit)) < 0
	}
	n := number.Num()
	half := new(big.Int).Lsh(big.NewInt(1), uint(integerRange[t.Base]-1))
	return n.Cmp(new(big.Int).Neg(half)) >= 0 && n.Cmp(half) < 0
}

// The forms in which a moment is printed; Go leaves zeros at the end of .999999 out,
// as engines do.
const (
	printedDate  = time.DateOnly
	printedStamp = "2006-01-02 15:04:05.999999"
)

func (f Format) momentReader(t Type) func(text string) (string, bool) {
	read := plainMoment(t)
	if len(f.Patterns) > 0 {
		read = f.patternReader()
	}
	return func(text string) (string, bool) {
		stamp, ok := read(text)
		if ok && t.Base == Date {
			stamp, _, _ = strings.Cut(stamp, " ")
		}
		return stamp, ok
	}
}

// plainMoment reads by the strict grammar.
func plainMoment(t Type) func(text string) (string, bool) {
	plain := wholeText(t.Grammar())
	return func(text string) (string, bool) {
		if !plain.MatchString(text) {
			return "", false
		}
		layout := printedStamp
		if t.Base == Date {
			layout = printedDate
		}
		at, err := time.Parse(layout, strings.Replace(text, "T", " ", 1))
		return at.Format(printedStamp), err == nil
	}
}

func (f Format) patternReader() func(text string) (string, bool) {
	var readers []func(string) (string, bool)
	for _, p := range f.Patterns {
		m, err := compileMoment(p)
		if err != nil {
			continue
		}
		whole := wholeText(m.regex)
		readers = append(readers, func(text string) (string, bool) { return m.read(whole, text) })
	}
	return func(text string) (string, bool) {
		for _, read := range readers {
			if stamp, ok := read(text); ok {
				return stamp, true
			}
		}
		return "", false
	}
}

func wholeText(pattern string) *regexp.Regexp { return regexp.MustCompile(`\A(?:` + pattern + `)\z`) }

var (
	defaultString = regexp.MustCompile(`(?is)\A(date|timestamp)?\s*'((?:[^']|'')*)'\z`)
	defaultNumber = regexp.MustCompile(`\A[+-]?[0-9]*\.?[0-9]+\z`)
)

// defaultText is the value of a DEFAULT that is a plain literal, as engines print it.
func (col Column) defaultText() (string, bool) {
	text := strings.TrimSpace(col.Default)
	quoted := defaultString.FindStringSubmatch(text)
	switch {
	case quoted != nil && (quoted[1] == "" || strings.EqualFold(quoted[1], col.Type.Base)):
		text = strings.ReplaceAll(quoted[2], "''", "'")
	case defaultNumber.MatchString(text) && (col.Type.Base == Decimal || col.Type.isWhole()):
	case (strings.EqualFold(text, "true") || strings.EqualFold(text, "false")) && col.Type.Base == Boolean:
	default:
		return "", false
	}
	return Format{}.reader(col.Type)(text)
}
