package duckdb_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ledgermill/engine/duckdb"
)

// binaryOf opens an engine and the stream of what a query gives, as a file of one unit.
func binaryOf(t *testing.T, query string, columns ...duckdb.Target) (io.ReadCloser, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("copy (" + query + ") to '" + path + "' (format parquet, row_group_size 2048)"); err != nil {
		t.Fatal(err)
	}
	return open(t, t.Context(), dir, path, columns...)
}

func open(t *testing.T, ctx context.Context, dir, path string, columns ...duckdb.Target) (io.ReadCloser, error) {
	t.Helper()
	e, err := duckdb.Open(t.Context(), duckdb.Settings{Work: t.TempDir(), Readable: []string{dir}, Ordered: true, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.Binary(ctx, path, columns, "day")
}

func TestBinaryTellsTheRowThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for typ, value := range map[string]string{"smallint": "32768", "integer": "2147483648"} {
		rows, err := binaryOf(t, "select case when range = 5000 then "+value+" else 1 end::bigint as n from range(6000)", duckdb.Target{Name: "n", Type: typ})
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, rows)
		if err == nil || !strings.Contains(err.Error(), "row 5001, column n: value out of range for "+typ) {
			t.Errorf("%s: %v", typ, err)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBinaryMakesTheCalendar(t *testing.T) {
	t.Parallel()
	rows, err := binaryOf(t, "select date '2024-02-29' as day", duckdb.Target{Name: "month", Type: "smallint"}, duckdb.Target{Name: "year", Type: "integer"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got, err := io.ReadAll(rows)
	if want := "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x02\x00\x02\x00\x00\x00\x04\x00\x00\x07\xe8\xff\xff"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestBinaryIsUnsupported(t *testing.T) {
	t.Parallel()
	_, err := binaryOf(t, "select 1.5::double as n", duckdb.Target{Name: "n", Type: "numeric(18,2)"})
	if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "column n") {
		t.Error(err)
	}
}

// TestBinaryFails cuts a file: what was read before must not pass for the whole.
func TestBinaryFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("copy (select hash(range)::varchar as n from range(100000)) to '" + path + "' (format parquet, row_group_size 10000, compression uncompressed)"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(text[len(text)/2:], make([]byte, len(text)/4))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := open(t, t.Context(), dir, path, duckdb.Target{Name: "n", Type: "text"})
	if err == nil {
		_, err = io.Copy(io.Discard, rows)
		err = errors.Join(err, rows.Close())
	}
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a broken file: %v", err)
	}
	if _, err := open(t, t.Context(), dir, filepath.Join(dir, "absent.parquet"), duckdb.Target{Name: "n", Type: "text"}); err == nil {
		t.Error("an absent file was opened")
	}
	if _, err := open(t, t.Context(), t.TempDir(), path, duckdb.Target{Name: "n", Type: "text"}); err == nil {
		t.Error("the fence let a file through")
	}
}

func TestBinaryIsCancelledAndClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("copy (select hash(range)::varchar as n from range(200000)) to '" + path + "' (format parquet)"); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	rows, err := open(t, ctx, dir, path, duckdb.Target{Name: "n", Type: "text"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(rows, make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	cancel(cause)
	if _, err := io.Copy(io.Discard, rows); !errors.Is(err, cause) {
		t.Errorf("cancelled: %v", err)
	}
	for range 2 {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := rows.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("closed: %v", err)
	}
}
