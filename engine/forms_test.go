package engine_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// TestFormsPublishTheSame sends the same records, defects and all, in every form:
// accounts and published rows are equal.
func TestFormsPublishTheSame(t *testing.T) {
	t.Parallel()
	origin := newBench(t, bank())
	generateAs(t, origin, "parquet", 5_000, 2, "2025-01-31")
	var accounts map[string]map[string]string
	rows := ""
	for _, form := range []string{"parquet", "parquet.gz", "csv", "csv.zst", "ndjson", "ndjson.zst", "typed.ndjson"} {
		b := newBench(t, bank())
		resend(t, origin, b, form)
		if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone {
			t.Fatalf("%s: exit %d: %v", form, report.Exit, report.Verdicts)
		}
		gotAccounts := unitAccounts(t, b)
		gotRows := inLake(t, b, "select count(*), bit_xor(hash(f)) from (select * exclude (year, month, day) from transactions) as f")
		if accounts == nil {
			accounts, rows = gotAccounts, gotRows
			continue
		}
		if d := cmp.Diff(accounts, gotAccounts); d != "" {
			t.Errorf("accounts (-parquet +%s):\n%s", form, d)
		}
		if gotRows != rows {
			t.Errorf("rows and their hash: %s as parquet, %s as %s", rows, gotRows, form)
		}
	}
}

// resend copies objects in another form.
func resend(t *testing.T, from, to *bench, form string) {
	t.Helper()
	objects, err := filepath.Glob(filepath.Join(from.input, "transactions", "*.parquet"))
	if err != nil || len(objects) == 0 {
		t.Fatalf("no objects: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(to.input, "transactions"), 0o755); err != nil {
		t.Fatal(err)
	}
	options := map[string]string{"csv": "format csv, force_quote *", "csv.zst": "format csv, compression zstd", "ndjson": "format json", "ndjson.zst": "format json, compression zstd", "typed.ndjson": "format json"}
	for _, object := range objects {
		key := "transactions/" + strings.TrimSuffix(filepath.Base(object), ".parquet") + "." + form
		path := filepath.Join(to.input, filepath.FromSlash(key))
		switch form {
		case "parquet", "parquet.gz":
			data, err := os.ReadFile(object)
			if err != nil {
				t.Fatal(err)
			}
			if form == "parquet.gz" {
				to.write(key, gzipped(t, string(data)))
				continue
			}
			to.write(key, string(data))
			continue
		case "typed.ndjson": // numbers are numbers where they can be, in the order of the text
			object = "(select * replace (case when try_cast(amount as decimal(18, 2))::varchar = amount then to_json(try_cast(amount as decimal(18, 2))) else to_json(amount) end as amount) from '" + object + "')"
		default:
			object = "'" + object + "'"
		}
		inDuckDB(t, fmt.Sprintf("copy (from %s) to '%s' (%s)", object, path, options[form]))
	}
}

// inDuckDB runs a statement in a DuckDB of its own.
func inDuckDB(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
