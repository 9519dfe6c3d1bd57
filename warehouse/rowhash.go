package warehouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Bucket is an order-free hash of the rows whose md5 begins with the same three
// digits: the sums of the first and of the last eight bytes of their md5, each
// taken as a signed number. The same rows have the same sums in any order; a row
// that is there twice counts twice.
type Bucket struct {
	Name      string // three hexadecimal digits
	Rows      int64
	High, Low string // decimal
}

// HashedRow is a row, and how often it is there.
type HashedRow struct {
	Hash   string // md5, hexadecimal
	Rows   int64
	Values []*string // canonical texts, in the order of the columns
}

// hashed is the value's share of the text that is hashed. Floating-point numbers go
// in by their bits: two databases need not print the same digits. A text goes in
// with its length, so that no text looks like two; nothing is what null leaves.
func (s side) hashed(t Total) string {
	value := quote(t.Column)
	switch t.Kind {
	case Double:
		return s.bits(t.Column, "double precision", "float8send", 64)
	case Single:
		return s.bits(t.Column, "real", "float4send", 32)
	case Text:
		text := value + "::text"
		return "octet_length(" + s.bytes(text) + ") || ':' || " + text
	}
	return s.canonical(t.Kind, t.Column, value)
}

func (s side) bits(column, kind, send string, length int) string {
	value := quote(column)
	switch s.table.family(column) {
	case "double precision", "real", "numeric":
		value += "::" + kind
	default:
		value += "::text::" + kind
	}
	return fmt.Sprintf("case when %s = 'NaN' then 'nan' when %s = 0 then '0' else ('x' || encode(%s(%s), 'hex'))::bit(%d)::text end",
		value, value, send, value, length)
}

// digest is the md5 of a row, in hexadecimal digits.
func (s side) digest(columns []Total) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "coalesce(" + s.hashed(c) + ", '')"
	}
	return "md5(" + s.bytes(strings.Join(list, " || '|' || ")) + ")"
}

// buckets hashes whole rows.
func (s side) buckets(ctx context.Context, conn *pgx.Conn, columns []Total) ([]Bucket, error) {
	// offset 0 keeps the md5 from being computed anew for each use.
	rows, err := conn.Query(ctx, fmt.Sprintf(`
		select substr(h, 1, 3), count(*), sum(('x' || substr(h, 1, 16))::bit(64)::bigint)::text, sum(('x' || substr(h, 17, 16))::bit(64)::bigint)::text
		from (select %s as h%s offset 0) d group by 1 order by 1`, s.digest(columns), s.from()))
	if err != nil {
		return nil, s.fault(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Bucket])
	if err != nil {
		return nil, s.fault(err)
	}
	return all, nil
}

// bucketsByDay hashes whole rows of many days in one scan.
func (s side) bucketsByDay(ctx context.Context, conn *pgx.Conn, columns []Total) (map[string][]Bucket, error) {
	rows, err := conn.Query(ctx, fmt.Sprintf(`
		select d, substr(h, 1, 3), count(*), sum(('x' || substr(h, 1, 16))::bit(64)::bigint)::text, sum(('x' || substr(h, 17, 16))::bit(64)::bigint)::text
		from (select %s::text as d, %s as h%s offset 0) d group by 1, 2 order by 1, 2`, quote(s.table.key), s.digest(columns), s.from()))
	if err != nil {
		return nil, s.fault(err)
	}
	all := map[string][]Bucket{}
	var day string
	var b Bucket
	_, err = pgx.ForEachRow(rows, []any{&day, &b.Name, &b.Rows, &b.High, &b.Low}, func() error {
		all[day] = append(all[day], b)
		return nil
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return all, nil
}

// rowsIn returns the rows of buckets.
func (s side) rowsIn(ctx context.Context, conn *pgx.Conn, columns []Total, buckets []string) ([]HashedRow, error) {
	return s.hashedRows(ctx, conn, columns, "substr(h, 1, 3) = any ($1)", buckets)
}

// rowsOf returns the rows with one of the keys, which are canonical texts.
func (s side) rowsOf(ctx context.Context, conn *pgx.Conn, columns []Total, key []int, keys [][]*string) ([]HashedRow, error) {
	var alternatives []string
	var args []any
	for _, values := range keys {
		var all []string
		for i, at := range key {
			args = append(args, values[i])
			all = append(all, fmt.Sprintf("c%d is not distinct from $%d::text", at, len(args)))
		}
		alternatives = append(alternatives, "("+strings.Join(all, " and ")+")")
	}
	return s.hashedRows(ctx, conn, columns, strings.Join(alternatives, " or "), args...)
}

// hashedRows reads rows with their hash h and their canonical texts c0, c1, ...
func (s side) hashedRows(ctx context.Context, conn *pgx.Conn, columns []Total, where string, args ...any) ([]HashedRow, error) {
	inner, outer := []string{s.digest(columns) + " as h"}, []string{"h", "count(*)"}
	for i, c := range columns {
		inner = append(inner, fmt.Sprintf("%s as c%d", s.canonical(c.Kind, c.Column, quote(c.Column)), i))
		outer = append(outer, fmt.Sprintf("min(c%d)", i))
	}
	rows, err := conn.Query(ctx, fmt.Sprintf("select %s from (select %s%s offset 0) d where %s group by h order by h",
		strings.Join(outer, ", "), strings.Join(inner, ", "), s.from(), where), args...)
	if err != nil {
		return nil, s.fault(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (HashedRow, error) {
		one := HashedRow{Values: make([]*string, len(columns))}
		into := []any{&one.Hash, &one.Rows}
		for i := range one.Values {
			into = append(into, &one.Values[i])
		}
		return one, row.Scan(into...)
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return all, nil
}
