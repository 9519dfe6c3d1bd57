package check

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Spark is the engine by its name in Options.Engine.
const Spark = "spark"

// sparkFunctions are the functions of Spark 4.3, as SHOW FUNCTIONS lists them.
//
//go:embed spark_functions.txt
var sparkFunctions string

// knownToSpark reports whether Spark has a function of the name, lower case.
func knownToSpark(name string) bool {
	_, found := slices.BinarySearch(strings.Fields(sparkFunctions), name)
	return found
}

// difference is what Spark 4.3 does with a function of DuckDB 1.5.
type difference struct{ does, write string }

// differences are the functions by DuckDB's names, lower case.
func differences() map[string]difference {
	lacks := func(write string) difference { return difference{"is not known to Spark", write} }
	return map[string]difference{
		"dayofweek":             {"counts 0-6 from Sunday in DuckDB and 1-7 in Spark", "dayofweek(d) - dayofweek(date '2023-01-01'), which is 0 for Sunday in both"},
		"weekday":               {"counts from Sunday in DuckDB and from Monday in Spark", "dayofweek(d) - dayofweek(date '2023-01-01'), which is 0 for Sunday in both"},
		"isodow":                lacks("(dayofweek(d) - dayofweek(date '2023-01-02') + 7) % 7 + 1"),
		"hash":                  {"is another number in Spark: murmur3 there", "md5(...)"},
		"sha256":                lacks("md5(...), which both have"),
		"strftime":              lacks("year(d), month(d), day(d), or cast(d as varchar)"),
		"strptime":              lacks("a `format` of the contract, or make_date(...)"),
		"try_strptime":          lacks("a `format` of the contract, or make_date(...)"),
		"arg_max":               lacks("max_by(a, b)"),
		"arg_min":               lacks("min_by(a, b)"),
		"argmax":                lacks("max_by(a, b)"),
		"argmin":                lacks("min_by(a, b)"),
		"concat":                {"skips null in DuckDB and is null in Spark", "concat_ws('', a, b), or coalesce(a, '') || coalesce(b, '')"},
		"date_trunc":            {"gives a DATE or a TIMESTAMP in DuckDB and a TIMESTAMP with a zone in Spark", "cast(date_trunc('month', d) as date)"},
		"list":                  lacks("array_agg(a order by a)"),
		"len":                   {"counts otherwise for some types in Spark", "length(a)"},
		"regexp_matches":        lacks("regexp_extract(a, p, 0) <> '', or like"),
		"regexp_full_match":     lacks("regexp_extract(a, '^(p)$', 0) = a, of a text that is not empty"),
		"list_value":            lacks("columns"),
		"struct_pack":           lacks("columns"),
		"epoch":                 lacks("a difference of dates"),
		"epoch_ms":              lacks("a difference of dates"),
		"to_timestamp":          {"takes seconds in DuckDB and a text in Spark", "cast(a as timestamp)"},
		"strlen":                lacks("octet_length(a)"),
		"prefix":                lacks("starts_with(a, b)"),
		"suffix":                lacks("ends_with(a, b)"),
		"levenshtein":           {"is counted in bytes by DuckDB and in characters by Spark", "a rule that needs no distance"},
		"approx_count_distinct": {"is another estimate in Spark", "count(distinct a)"},
		"format":                {"takes {} in DuckDB and %s in Spark", "a || b"},
		"printf":                {"is rounded otherwise for numbers in Spark", "cast(round(a, 2) as varchar)"},
		"week":                  {"is the ISO week in both, but weekofyear is its portable name", "weekofyear(d)"},
		"yearweek":              lacks("year(d) * 100 + weekofyear(d)"),
		"datediff":              {"takes 'day' first in DuckDB; Spark wants it without quotes", "b - a, of dates"},
		"date_diff":             {"takes 'day' first in DuckDB; Spark wants it without quotes", "b - a, of dates"},
	}
}

// portable finds what Spark lacks or reads otherwise. Queries do not run there.
func (l *linter) portable(e node) {
	if l.st.Kind == model.QueryStatement {
		return
	}
	if name := e.function(); name != "" {
		d, known := differences()[name]
		if known && !l.handled(e, name) {
			l.find(e.off(), sparkFunction, "write "+d.write, "%s() %s", name, d.does)
		}
		if l.onSpark && !known && l.written(e.off(), name) && !knownToSpark(name) {
			l.find(e.off(), sparkFunction, unknownRemedy, "%s() is not known to Spark", name)
		}
	}
	switch {
	case e.text("class") == "STAR" && e["exclude_list"] != nil:
		l.find(e.off(), sparkSyntax, "list the columns", "* EXCLUDE is * EXCEPT in Spark")
	case e.text("class") == "STAR" && (e["replace_list"] != nil || e["rename_list"] != nil):
		l.find(e.off(), sparkSyntax, "list the columns", "* REPLACE and * RENAME are not known to Spark")
	case e.text("class") == "LAMBDA":
		l.find(e.off(), sparkSyntax, "write it without a function of functions", "a lambda is written otherwise in Spark")
	case e.text("type") == "STRUCT_EXTRACT", e.text("type") == "ARRAY_EXTRACT" && e.function() == "":
		l.find(e.off(), sparkSyntax, "count with columns: models hold plain values", "places of a list count from 1 in DuckDB and from 0 in Spark")
	}
}

// handled are forms that mean the same in both engines.
func (l *linter) handled(e node, name string) bool {
	switch name {
	case "dayofweek": // of a difference with a date whose weekday is known
		return l.difference(e.off())
	case "date_trunc":
		return l.castAround(e.off(), "date")
	}
	return false
}

// difference reports whether dayofweek(...) stands beside a minus and another one.
func (l *linter) difference(off int) bool {
	at := l.tokenAt(off)
	if at < 0 {
		return false
	}
	end := l.callEnd(at)
	return at > 0 && l.tokens[at-1].Is("-") || end+2 < len(l.tokens) && l.tokens[end+1].Is("-") && l.tokens[end+2].Is("dayofweek")
}

// castAround reports whether the call at off is what a CAST to the type holds.
func (l *linter) castAround(off int, kind string) bool {
	at := l.tokenAt(off)
	if at < 2 || !l.tokens[at-1].Is("(") || !l.tokens[at-2].Is("cast") {
		return false
	}
	end := l.callEnd(at)
	return end+2 < len(l.tokens) && l.tokens[end+1].Is("as") && l.tokens[end+2].Is(kind)
}

// callEnd is the token that closes the call which begins at a token.
func (l *linter) callEnd(at int) int {
	depth := 0
	for i := at + 1; i < len(l.tokens); i++ {
		switch {
		case l.tokens[i].Is("("):
			depth++
		case l.tokens[i].Is(")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(l.tokens)
}

const unknownRemedy = "write it with functions that both engines have: docs/scale.md lists them by what they are for"

// written reports whether a call stands in the text by this name: an operator has one,
// too.
func (l *linter) written(off int, name string) bool {
	at := l.tokenAt(off)
	return at >= 0 && at+1 < len(l.tokens) && l.tokens[at].Is(name) && l.tokens[at+1].Is("(")
}

// contractOnSpark are the calls of a contract's CHECKs, DEFAULTs and reads that Spark
// lacks or reads otherwise.
func contractOnSpark(c *contract.Contract) []Finding {
	found := callsOnSpark(c.File, c.Source, func(t sqltext.Token) sqltext.Pos { return t.Pos })
	for _, s := range c.Sections {
		for _, r := range s.Reads {
			found = append(found, callsOnSpark(c.File, r.SQL, func(sqltext.Token) sqltext.Pos { return r.Pos })...)
		}
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return strings.Compare(fmt.Sprint(a.Line, a.Message), fmt.Sprint(b.Line, b.Message))
	})
	return slices.CompactFunc(found, func(a, b Finding) bool { return a == b })
}

// addSparks adds findings of calls to those of the rules, each place once.
func addSparks(found, calls []Finding) []Finding {
	for _, c := range calls {
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.pos() == c.pos() && f.Rule == c.Rule }) {
			found = append(found, c)
		}
	}
	return found
}

// callWords stand before a bracket and call nothing.
func callWords() []string {
	return []string{"check", "key", "table", "in", "and", "or", "not", "as", "when", "then", "else", "case", "decimal", "numeric", "varchar", "default", "values", "null", "between", "like"}
}

func callsOnSpark(file, sql string, place func(sqltext.Token) sqltext.Pos) []Finding {
	all, err := sqltext.Lex(file, sql)
	if err != nil {
		return nil
	}
	tokens, rule := sqltext.Code(all), ruleOf(sparkFunction)
	var found []Finding
	for i, t := range tokens {
		name := strings.ToLower(t.Text)
		if t.Kind != sqltext.Word || i+1 == len(tokens) || !tokens[i+1].Is("(") || slices.Contains(callWords(), name) || i > 0 && tokens[i-1].Is("table") {
			continue
		}
		d, known := differences()[name]
		switch {
		case known && name != "dayofweek":
			d.write = "write " + d.write
		case known || knownToSpark(name):
			continue
		default:
			d = difference{"is not known to Spark", unknownRemedy}
		}
		pos := place(t)
		found = append(found, Finding{File: file, Line: pos.Line, Column: pos.Col, Severity: Error, Rule: sparkFunction,
			Message: name + "() " + d.does, Why: rule.Why, Try: d.write})
	}
	return found
}
