package contract

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ledgermill/engine/sqltext"
)

// One strict ASCII grammar a type. A cast is not validation: engines take 1_000,
// 1e2, 0x1F, infinity, full-width digits, and drop +02:00 without a word.
const (
	yearPattern   = `(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})`
	hourPattern   = `(?:[01][0-9]|2[0-3])`
	sixtyPattern  = `[0-5][0-9]`
	datePattern   = yearPattern + `-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])`
	stampPattern  = datePattern + `[ T]` + hourPattern + `:` + sixtyPattern + `:` + sixtyPattern + `(?:\.[0-9]{1,6})?`
	wholePattern  = `[+-]?[0-9]{1,19}`
	doublePattern = `[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?`
)

var (
	trueWords  = []string{"true", "t", "1", "yes", "y"}
	falseWords = []string{"false", "f", "0", "no", "n"}
)

// Grammar is the regular expression that the whole text of a value must match, ""
// for varchar and boolean, which need none.
func (t Type) Grammar() string {
	switch t.Base {
	case Smallint, Integer, Bigint:
		return wholePattern
	case Decimal:
		fraction := fractionPattern(t.Scale)
		return `[+-]?(?:[0-9]+(?:\.` + fraction + `)?|\.` + fraction + `)`
	case Double:
		return doublePattern
	case Date:
		return datePattern
	case Timestamp:
		return stampPattern
	}
	return ""
}

// fractionPattern takes up to scale digits, and beyond them zeros only.
func fractionPattern(scale int) string {
	if scale == 0 {
		return `0+`
	}
	return fmt.Sprintf(`[0-9]{1,%d}0*`, scale)
}

// strict reads x, a text without blanks round it, by the grammar of t: null where
// it is empty or no value.
func strict(x string, t Type, d Dialect) string {
	switch t.Base {
	case Varchar:
		return "nullif(" + x + ", '')"
	case Boolean:
		return "(case when lower(" + x + ") in (" + quoteAll(trueWords) + ") then true when lower(" + x + ") in (" + quoteAll(falseWords) + ") then false end)"
	}
	return "(case when " + d.FullMatch(x, t.Grammar()) + " then " + d.TryCast(x, t) + " end)"
}

// inCalendar is the SQL of a value that is no text's own: null where it is a date or
// timestamp that no text could be, before the year 1, behind 9999, or infinite. Such
// a day is of no unit.
func (t Type) inCalendar(value string) string {
	switch t.Base {
	case Date:
		return "(case when " + value + " between date '0001-01-01' and date '9999-12-31' then " + value + " end)"
	case Timestamp:
		return "(case when " + value + " between timestamp '0001-01-01 00:00:00' and timestamp '9999-12-31 23:59:59.999999' then " + value + " end)"
	}
	return value
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = sqltext.QuoteString(t)
	}
	return strings.Join(quoted, ", ")
}

var integerRange = map[string]int{Smallint: 16, Integer: 32, Bigint: 64}

// reads reports whether text is a value of t by its grammar.
func (t Type) reads(text string) bool {
	switch t.Base {
	case Varchar:
		return text != ""
	case Boolean:
		return slices.Contains(slices.Concat(trueWords, falseWords), strings.ToLower(text))
	case "":
		return true // a type that is faulted already
	}
	if !regexp.MustCompile(`\A(?:` + t.Grammar() + `)\z`).MatchString(text) {
		return false
	}
	var err error
	switch t.Base {
	case Date:
		_, err = time.Parse(time.DateOnly, text)
	case Timestamp:
		_, err = time.Parse("2006-01-02 15:04:05", strings.Replace(text, "T", " ", 1))
	case Double:
		_, err = strconv.ParseFloat(text, 64)
	case Decimal:
		whole, _, _ := strings.Cut(strings.TrimLeft(text, "+-0"), ".")
		return len(whole) <= t.Precision-t.Scale
	default:
		_, err = strconv.ParseInt(text, 10, integerRange[t.Base])
	}
	return err == nil
}
