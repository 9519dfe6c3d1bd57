package pipeline

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Figures is what a table holds, whatever the order of its rows.
type Figures struct {
	Rows int64
	Hash string // sum of the numbers that rows hash to
}

// LakeFigures hashes the rows of a relation of DuckDB, column by column as text.
func LakeFigures(ctx context.Context, db *sql.DB, relation string, columns []Column) (f Figures, err error) {
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = fmt.Sprintf("coalesce(cast(cast(%s as %s) as varchar), chr(1))", c.Name, c.Type)
	}
	err = db.QueryRowContext(ctx, fmt.Sprintf("select count(*), coalesce(cast(sum(cast(md5_number_lower(concat_ws(chr(31), %s)) as hugeint)) as varchar), '0') from %s",
		strings.Join(values, ", "), relation)).Scan(&f.Rows, &f.Hash)
	if err != nil {
		return f, fmt.Errorf("hash rows of %s: %w", relation, err)
	}
	return f, nil
}

// WarehouseFigures hashes the rows of a table of PostgreSQL. The figure is not that of
// the same rows in DuckDB.
func WarehouseFigures(ctx context.Context, conn *pgx.Conn, t Table) (Figures, error) {
	return FiguresOf(ctx, conn, t, t.Name)
}

// FiguresOf hashes the rows of a relation that has the table's columns.
func FiguresOf(ctx context.Context, conn *pgx.Conn, t Table, relation string) (f Figures, err error) {
	columns := names(t.stored())
	err = conn.QueryRow(ctx, fmt.Sprintf("select count(*), coalesce(sum(('x' || left(md5(row(%s)::text), 16))::bit(64)::bigint::numeric)::text, '0') from %s",
		columns, relation)).Scan(&f.Rows, &f.Hash)
	if err != nil {
		return f, fmt.Errorf("hash rows of %s: %w", relation, err)
	}
	return f, nil
}

// Combine is one hash of several.
func Combine(all ...Figures) string {
	h := sha256.New()
	for _, f := range all {
		fmt.Fprintf(h, "%d %s\n", f.Rows, f.Hash)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
