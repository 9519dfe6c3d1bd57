package bench_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	duck "github.com/duckdb/duckdb-go/v2"
)

// openBare opens a DuckDB with its own defaults. Close it.
func openBare(b *testing.B) *sql.DB {
	b.Helper()
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		b.Fatal(err)
	}
	return sql.OpenDB(connector)
}

// compareLake reads the published files with a DuckDB of its own and compares
// records and money with the generator's ledger, date by date: a time of wrong
// work counts for nothing.
func compareLake(b *testing.B, in *input, root string) {
	b.Helper()
	db := openBare(b)
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	for date, cell := range in.report.Units() {
		for currency, want := range cell.Accepted.Groups {
			var records int64
			var sum string
			err := db.QueryRowContext(b.Context(), fmt.Sprintf("select count(*), coalesce(cast(sum(amount) as varchar), '') from read_parquet('%s/transactions/**/*.parquet') "+
				"where transaction_date = date '%s' and currency = '%s'", root, date, currency)).Scan(&records, &sum)
			if err != nil {
				b.Fatal(err)
			}
			if records != want.Records || sum != want.Sum.String() {
				b.Fatalf("%s %s: %d records and %s in the lake, %d and %s generated", date, currency, records, sum, want.Records, want.Sum)
			}
		}
	}
	for dataset, want := range map[string]int64{"customers_dim": in.report.Datasets["customers/customers.csv"], "merchants_dim": in.report.Datasets["merchants/merchants.csv"]} {
		var records int64
		err := db.QueryRowContext(b.Context(), fmt.Sprintf("select count(*) from read_parquet('%s/%s/*.parquet')", root, dataset)).Scan(&records)
		if err != nil {
			b.Fatal(err)
		}
		if records != want {
			b.Fatalf("%s: %d records in the lake, %d generated", dataset, records, want)
		}
	}
}

// bareCopies is the floor of the lake part: DuckDB as it comes turns the same
// objects into Parquet, one statement an object, knowing nothing and checking
// nothing.
func bareCopies(b *testing.B, objects []string) (rows int64, took spent) {
	b.Helper()
	dir := workDir(b)
	began := now()
	db := openBare(b)
	for i, path := range objects {
		result, err := db.ExecContext(b.Context(), fmt.Sprintf("copy (select * from read_csv('%s')) to '%s' (format parquet)",
			path, filepath.Join(dir, fmt.Sprintf("%d.parquet", i))))
		if err != nil {
			b.Fatal(errors.Join(err, db.Close()))
		}
		n, err := result.RowsAffected()
		if err != nil {
			b.Fatal(errors.Join(err, db.Close()))
		}
		rows += n
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	return rows, began.since()
}
