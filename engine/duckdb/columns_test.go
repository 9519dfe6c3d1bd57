package duckdb_test

import (
	"bytes"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

// TestColumnsOfDamagedParquet damages an object here and there. What the count of
// its footer lets pass, the engine reads or names as the fault; and what has landed
// before is as it was.
func TestColumnsOfDamagedParquet(t *testing.T) {
	t.Parallel()
	l := newLandings(t)
	l.land(t, l.object(t, "a.csv", "1,1,2025-01-01,1,EUR"))
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(l.dir, "whole.parquet")
	if _, err := db.ExecContext(t.Context(), "copy (select i as a, 'text ' || (i % 7) as b, (i / 3.0)::decimal(18, 2) as c, [i, i + 1] as d, {x: i, y: ['s' || i]} as e from range(3000) as t(i)) to '"+path+"' (format parquet, row_group_size 2048)"); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := l.columns(t, whole)
	want := []ledger.Column{{Name: "a", Type: "BIGINT"}, {Name: "b", Type: "VARCHAR"}, {Name: "c", Type: "DECIMAL(18,2)"}, {Name: "d", Type: "BIGINT[]"}, {Name: "e", Type: "STRUCT(x BIGINT, y VARCHAR[])"}}
	if d := cmp.Diff(want, columns); d != "" || err != nil {
		t.Fatalf("columns of one that is whole (-want +got), %v:\n%s", err, d)
	}
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	refused := 0
	for i := range 200 {
		object := bytes.Clone(whole)
		for range 1 + rnd.IntN(3) {
			at := rnd.IntN(len(object))
			if rnd.IntN(2) == 0 {
				at = len(object) - 1 - rnd.IntN(1500) // in the footer
			}
			object[at] ^= 1 << rnd.IntN(8)
		}
		if _, err := l.columns(t, object); err != nil {
			refused++
			var fault *job.ObjectError
			if !errors.As(err, &fault) || fault.Object != "damaged.parquet" || strings.Contains(err.Error(), "\n") {
				t.Fatalf("seed %d, object %d: %v", seed, i, err)
			}
		}
	}
	if refused == 0 {
		t.Error("none was refused")
	}
	settled, err := l.Settle(t.Context(), l.contract, []job.Unit{"2025-01-01"}, l.dir)
	if err != nil || ledger.Sum(settled[0].Cells).Accepted.Records != 1 {
		t.Errorf("what landed before: %+v, %v", settled, err)
	}
}

// columns counts an object of Parquet and reads its columns, as a mill does.
func (l *landings) columns(t *testing.T, object []byte) ([]ledger.Column, error) {
	t.Helper()
	const key = "damaged.parquet"
	path := filepath.Join(l.dir, key)
	if err := os.WriteFile(path, object, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := records.ScanParquet(bytes.NewReader(object), int64(len(object)))
	if err != nil {
		return nil, &job.ObjectError{Object: key, Err: err}
	}
	o := job.Object{Key: key, Path: path, Report: report}
	for _, name := range report.Header {
		o.Mapping.Raw = append(o.Mapping.Raw, contract.RawColumn{Header: name, Name: name})
	}
	return l.Columns(t.Context(), o)
}
