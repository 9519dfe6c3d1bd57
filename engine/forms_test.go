package engine_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/lake"
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
		if strings.Contains(form, ".") {
			b.budget = 1 << 10 // one object at a time, and what has landed is parked
		}
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

// TestFormsReplacedMidRun replaces an object right after it was counted, and before
// it is copied or read by the engine: the run fails and says why, whatever it has met.
func TestFormsReplacedMidRun(t *testing.T) {
	t.Parallel()
	const line = `{"fee_no":"a","paid_on":"2025-01-31","at":null,"fee":1,"coin":"GBP","reader":"ann"}` + "\n"
	for _, c := range []struct{ key, before, after string }{
		{"plain/a.ndjson", line + "{\n", line + line + "{\n"}, {"plain/a.ndjson", line, line + line}, {"plain/a.ndjson", line + "{\n", ""},
		{"plain/a.json", "[" + line + "]", "[" + line}, {"plain/a.csv", feesHeader + "1\n", "x"},
		{"plain/a.parquet", "select 'a' as fee_no, date '2025-01-31' as paid_on, null::timestamp as at, 1 as fee, 'GBP' as coin, 'ann' as reader", "PAR1"},
	} {
		b := newReasons(t, reasonsContract)
		if strings.HasSuffix(c.key, ".parquet") {
			parquetFile(t, b, c.key, c.before)
		} else {
			b.write(c.key, c.before)
		}
		b.wrap = func(in lake.Store) lake.Store {
			return &moving{Store: in, key: c.key, change: func() { b.write(c.key, c.after) }}
		}
		m := b.open(true)
		_, err := m.Execute(t.Context(), engine.Selection{})
		var changed *engine.ChangedError
		if !errors.As(err, &changed) || changed.Object != c.key {
			t.Errorf("%s, %.20q then %.20q: %v", c.key, c.before, c.after, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
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
