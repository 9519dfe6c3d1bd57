package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Shape is what a table of the bank is made with, apart from its columns.
type Shape struct {
	key     string   // its primary key's columns in brackets
	indexes []string // others: all behind "on TABLE"
}

// ShapeOf reads a table's shape from the catalogue.
func ShapeOf(ctx context.Context, conn *pgx.Conn, table string) (s Shape, err error) {
	rows, err := conn.Query(ctx, `select pg_get_indexdef(indexrelid), indisprimary from pg_index where indrelid = $1::regclass order by indexrelid`, table)
	if err != nil {
		return s, err
	}
	var definition string
	var primary bool
	_, err = pgx.ForEachRow(rows, []any{&definition, &primary}, func() error {
		_, behind, found := strings.Cut(definition, " USING ")
		switch {
		case !found:
			return fmt.Errorf("index without a method: %s", definition)
		case primary:
			s.key = strings.TrimPrefix(behind, "btree ")
		default:
			s.indexes = append(s.indexes, "using "+behind)
		}
		return nil
	})
	return s, err
}

// Statements make all indexes of a table that is, or becomes, one of the bank's.
func (s Shape) Statements(table string) []string {
	statements := []string{fmt.Sprintf("alter table %s add primary key %s", table, s.key)}
	for i, index := range s.indexes {
		// The server's own names are cut, and then two sessions may make the same one.
		statements = append(statements, fmt.Sprintf("create index %[1]s_i%[2]d on %[1]s %[3]s", table, i, index))
	}
	return statements
}

// Build runs the Statements.
func (s Shape) Build(ctx context.Context, conn *pgx.Conn, table string) error {
	return execute(ctx, conn, s.Statements(table)...)
}

func execute(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// bare is what a table takes over from the bank's besides its indexes.
const bare = "including defaults including constraints including storage"

// Prepare gives the bank's tables the shape that the switches ask for: one heap or
// divided by date, with or without their indexes. It is no part of the work.
func (p *Pipeline) Prepare(ctx context.Context) error {
	return p.connected(ctx, func(conn *pgx.Conn) error {
		p.shapes = map[string]Shape{}
		for _, t := range Tables() {
			s, err := ShapeOf(ctx, conn, t.Name)
			if err != nil {
				return fmt.Errorf("prepare %s: %w", t.Name, err)
			}
			p.shapes[t.Name] = s
			divided := ""
			if p.Partitioned {
				divided = " partition by range (transaction_date)"
			}
			err = execute(ctx, conn,
				fmt.Sprintf("create table shaped (like %s %s)%s", t.Name, bare, divided),
				fmt.Sprintf("drop table %s cascade", t.Name),
				fmt.Sprintf("alter table shaped rename to %s", t.Name))
			// A fresh leaf adopts the parent's indexes; a fresh heap brings its own.
			if err == nil && (!p.IndexLast && !p.Swap || p.Swap && p.Partitioned) {
				err = s.Build(ctx, conn, t.Name)
			}
			if err != nil {
				return fmt.Errorf("prepare %s: %w", t.Name, err)
			}
		}
		return nil
	})
}

func (p *Pipeline) connected(ctx context.Context, do func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, p.URL)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	// The server's session ends whether or not the context is done.
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return do(conn)
}

// leaf is the partition of a date.
func leaf(table string, date time.Time) string { return table + "_" + date.Format("20060102") }

// bounds are the half-open bounds of a date, as text.
func bounds(date time.Time) (from, to string) {
	return date.Format(time.DateOnly), date.AddDate(0, 0, 1).Format(time.DateOnly)
}
