package spark

import (
	"regexp"
	"strconv"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// Dialect spells the reading of text for Spark, whose settings are those of agreement.
type Dialect struct{}

var _ contract.Dialect = Dialect{}

// whole makes a pattern match a text from end to end and nothing more: Java's $ stands
// before a line end, too.
func whole(pattern string) string { return sqltext.QuoteString(`\A(?:` + pattern + `)\z`) }

// FullMatch is rlike of a whole text.
func (Dialect) FullMatch(x, pattern string) string { return "(" + x + " rlike " + whole(pattern) + ")" }

// Extract is regexp_extract of a whole text.
func (Dialect) Extract(x, pattern string, group int) string {
	return "regexp_extract(" + x + ", " + whole(pattern) + ", " + strconv.Itoa(group) + ")"
}

var templateGroup = regexp.MustCompile(`\\([0-9])`)

// Replace is regexp_replace of a whole text. Java calls a group $1, and a literal
// dollar \$.
func (Dialect) Replace(x, pattern, template string) string {
	java := templateGroup.ReplaceAllString(strings.ReplaceAll(template, "$", `\$`), `$$${1}`)
	return "regexp_replace(" + x + ", " + whole(pattern) + ", " + sqltext.QuoteString(java) + ")"
}

// TryCast is try_cast. A double too large for its type is infinite in Spark, and null
// here.
func (Dialect) TryCast(x string, t contract.Type) string {
	cast := "try_cast(" + x + " as " + t.String() + ")"
	if t.Base == contract.Double {
		return "(case when abs(" + cast + ") <= 1.7976931348623157e308 then " + cast + " end)"
	}
	return cast
}

// Try makes the casts of an expression try_casts, and make_date one that gives null
// for no date.
func (Dialect) Try(x string) string {
	tokens, err := sqltext.Lex("", x)
	if err != nil {
		return x
	}
	edits := []edit{}
	for i, t := range tokens {
		if i+1 == len(tokens) || !tokens[i+1].Is("(") {
			continue
		}
		switch {
		case t.Is("cast"):
			edits = append(edits, edit{t.Off, t.End, "try_cast"})
		case t.Is("make_date"):
			end := tokens[callEnd(tokens, i+1)]
			edits = append(edits, edit{t.Off, tokens[i+1].End, "cast(try_make_timestamp("}, edit{end.Off, end.End, ", 0, 0, 0) as date)"})
		}
	}
	return edited(x, edits)
}

// Trim takes spaces and tabs off both ends.
func (Dialect) Trim(x string) string { return "trim(both ' \t' from " + x + ")" }

// AddMinutes adds an interval.
func (Dialect) AddMinutes(stamp, minutes string) string {
	return "(" + stamp + " + make_dt_interval(0, 0, " + minutes + "))"
}

// Fast is the plain way: Spark compiles it.
func (Dialect) Fast(_ string, _ contract.Type, plain string) string { return plain }
