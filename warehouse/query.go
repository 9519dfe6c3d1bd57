package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// ResultColumn is a column of a query's result.
type ResultColumn struct {
	Name    string
	Type    string // PostgreSQL's name of the type, "" for one that is not built in
	Numeric bool   // a number: aligned right, unquoted in JSON
}

// Rows are the rows of a query, as they come from the server.
type Rows struct {
	columns []ResultColumn
	rows    pgx.Rows
	tx      pgx.Tx
	conn    *pgx.Conn
	values  []*string
	text    []string
}

// Query runs one statement that may only read. Values come as PostgreSQL's
// text: dates as ISO 8601, money with its scale. The caller owes a Close.
func (w *Warehouse) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	conn, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	r := &Rows{conn: conn}
	if err := r.begin(ctx, sql, args); err != nil {
		return nil, errors.Join(fmt.Errorf("query warehouse: %w", err), r.Close())
	}
	return r, nil
}

func (r *Rows) begin(ctx context.Context, sql string, args []any) (err error) {
	if r.tx, err = r.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}); err != nil {
		return err
	}
	// Described and executed, never prepared by name: one statement is taken,
	// so that none can end the read-only transaction before another.
	all := append([]any{pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)
	if r.rows, err = r.tx.Query(ctx, sql, all...); err != nil {
		return err
	}
	types := r.conn.TypeMap()
	for _, field := range r.rows.FieldDescriptions() {
		column := ResultColumn{Name: field.Name}
		if t, ok := types.TypeForOID(field.DataTypeOID); ok {
			column.Type = t.Name
		}
		switch field.DataTypeOID {
		case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID:
			column.Numeric = true
		}
		r.columns = append(r.columns, column)
	}
	r.values, r.text = make([]*string, len(r.columns)), make([]string, len(r.columns))
	return r.rows.Err()
}

// Columns of the result, known before the first Next.
func (r *Rows) Columns() []ResultColumn { return r.columns }

// Next moves to the next row; false at the end or after an error.
func (r *Rows) Next() bool { return r.rows.Next() }

// Values of the row, nil for null. They hold until the next call of Next.
func (r *Rows) Values() []*string {
	for i, raw := range r.rows.RawValues() {
		if raw == nil {
			r.values[i] = nil
			continue
		}
		r.text[i] = string(raw)
		r.values[i] = &r.text[i]
	}
	return r.values
}

// Err is the error that ended the rows, if one did.
func (r *Rows) Err() error {
	if err := r.rows.Err(); err != nil {
		return fmt.Errorf("query warehouse: %w", err)
	}
	return nil
}

// Close ends the query, also half way.
func (r *Rows) Close() error {
	ctx := context.Background()
	if r.rows != nil {
		r.rows.Close()
	}
	var err error
	if r.tx != nil && !r.conn.IsClosed() {
		err = r.tx.Rollback(ctx)
	}
	return errors.Join(err, r.conn.Close(ctx))
}
