package duckdb

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// diagnose makes of what DuckDB says what the writer did: its parser names the word
// at which it gave up, which is seldom the mistake.
func diagnose(f *model.BindError, statement string, said complaint) {
	if statement == "" {
		return
	}
	tokens, err := sqltext.Lex("", statement)
	if err != nil {
		return // what has no end is said with its beginning
	}
	d := diagnosis{BindError: f, code: sqltext.Code(tokens), said: said, first: firstLine(said.Message)}
	if strings.HasPrefix(d.first, "syntax error") {
		d.syntax()
		return
	}
	d.binding()
	if d.Off < 0 {
		d.place()
	}
}

type diagnosis struct {
	*model.BindError
	code  []sqltext.Token
	said  complaint
	first string // line of the message
}

// say replaces DuckDB's message.
func (d *diagnosis) say(at sqltext.Token, remedy, format string, args ...any) {
	d.Off, d.Msg, d.Remedy = at.Off, fmt.Sprintf(format, args...), remedy
}

// at is the token that the fault is at; none where its place is not known.
func (d *diagnosis) at() (sqltext.Token, bool) {
	for _, t := range d.code {
		if t.Off == d.Off {
			return t, true
		}
	}
	return sqltext.Token{}, false
}

// foreign are functions, types and words of other dialects and what to write here,
// in every engine.
var foreign = map[string]string{
	"getdate": clock, "sysdate": clock, "systimestamp": clock, "getutcdate": clock, "sysdatetime": clock, "curtime": clock,
	"nvl": "coalesce(a, b)", "isnull": "coalesce(a, b)", "nvl2": "case when a is not null then b else c end",
	"zeroifnull": "coalesce(a, 0)", "nullifzero": "nullif(a, 0)", "iif": "case when a then b else c end", "decode": "case a when b then c end",
	"dateadd": "a + interval 1 day", "date_sub": "a - interval 1 day", "to_char": "cast(a as varchar), or build the text from year(a) and month(a)",
	"to_date": "cast(a as date)", "to_number": "cast(a as decimal(18, 2))", "convert": "cast(a as type)", "str_to_date": "cast(a as date)",
	"charindex": "position('b' in a)", "locate": "position('b' in a)", "patindex": "regexp_extract(a, 'pattern', 0) <> ''",
	"stuff": "string_agg(a, ',' order by a)", "wm_concat": "string_agg(a, ',' order by a)", "newid": "a key of the data: chance is not the same twice",
	"sysguid": "a key of the data: chance is not the same twice", "eomonth": "last_day(a)", "datepart": "extract(year from a)", "datename": "extract(year from a)",
	"regexp_like": "regexp_extract(a, 'pattern', 0) <> ''", "rlike": "regexp_extract(a, 'pattern', 0) <> ''",
	"date_format": "cast(a as varchar), or build the text from year(a) and month(a)", "collect_list": "array_agg(a order by a)", "collect_set": "array_agg(distinct a order by a)",
	"months_between": "a difference of dates", "unix_timestamp": "a difference of dates", "from_unixtime": "timestamp '1970-01-01 00:00:00' + a * interval 1 second",
	"sha2": "md5(a), which both have", "try_divide": "a / nullif(b, 0)", "try_add": "a + b, cast wider", "bool_xor": "a <> b", "named_struct": "columns",
	"percentile": "a rank by row_number()", "date_from_unix_date": "date '1970-01-01' + a", "trunc_date": "cast(date_trunc('month', a) as date)", "initcap": "upper(left(a, 1)) || substr(a, 2)", "add_months": "a + interval 1 month", "square": "a * a",
	"truncate": "floor(a)", "to_decimal": "cast(a as decimal(18, 2))", "parse_date": "cast(a as date)", "safe_cast": "try_cast(a as type)", "safe_divide": "a / nullif(b, 0)",
	"countif": "count(case when a then 1 end)", "sumif": "sum(case when a then b end)", "len_trim": "length(trim(a))",
}

const clock = "the date of " + model.BusinessDay + ": a model does not read the clock"

// foreignTypes are types of other dialects.
var foreignTypes = map[string]string{
	"money": "decimal(18, 2)", "smallmoney": "decimal(9, 2)", "number": "decimal(18, 2)", "bignumeric": "decimal(38, 10)",
	"varchar2": "varchar", "nvarchar": "varchar", "nvarchar2": "varchar", "ntext": "varchar", "clob": "varchar", "str": "varchar",
	"datetime2": "timestamp", "smalldatetime": "timestamp", "timestamp_ntz": "timestamp", "timestamp_ltz": "timestamp", "float64": "double", "int64": "bigint",
}

// binding explains what is bound wrongly.
func (d *diagnosis) binding() {
	at, placed := d.at()
	name := strings.ToLower(d.said.Name)
	switch {
	case strings.HasPrefix(name, "`"):
		at = d.nameToken("`")
		d.say(at, "", "%s in backticks: a name is quoted by double quotes, \"%s\"", at.Text, strings.Trim(at.Text, "`"))
	case d.said.Subtype == "COLUMN_NOT_FOUND" && foreign[name] != "":
		d.say(at, "write "+foreign[name], "%s is another dialect's word", d.said.Name)
	case d.said.Subtype == "COLUMN_NOT_FOUND" && placed && strings.HasPrefix(at.Text, `"`) && !strings.Contains(d.Msg, "did you mean"):
		d.say(at, "write "+sqltext.QuoteString(d.said.Name), "%s in double quotes is the name of a column, and there is none: a text stands in single quotes", at.Text)
	case d.said.Kind == "Scalar Function" && foreign[name] != "":
		d.say(at, "write "+foreign[name], "%s() is another dialect's function", name)
	case strings.HasSuffix(d.said.Kind, "Function") && strings.HasSuffix(d.first, "does not exist"):
		d.Msg = "there is no function " + d.said.Name + "()" + didYouMean(d.said.Name, strings.Split(d.said.Candidates, ","))
	case d.said.Kind == "Type" && foreignTypes[name] != "":
		d.say(at, "write "+foreignTypes[name], "%s is another dialect's type", name)
	case d.said.Name == "&&", d.said.Name == "||" && strings.Contains(d.first, "BOOLEAN"):
		d.say(at, "", "%s between conditions: write %s", d.said.Name, map[string]string{"&&": "and", "||": "or"}[d.said.Name])
	case d.said.Subtype == "NO_MATCHING_FUNCTION":
		d.noMatch()
	default:
		d.candidates()
	}
}

// nameToken is the first token that begins with text.
func (d *diagnosis) nameToken(text string) sqltext.Token {
	for _, t := range d.code {
		if strings.HasPrefix(t.Text, text) {
			return t
		}
	}
	return d.code[0]
}

var calledWith = regexp.MustCompile(`argument types '(.*)\((.*)\)'\.`)

func (d *diagnosis) noMatch() {
	m := calledWith.FindStringSubmatch(d.first)
	if m == nil {
		return
	}
	kinds := strings.ReplaceAll(strings.ReplaceAll(m[2], "INTEGER_LITERAL", "INTEGER"), "STRING_LITERAL", "VARCHAR")
	d.Msg = fmt.Sprintf("type mismatch: there is no %s of (%s)", m[1], kinds)
	d.Remedy = "cast what is of the wrong type: cast(... as ...)"
}

var (
	grouped = regexp.MustCompile(`^column "?(\w+)"? must appear in the GROUP BY clause`)
	offered = regexp.MustCompile(`(?m)^Candidate (?:bindings|tables): :?(.*)$`)
	inQuote = regexp.MustCompile(`"((?:[^"]|"")+)"`)
)

// candidates adds the nearest of the names that DuckDB lists in its text alone.
func (d *diagnosis) candidates() {
	if strings.Contains(d.Msg, "did you mean") {
		return
	}
	names := inQuote.FindAllStringSubmatch(d.first, -1)
	if m := offered.FindStringSubmatch(d.said.Message); m != nil && len(names) > 0 {
		d.Msg += didYouMean(names[len(names)-1][1], strings.Split(m[1], ","))
		if strings.HasPrefix(d.first, "Referenced table") && !strings.Contains(d.Msg, "did you mean") {
			d.Remedy = "the tables here go by " + strings.TrimSpace(m[1]) + ": an alias hides the name"
		}
	}
	if strings.HasPrefix(d.first, "extract specifier") && len(names) > 0 {
		d.Msg += didYouMean(names[0][1], []string{"year", "month", "day", "quarter", "week", "hour", "minute", "second", "dow", "doy"})
	}
	if strings.HasPrefix(d.first, "WHERE clause cannot contain aggregates") {
		d.Remedy = "a condition on groups stands behind GROUP BY, in HAVING"
		d.aliasInWhere()
	}
	if m := grouped.FindStringSubmatch(d.first); m != nil {
		d.Remedy = "put it behind GROUP BY, or take one value of the group that is decided: max(" + m[1] + ")"
	}
	if strings.HasPrefix(d.first, "Set operations can only apply") {
		d.Msg = "the sides of UNION, EXCEPT or INTERSECT have different numbers of columns"
		d.Remedy = "select the same columns on both sides, in the same order"
	}
	if strings.HasPrefix(d.first, "WHERE clause cannot contain window") {
		d.Remedy = "a condition on a window stands in QUALIFY, or in a query round this one"
	}
}

// aliasInWhere moves a fault of WHERE that is placed before it, where an alias is
// made, to the place where the alias is used.
func (d *diagnosis) aliasInWhere() {
	where := slices.IndexFunc(d.code, func(t sqltext.Token) bool { return t.Is("where") && t.Off > d.Off })
	at := slices.IndexFunc(d.code, func(t sqltext.Token) bool { return t.Off == d.Off })
	if at < 0 || where < 0 {
		return
	}
	for depth, i := 0, at; i+1 < where; i++ {
		switch {
		case d.code[i].Is("("):
			depth++
		case d.code[i].Is(")"):
			depth--
		case depth <= 0 && d.code[i].Is("as") && i > at:
			name := d.code[i+1].Name()
			for _, t := range d.code[where:] {
				if strings.EqualFold(t.Name(), name) && name != "" {
					d.Off, d.Msg = t.Off, name+" is an aggregate: WHERE chooses rows before they are summed up"
					return
				}
			}
		}
	}
}

// place finds the word that a message is about where DuckDB does not say where it is.
func (d *diagnosis) place() {
	if strings.HasPrefix(d.first, "Set operations can only apply") {
		for _, t := range d.code {
			if t.Is("union") || t.Is("except") || t.Is("intersect") {
				d.Off = t.Off
				return
			}
		}
	}
	names := inQuote.FindAllStringSubmatch(d.first, -1)
	if m := regexp.MustCompile(`^column (\w+) must`).FindStringSubmatch(d.first); m != nil {
		names = append(names, m)
	}
	for _, name := range names {
		for i := len(d.code) - 1; i >= 0; i-- {
			if t := d.code[i]; strings.EqualFold(t.Name(), name[1]) || t.Kind == sqltext.String && t.Value() == name[1] {
				d.Off = t.Off
				return
			}
		}
	}
}
