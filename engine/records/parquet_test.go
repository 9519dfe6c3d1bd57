package records

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func writeParquet(tb testing.TB, query, options string) []byte {
	tb.Helper()
	d := openDuck(tb)
	file := filepath.Join(tb.TempDir(), "x.parquet")
	if _, err := d.db.Exec(fmt.Sprintf("copy (%s) to %s (format parquet%s)", query, quoteSQL(file), options)); err != nil {
		tb.Fatal(err)
	}
	object, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return object
}

func scanParquet(object []byte) (int64, error) {
	rep, err := ScanParquet(bytes.NewReader(object), int64(len(object)))
	return rep.Records, err
}

func TestScanParquet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, options string
		rows           int64
	}{
		{"select 1 as a where false", "", 0},
		{"select 1 as a", "", 1},
		{"select range as a, range::varchar as b, null::decimal(18, 2) as c from range(300000)", ", row_group_size 2048", 300_000},
		{"select [1, 2, 3] as a, {x: 1, y: [{z: 2}]} as b, map {'k': 1} as c, true as d from range(7)", "", 7},
		{"select range as a from range(5000)", ", kv_metadata {fingerprint: 'abc', more: repeat('x', 100000)}, parquet_version v2, compression zstd", 5000},
	} {
		rows, err := scanParquet(writeParquet(t, c.query, c.options))
		if err != nil || rows != c.rows {
			t.Errorf("%s: %d rows, %v; want %d", c.query, rows, err, c.rows)
		}
	}
}

// TestParquetColumns reads the names as the sender wrote them: DuckDB calls the
// second of two that differ in case otherwise.
func TestParquetColumns(t *testing.T) {
	t.Parallel()
	object := writeParquet(t, `select 1 as id, {x: 1, y: [{z: 2}]} as "Nested One", map {'k': [1]} as m, [[1], [2]] as l, 'é' as "Größe"`, "")
	rep, err := ScanParquet(bytes.NewReader(object), int64(len(object)))
	if diff := cmp.Diff([]string{"id", "Nested One", "m", "l", "Größe"}, rep.Header); diff != "" || err != nil {
		t.Errorf("(-want +got) %v:\n%s", err, diff)
	}
	object = writeParquet(t, "select range as a, range::varchar as b from range(100000)", ", compression zstd")
	if rep, err := ScanParquet(bytes.NewReader(object), int64(len(object))); err != nil || rep.Text <= int64(len(object)) {
		t.Errorf("%d bytes unpacked of an object of %d, %v", rep.Text, len(object), err)
	}
}

func TestScanParquetDamaged(t *testing.T) {
	t.Parallel()
	object := writeParquet(t, "select range as a, 'text' as b from range(1000)", "")
	for cut := range object {
		if _, err := scanParquet(object[:cut]); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrUnreadable) {
			t.Fatalf("cut at %d of %d: %v", cut, len(object), err)
		}
	}
	secret := append(bytes.Clone(object[:len(object)-4]), "PARE"...)
	long := bytes.Clone(object)
	long[len(long)-5] = 0x0F
	for name, damaged := range map[string][]byte{"encrypted": secret, "footer too long": long, "no head": append([]byte("x"), object[1:]...), "text": []byte(strings.Repeat("a,b\n", 10))} {
		rows, err := scanParquet(damaged)
		var fault *ParquetError
		if !errors.As(err, &fault) || !errors.Is(err, ErrUnreadable) || fault.Try() == "" {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
	}
	cause := errors.New("connection reset")
	if _, err := ScanParquet(failing{cause}, 1000); !errors.Is(err, cause) || errors.Is(err, ErrUnreadable) {
		t.Errorf("failing reader: %v", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt(p []byte, _ int64) (int, error) { return iotest.ErrReader(f.err).Read(p) }

// TestScanParquetBad tries the corrupt files of apache/parquet-testing: each is
// refused here, or DuckDB refuses it, or reads the number of rows found here.
func TestScanParquetBad(t *testing.T) {
	t.Parallel()
	d := openDuck(t)
	files, err := filepath.Glob("../../../shared/data/hostile/parquet_bad/*.parquet")
	if err != nil || len(files) == 0 {
		t.Skip("../shared/data/hostile/parquet_bad is absent")
	}
	for _, file := range files {
		object, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := scanParquet(object)
		if err != nil {
			t.Logf("%s: refused: %v", filepath.Base(file), err)
			continue
		}
		var read int64
		query := fmt.Sprintf("select count(hash(columns(*))) from (select hash(t) as h from %s as t)", quoteSQL(file))
		err = d.db.QueryRow(query).Scan(&read)
		switch {
		case err != nil:
			t.Logf("%s: %d rows; DuckDB refuses it: %.150s", filepath.Base(file), rows, strings.ReplaceAll(err.Error(), "\n", " "))
		case read != rows:
			t.Errorf("%s: %d rows, DuckDB reads %d", filepath.Base(file), rows, read)
		default:
			t.Logf("%s: %d rows, and DuckDB reads as many", filepath.Base(file), rows)
		}
	}
}

func FuzzScanParquet(f *testing.F) {
	f.Add(writeParquet(f, "select 1 as a, 'x' as b", ""))
	f.Add(writeParquet(f, "select [1] as a, {x: map {'k': 1}} as b from range(3)", ", kv_metadata {k: 'v'}"))
	f.Fuzz(func(t *testing.T, object []byte) {
		rows, err := scanParquet(object)
		if err == nil && rows < 0 || err != nil && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrUnreadable) {
			t.Fatalf("%d rows, %v", rows, err)
		}
	})
}
