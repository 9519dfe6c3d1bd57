package check

import "slices"

// Rule is one thing that a check looks for.
type Rule struct {
	Name     string   `json:"name"`
	Severity Severity `json:"severity"`
	What     string   `json:"what"`
	Why      string   `json:"why"`
}

// The names of the rules. A comment `-- allow name: reason` silences a finding.
const (
	bound           = "sql"
	moneyDivision   = "money_division"
	moneyAverage    = "money_average"
	moneyFloat      = "money_float"
	moneyOverflow   = "money_overflow"
	divisionByZero  = "division_by_zero"
	integerDivision = "integer_division"
	orderNotTotal   = "order_not_total"
	nullOrder       = "null_order"
	notRepeatable   = "not_repeatable"
	nullComparison  = "null_comparison"
	notInNull       = "not_in_null"
	joinCondition   = "join_condition"
	unionDistinct   = "union_distinct"
	hiddenAlias     = "missing_comma"
	trailingComma   = "trailing_comma"
	badLiteral      = "bad_literal"
	sparkFunction   = "spark_function"
	sparkSyntax     = "spark_syntax"
	sparkCast       = "spark_cast"
	unusedAllow     = "unused_allow"
	malformedAllow  = "malformed_allow"
)

// Rules are all there are, in the order of the documentation.
func Rules() []Rule {
	return []Rule{
		{moneyDivision, Warning, "a DECIMAL is divided", "the quotient is floating point in DuckDB and DECIMAL in Spark: cents differ, and sums of them drift"},
		{moneyAverage, Warning, "avg, median, stddev or a quantile of a DECIMAL", "it is floating point in DuckDB and rounded otherwise in Spark: a mean can be off by a cent"},
		{moneyFloat, Warning, "a DECIMAL becomes DOUBLE or FLOAT", "binary floating point holds no tenth exactly: 0.1 + 0.2 is not 0.3, and the sum depends on the order of the rows"},
		{moneyOverflow, Warning, "DECIMAL times DECIMAL, neither cast wider", "DuckDB keeps 18 digits of the product: it fails where the product is large: in production"},
		{divisionByZero, Warning, "a divisor that may be zero", "x / 0 is infinity in DuckDB and ends the statement in Spark and PostgreSQL"},
		{integerDivision, Warning, "an integer is divided by an integer in a query of both places", "1 / 2 is 0.5 in DuckDB and 0 in PostgreSQL: the answers would differ"},
		{orderNotTotal, Warning, "an order with ties decides which rows are taken", "rows that are equal in it come in any order: the same night made twice differs"},
		{nullOrder, Warning, "a column that may be null is ordered without NULLS FIRST or LAST", "DuckDB puts null last; Spark first in ascending order, and PostgreSQL first in descending order"},
		{notRepeatable, Warning, "the clock, chance, or rows without an order", "the answer is not the same twice"},
		{nullComparison, Error, "a comparison with null", "= null is never true, and <> null neither: the rows are silently not there"},
		{notInNull, Warning, "NOT IN (SELECT ...) of a column that may be null", "one null in the list and no row passes at all"},
		{joinCondition, Warning, "a join whose condition does not tie its two sides", "every row meets every row: sums are multiplied"},
		{unionDistinct, Warning, "UNION without ALL", "equal rows become one: two equal payments are one payment"},
		{hiddenAlias, Warning, "a column named like another one, without AS", "a comma is missing: one column is gone and the other has its values"},
		{trailingComma, Warning, "a comma behind the last column", "DuckDB accepts it; Spark and PostgreSQL do not"},
		{badLiteral, Error, "a text that is no value of the type it is compared with", "it fails on the first row"},
		{sparkFunction, Warning, "a function that Spark lacks or reads otherwise", "the same file must mean the same on both engines"},
		{sparkSyntax, Warning, "a form that Spark does not know", "the same file must run on both engines"},
		{sparkCast, Warning, "a number with decimals is cast to an integer", "DuckDB rounds and Spark cuts: 2.5 is 3 in one and 2 in the other"},
		{unusedAllow, Warning, "an `allow` comment beside no finding of its rule", "what it was for is gone, and it would hide the next one"},
		{malformedAllow, Error, "an `allow` comment without a known rule or without a reason", "it silences nothing"},
	}
}

func ruleOf(name string) Rule {
	rules := Rules()
	if i := slices.IndexFunc(rules, func(r Rule) bool { return r.Name == name }); i >= 0 {
		return rules[i]
	}
	return Rule{Name: name, Severity: Error}
}
