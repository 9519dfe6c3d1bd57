package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
)

// openSQL shows one connection as the *sql.DB that goose wants. It stays the
// caller's: closing the DB leaves it open, so the advisory lock it holds
// covers all that goose does.
func openSQL(conn *pgx.Conn) *sql.DB {
	db := sql.OpenDB(connector{conn})
	db.SetMaxOpenConns(1)
	return db
}

type connector struct{ conn *pgx.Conn }

func (c connector) Connect(context.Context) (driver.Conn, error) { return sqlConn(c), nil }
func (c connector) Driver() driver.Driver                        { return sqlDriver{} }

type sqlDriver struct{}

func (sqlDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("open by name is not supported")
}

type sqlConn struct{ conn *pgx.Conn }

func (c sqlConn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("prepare is not supported")
}
func (c sqlConn) Close() error { return nil }
func (c sqlConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c sqlConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return sqlTx{ctx, tx}, nil
}

func (c sqlConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.conn.Exec(ctx, query, values(args)...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (c sqlConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.conn.Query(ctx, query, values(args)...)
	if err != nil {
		return nil, err
	}
	return sqlRows{rows}, nil
}

func values(args []driver.NamedValue) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		list[i] = arg.Value
	}
	return list
}

// sqlTx keeps the context it began with: database/sql ends a transaction
// without one.
type sqlTx struct {
	ctx context.Context
	tx  pgx.Tx
}

func (t sqlTx) Commit() error   { return t.tx.Commit(t.ctx) }
func (t sqlTx) Rollback() error { return t.tx.Rollback(context.WithoutCancel(t.ctx)) }

type sqlRows struct{ rows pgx.Rows }

func (r sqlRows) Columns() []string {
	fields := r.rows.FieldDescriptions()
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.Name
	}
	return names
}

func (r sqlRows) Close() error {
	r.rows.Close()
	return r.rows.Err()
}

func (r sqlRows) Next(dest []driver.Value) error {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	row, err := r.rows.Values()
	if err != nil {
		return err
	}
	for i, value := range row {
		dest[i] = value
	}
	return nil
}
