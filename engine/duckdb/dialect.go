package duckdb

import (
	"strconv"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// Dialect spells the reading of text for DuckDB.
type Dialect struct{}

var _ contract.Dialect = Dialect{}

// whole makes a pattern match a text from end to end and nothing more: RE2's $ is
// the end of the text, but Java's is not, so both get \z.
func whole(pattern string) string { return sqltext.QuoteString(`\A(?:` + pattern + `)\z`) }

// FullMatch is regexp_full_match.
func (Dialect) FullMatch(x, pattern string) string {
	return "regexp_full_match(" + x + ", " + sqltext.QuoteString(pattern) + ")"
}

// Extract is regexp_extract of a whole text.
func (Dialect) Extract(x, pattern string, group int) string {
	return "regexp_extract(" + x + ", " + whole(pattern) + ", " + strconv.Itoa(group) + ")"
}

// Replace is regexp_replace of a whole text.
func (Dialect) Replace(x, pattern, template string) string {
	return "regexp_replace(" + x + ", " + whole(pattern) + ", " + sqltext.QuoteString(template) + ")"
}

// TryCast is try_cast. A double too large for its type is infinite in DuckDB, and
// null here.
func (Dialect) TryCast(x string, t contract.Type) string {
	cast := "try_cast(" + x + " as " + t.String() + ")"
	if t.Base == contract.Double {
		return "(case when isfinite(" + cast + ") then " + cast + " end)"
	}
	return cast
}

// Try makes the casts of an expression try_casts, and other calls that raise at a text
// ones that give null. DuckDB's own TRY is not used: in 1.5.5 its row by row evaluation,
// behind the first row that raises, reads wild memory (`try(cast(x as int) in (1, 2))`
// ends the process). What raises in other ways refuses the object.
func (Dialect) Try(x string) string {
	tokens, err := sqltext.Lex("", x)
	if err != nil {
		return x
	}
	var b strings.Builder
	at, calm := 0, calmCalls()
	for i, t := range tokens {
		with := calm[strings.ToLower(t.Text)]
		if with == "" || t.Kind != sqltext.Word || i+1 == len(tokens) || !tokens[i+1].Is("(") {
			continue
		}
		b.WriteString(x[at:t.Off] + with)
		at = t.End
	}
	return b.String() + x[at:]
}

// Session are the statements that the expressions of the dialect need in a database.
func (Dialect) Session() []string {
	return []string{createDateMacro, createJSONMacro, createJSONTextMacro}
}

// calmCalls are what gives null where a call raises, by the call's name.
func calmCalls() map[string]string {
	return map[string]string{"cast": "try_cast", "make_date": dateMacro, "strptime": "try_strptime",
		"json_extract": jsonMacro, "json_extract_string": jsonTextMacro}
}

// dateMacro is make_date with null for no date.
const dateMacro = "ledgermill_make_date"

const createDateMacro = "create or replace macro " + dateMacro + `(y, m, d) as
  case when y is not null and m is not null and d is not null then try_cast(format('{:04d}-{:02d}-{:02d}', y, m, d) as date) end`

// Macros of what is taken out of JSON, with null for a text that is none.
const (
	jsonMacro           = "ledgermill_json_extract"
	jsonTextMacro       = "ledgermill_json_extract_string"
	createJSONMacro     = "create or replace macro " + jsonMacro + "(j, p) as case when json_valid(j) then json_extract(j, p) end"
	createJSONTextMacro = "create or replace macro " + jsonTextMacro + "(j, p) as case when json_valid(j) then json_extract_string(j, p) end"
)

// AddMinutes adds an interval.
func (Dialect) AddMinutes(stamp, minutes string) string {
	return "(" + stamp + " + to_minutes(" + minutes + "))"
}

// Trim asks first whether there is anything to trim: DuckDB's trim walks over all
// characters of a text and costs 80 to 230 ns, the question 8. A text from '!' on
// begins with neither space nor tab.
func (Dialect) Trim(x string) string {
	return "(case when " + trimmed(x) + " then " + x + " else trim(" + x + ", ' \t') end)"
}

func trimmed(x string) string {
	return x + " >= '!' and not suffix(" + x + ", ' ') and not suffix(" + x + ", '\t')"
}

// Fast reads what DuckDB itself would have printed without looking at a pattern: a
// text that comes out of the cast as it went in is in the grammar, because all that
// DuckDB prints is. Only other texts take the plain way.
func (Dialect) Fast(raw string, t contract.Type, plain string) string {
	cast := "try_cast(" + raw + " as " + t.String() + ")"
	same := "cast(" + cast + " as varchar) = " + raw
	switch t.Base {
	case contract.Varchar:
		// Null first: it would otherwise take the long way, and many fields are empty.
		return "(case when " + raw + " is null then null when " + trimmed(raw) + " then " + raw + " else " + plain + " end)"
	case contract.Smallint, contract.Integer, contract.Bigint, contract.Decimal:
	case contract.Date:
		// Longer are years from 10000 on and before Christ; shorter is infinity.
		same = "strlen(" + raw + ") = 10 and " + same
	case contract.Timestamp:
		// With or without a fraction. Outside the grammar are years from 10000 on and before Christ, and infinity.
		same = cast + " >= timestamp '0001-01-01' and " + cast + " < timestamp '10000-01-01' and " + same
	case contract.Boolean:
		return "(case when " + raw + " in ('true', '1') then true when " + raw + " in ('false', '0') then false else " + plain + " end)"
	default:
		// Doubles are printed in forms that are not in the grammar: inf, nan.
		return plain
	}
	return "(case when " + same + " then " + cast + " else " + plain + " end)"
}
