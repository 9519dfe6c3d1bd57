package pipeline

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

// batch is how many rows an INSERT has.
const batch = 1000

// send sends rows to a table, in the transaction that the connection is in. frozen
// is for a table that this transaction has made.
func (p *Pipeline) send(ctx context.Context, conn *pgx.Conn, into string, rows *source, frozen bool) (err error) {
	if p.Copy && !p.RowByRow {
		options := ""
		if frozen {
			options = ", freeze"
		}
		if p.Vectorised && p.Parquet {
			return copyBinary(ctx, conn, into, rows, options)
		}
		in := rows.csv(ctx)
		_, err := conn.PgConn().CopyFrom(ctx, in, fmt.Sprintf("copy %s (%s) from stdin (format csv%s)", into, names(rows.table.stored()), options))
		return errors.Join(err, in.Close())
	}
	in := rows.csv(ctx)
	defer func() { err = errors.Join(err, in.Close()) }()
	to := inserter{conn: conn, table: into, columns: rows.table.stored(), size: batch}
	if p.RowByRow {
		to.size = 1
	}
	r := csv.NewReader(in)
	r.ReuseRecord = true
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return to.flush(ctx)
		}
		if err != nil {
			return err
		}
		if err := to.add(ctx, record); err != nil {
			return err
		}
	}
}

// copyBinary sends DuckDB's vectors in the server's own format, as the mill does.
func copyBinary(ctx context.Context, conn *pgx.Conn, into string, rows *source, options string) error {
	for _, path := range rows.paths {
		in, err := rows.reader.Binary(ctx, path, rows.table.Targets(), "")
		if err != nil {
			return err
		}
		_, err = conn.PgConn().CopyFrom(ctx, in, fmt.Sprintf("copy %s (%s) from stdin (format binary%s)", into, names(rows.table.stored()), options))
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}

// inserter gathers rows for INSERTs that are prepared once.
type inserter struct {
	conn     *pgx.Conn
	table    string
	columns  []Column
	size     int // rows a statement
	values   [][]byte
	prepared int // rows of the statement that is prepared
}

func (in *inserter) add(ctx context.Context, record []string) error {
	for i, c := range in.columns {
		if record[i] == "" && c.Name != "risk_reasons" {
			in.values = append(in.values, nil)
			continue
		}
		in.values = append(in.values, []byte(record[i]))
	}
	if len(in.values) < in.size*len(in.columns) {
		return nil
	}
	return in.flush(ctx)
}

// flush sends what has gathered.
func (in *inserter) flush(ctx context.Context) error {
	rows := len(in.values) / len(in.columns)
	if rows == 0 {
		return nil
	}
	const name = "rows"
	server := in.conn.PgConn()
	if in.prepared != rows {
		if in.prepared > 0 {
			if err := server.Deallocate(ctx, name); err != nil {
				return err
			}
		}
		if _, err := server.Prepare(ctx, name, in.statement(rows), nil); err != nil {
			return err
		}
		in.prepared = rows
	}
	result := server.ExecPrepared(ctx, name, in.values, nil, nil).Read()
	in.values = in.values[:0]
	return result.Err
}

func (in *inserter) statement(rows int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "insert into %s (%s) values ", in.table, names(in.columns))
	n := 0
	for row := range rows {
		b.WriteString([]string{"(", ", ("}[min(row, 1)])
		for column := range in.columns {
			n++
			fmt.Fprintf(&b, "%s$%d", []string{"", ", "}[min(column, 1)], n)
		}
		b.WriteByte(')')
	}
	return b.String()
}
