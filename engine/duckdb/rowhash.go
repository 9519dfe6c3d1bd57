package duckdb

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"ledgermill/engine/sqltext"
)

// canonical writes a value of the column as the one text that says the same in
// every database: numbers without the zeros that their scale adds, timestamps at
// UTC with the digits that they need, booleans as t and f. Null stays null.
func (c publishedColumn) canonical(value string) string {
	text := "cast(" + value + " as varchar)"
	switch c.kind {
	case Number:
		m := decimalType.FindStringSubmatch(c.duck)
		if m == nil || m[2] == "0" {
			return text
		}
		if m[1] == m[2] { // .5 is how DuckDB writes a number without a place before the point
			text = "regexp_replace(" + text + `, '^(-?)\.', '\10.')`
		}
		return "rtrim(rtrim(" + text + ", '0'), '.')"
	case Boolean:
		return "case when " + value + " then 't' when not " + value + " then 'f' end"
	case Timestamp:
		if strings.Contains(c.duck, "TIME ZONE") {
			return "cast(" + value + " at time zone 'UTC' as varchar)"
		}
		return "cast(cast(" + value + " as timestamp) as varchar)"
	case Text:
		return textOf(value, c.duck)
	}
	return text
}

var decimalType = regexp.MustCompile(`^DECIMAL\(([0-9]+),([0-9]+)\)$`)

// hashed is the value's share of the text that is hashed. Floating-point numbers go
// in by their bits: two databases need not print the same digits. A text goes in
// with its length, so that no text looks like two; nothing is what null leaves.
func (c publishedColumn) hashed() string {
	switch c.kind {
	case Double, Single:
		return "case when isnan(" + c.ident + ") then 'nan' when " + c.ident + " = 0 then '0' else cast(cast(" + c.ident + " as bit) as varchar) end"
	case Text:
		text := textOf(c.ident, c.duck)
		return "strlen(" + text + ") || ':' || " + text
	}
	return c.canonical(c.ident)
}

// digest is the md5 of a row, in hexadecimal digits.
func digest(columns []publishedColumn) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "coalesce(" + c.hashed() + ", '')"
	}
	return "md5(" + strings.Join(list, " || '|' || ") + ")"
}

// Bucket is an order-free hash of the rows whose md5 begins with the same three
// digits: the sums of the first and of the last eight bytes of their md5, each
// taken as a signed number.
type Bucket struct {
	Name      string // three hexadecimal digits
	Rows      int64
	High, Low string // decimal
}

// signed reads sixteen hexadecimal digits as a two's complement number.
const signed = "(cast(cast('0x' || %[1]s as ubigint) as hugeint) - case when %[1]s >= '8' then 18446744073709551616 else 0 end)"

// Buckets hashes whole rows.
func (e *Engine) Buckets(ctx context.Context, p Published) (all []Bucket, err error) {
	err = e.onPublished(ctx, p, func(s *session, columns []publishedColumn) error {
		query := fmt.Sprintf("select h[1:3], count(*), cast(sum(%s) as varchar), cast(sum(%s) as varchar) from (select %s as h from %s) group by 1 order by 1",
			fmt.Sprintf(signed, "h[1:16]"), fmt.Sprintf(signed, "h[17:32]"), digest(columns), publishedView)
		var b Bucket
		return s.rows(ctx, query, []any{&b.Name, &b.Rows, &b.High, &b.Low}, func() error {
			all = append(all, b)
			return nil
		})
	})
	return all, err
}

// HashedRow is a row of a file, and how often it is there.
type HashedRow struct {
	Hash   string // md5, hexadecimal
	Rows   int64
	Values []*string // canonical texts, in the order of the columns
}

// RowsIn returns the rows of buckets, by their hash.
func (e *Engine) RowsIn(ctx context.Context, p Published, buckets []string) ([]HashedRow, error) {
	quoted := make([]string, len(buckets))
	for i, b := range buckets {
		quoted[i] = sqltext.QuoteString(b)
	}
	return e.hashedRows(ctx, p, func([]publishedColumn) string {
		return fmt.Sprintf("h[1:3] in (%s)", strings.Join(quoted, ", "))
	})
}

// RowsOf returns the rows with one of the keys, which are canonical texts.
func (e *Engine) RowsOf(ctx context.Context, p Published, key []string, keys [][]*string) ([]HashedRow, error) {
	return e.hashedRows(ctx, p, func(columns []publishedColumn) string {
		at := map[string]string{}
		for i, c := range columns {
			at[c.name] = fmt.Sprintf("c%d", i)
		}
		var alternatives []string
		for _, values := range keys {
			var all []string
			for i, name := range key {
				if values[i] == nil {
					all = append(all, at[name]+" is null")
				} else {
					all = append(all, at[name]+" = "+sqltext.QuoteString(*values[i]))
				}
			}
			alternatives = append(alternatives, "("+strings.Join(all, " and ")+")")
		}
		return strings.Join(alternatives, " or ")
	})
}

// hashedRows reads rows with their hash h and their canonical texts c0, c1, ...
func (e *Engine) hashedRows(ctx context.Context, p Published, where func([]publishedColumn) string) (found []HashedRow, err error) {
	err = e.onPublished(ctx, p, func(s *session, columns []publishedColumn) error {
		inner, outer := []string{digest(columns) + " as h"}, []string{"h", "count(*)"}
		row := HashedRow{Values: make([]*string, len(columns))}
		dest := []any{&row.Hash, &row.Rows}
		for i, c := range columns {
			inner = append(inner, fmt.Sprintf("%s as c%d", c.canonical(c.ident), i))
			outer = append(outer, fmt.Sprintf("min(c%d)", i))
			dest = append(dest, &row.Values[i])
		}
		query := fmt.Sprintf("select %s from (select %s from %s) where %s group by h order by h", strings.Join(outer, ", "), strings.Join(inner, ", "), publishedView, where(columns))
		return s.rows(ctx, query, dest, func() error {
			found = append(found, HashedRow{Hash: row.Hash, Rows: row.Rows, Values: append([]*string(nil), row.Values...)})
			return nil
		})
	})
	return found, err
}
