package contract_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/duckdb"
)

func openDuck(t *testing.T) *sql.DB {
	t.Helper()
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range (duckdb.Dialect{}).Session() {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// readAll are the values as text, "" for null.
func readAll(t *testing.T, db *sql.DB, table, expression string, texts []string) []string {
	t.Helper()
	ctx := context.Background()
	if _, err := db.Exec("create table " + table + " (i integer, x varchar)"); err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = conn.Raw(func(driver any) error {
		appender, err := duck.NewAppenderFromConn(driver.(*duck.Conn), "", table)
		if err != nil {
			return err
		}
		for i, x := range texts {
			if err := appender.AppendRow(int32(i), x); err != nil {
				return err
			}
		}
		return appender.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query("select coalesce(cast(" + expression + " as varchar), '') from " + table + " order by i")
	if err != nil {
		t.Fatalf("%v\n%s", err, expression)
	}
	defer func() { _ = rows.Close() }()
	var values []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		if digits, ok := strings.CutPrefix(strings.TrimPrefix(v, "-"), "."); ok {
			v = strings.Repeat("-", len(v)-len(digits)-1) + "0." + digits // how DuckDB prints a decimal(6, 6)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("drop table " + table); err != nil {
		t.Fatal(err)
	}
	return values
}
