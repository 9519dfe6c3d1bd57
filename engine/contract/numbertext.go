package contract

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// fraction is the pattern of the digits behind the decimal mark that are read into
// t, in one group. With round, digits up to the first beyond the scale are kept:
// they decide on half away from zero, the others do not.
func (t Type) fraction(round bool) string {
	switch {
	case t.Base == Double:
		return `([0-9]+)`
	case round:
		return fmt.Sprintf(`([0-9]{1,%d})[0-9]*`, t.Scale+1)
	case t.Scale == 0:
		return `()0+`
	}
	return fmt.Sprintf(`([0-9]{1,%d})0*`, t.Scale)
}

func (t Type) isWhole() bool { return t.Base == Smallint || t.Base == Integer || t.Base == Bigint }

// reads is the regular expression of the texts that the example reads into t.
func (e NumberExample) reads(t Type, round bool) string {
	if e.Mark == "" {
		return e.pattern("()")
	}
	return e.pattern(`(?:` + regexp.QuoteMeta(e.Mark) + t.fraction(round) + `)?`)
}

// value is the SQL of x, which matches the example's pattern, as t.
func (e NumberExample) value(x string, t Type, round bool, d Dialect) string {
	pattern := e.reads(t, round)
	text := e.plainText(func(template string) string { return d.Replace(x, pattern, template) },
		func(text, old, new string) string {
			return "replace(" + text + ", " + quoteAll([]string{old, new}) + ")"
		}, t, round)
	if t.isWhole() && round {
		// The cast to a decimal rounds half away from zero in every engine.
		text = d.TryCast(text, Type{Base: Decimal, Precision: 38})
	}
	return d.TryCast(text, t)
}

// plainText turns a text that the example reads into one that a cast reads, by two
// steps that SQL and Go both have.
func (e NumberExample) plainText(fill func(template string) string, replace func(text, old, new string) string, t Type, round bool) string {
	template := `\1\2\5\6\3`
	if e.Parens {
		template = `-\3`
	}
	fractional := e.Mark != "" && (round || !t.isWhole())
	switch {
	case fractional && e.Group == ".":
		return replace(replace(fill(template+`,\4`), ".", ""), ",", ".")
	case fractional:
		template += `.\4`
	}
	if e.Group != "" {
		return replace(fill(template), e.Group, "")
	}
	return fill(template)
}

// rounded is the SQL of whether x has digits beyond the scale that are not zero. Most
// texts are shorter than that, which LIKE sees sooner than a regular expression.
func (e NumberExample) rounded(x string, t Type, d Dialect) string {
	matches := d.FullMatch(x, e.pattern(regexp.QuoteMeta(e.Mark)+fmt.Sprintf(`()[0-9]{%d}0*[1-9][0-9]*`, t.Scale)))
	if strings.ContainsAny(e.Mark, `%_\`) {
		return matches
	}
	return "(" + x + " like " + quoteAll([]string{"%" + e.Mark + strings.Repeat("_", t.Scale+1) + "%"}) + " and " + matches + ")"
}

// canonical reports whether the example reads what an engine prints of a t, -1234.50.
func (e NumberExample) canonical(t Type) bool {
	return e.Before == "" && e.After == "" && !e.Parens && (e.Mark == "." || t.Scale == 0)
}

var templateGroup = regexp.MustCompile(`\\([1-6])`)

// reader is what value does, in Go: for the check of examples against each other.
func (e NumberExample) reader(t Type, round bool) func(text string) (*big.Rat, bool) {
	whole := regexp.MustCompile(`\A(?:` + e.reads(t, round) + `)\z`)
	return func(text string) (*big.Rat, bool) {
		match := whole.FindStringSubmatch(text)
		if match == nil {
			return nil, false
		}
		plain := e.plainText(func(template string) string {
			return templateGroup.ReplaceAllStringFunc(template, func(g string) string { return match[g[1]-'0'] })
		}, strings.ReplaceAll, t, round)
		return new(big.Rat).SetString(strings.TrimSuffix(plain, "."))
	}
}
