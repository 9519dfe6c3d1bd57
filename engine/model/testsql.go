package model

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"ledgermill/engine/sqltext"
)

var simpleName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// part is a name behind a dot, where even a keyword needs no quotes: engines differ
// in their quotes.
func part(name string) string {
	if simpleName.MatchString(name) {
		return name
	}
	return sqltext.QuoteName(name)
}

func qualified(alias string, columns []string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = alias + "." + part(c)
	}
	return strings.Join(parts, ", ")
}

// Fails is the boolean over a row `t` that is true where the row fails, so that one
// scan can count several tests; "" for Unique, RowsBetween, Fresh and Volume. Null passes, as in SQL.
func (t Test) Fails() string {
	switch t.Kind {
	case NotNull:
		each := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			each[i] = "t." + part(c) + " is null"
		}
		return strings.Join(each, " or ")
	case Accepted:
		return "t." + part(t.Columns[0]) + " not in (" + strings.Join(t.literals, ", ") + ")"
	case Relationship:
		column := "t." + part(t.Columns[0])
		return fmt.Sprintf("%s is not null and not exists (select 1 from %s r where r.%s = %s)", column, part(t.Target), part(t.TargetColumn), column)
	case Expression:
		return "not (" + t.SQL + ")"
	}
	return ""
}

// Failing is the SELECT of the failing rows of table, which is SQL: a name, quoted
// where it must be. For Unique they are the repeated keys with their row_count, for
// RowsBetween the row_count alone, for Fresh the newest value, beside business_day. A
// Relationship's target goes by its own name. Of a test that is not ByRows there is none.
func (t Test) Failing(table string) string {
	switch t.Kind {
	case Unique:
		key := qualified("t", t.Columns)
		return fmt.Sprintf("select %s, count(*) as row_count from %s t group by %s having count(*) > 1", key, table, key)
	case RowsBetween:
		return fmt.Sprintf("select c.row_count from (select count(*) as row_count from %s t) c where c.row_count < %d or c.row_count > %d", table, t.Min, t.Max)
	case Fresh:
		column := "t." + part(t.Columns[0])
		return fmt.Sprintf("select c.newest from (select max(%s) as newest from %s t) c cross join %s b "+
			"where c.newest is null or cast(c.newest as timestamp) < cast(b.business_date as timestamp) + interval 1 day - interval %d minute",
			column, table, BusinessDay, int64(t.Age/time.Minute))
	}
	return fmt.Sprintf("select t.* from %s t where %s", table, t.Fails())
}

// Count is the SELECT of one bigint: how many rows Failing returns.
func (t Test) Count(table string) string {
	if fails := t.Fails(); fails != "" {
		return fmt.Sprintf("select count(*) as failing from %s t where %s", table, fails)
	}
	return "select count(*) as failing from (" + t.Failing(table) + ") f"
}

// Passes reports whether so many failures, of a unit of so many rows, are within AtMost.
func (t Test) Passes(failing, rows int64) bool {
	if !t.AtMost.IsPercent {
		return failing <= t.AtMost.Count
	}
	percent, ok := new(big.Rat).SetString(t.AtMost.Percent)
	if !ok {
		return failing == 0
	}
	allowed := percent.Mul(percent, new(big.Rat).SetInt64(rows))
	return new(big.Rat).SetInt64(failing).Cmp(allowed.Quo(allowed, big.NewRat(100, 1))) <= 0
}

// String is the option as written.
func (l Limit) String() string {
	if l.IsPercent {
		return "at most " + l.Percent + " %"
	}
	return fmt.Sprintf("at most %d", l.Count)
}
