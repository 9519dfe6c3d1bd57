package engine_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine"
	"ledgermill/engine/contract"
	"ledgermill/engine/draft"
	"ledgermill/engine/duckdb"
)

// TestDraftedContracts drafts the contract of every real feed, and of what the
// generator makes: each passes check, and by it at least 99 % of the records are
// accepted.
func TestDraftedContracts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, dir, files string }{
		{"fraud_handbook", "fraud_handbook", "*.csv.gz"}, {"anz", "anz", "*.csv"}, {"tabformer", "tabformer", "*.csv"}, {"gla_spending", "gla_spending", "*.csv"},
		{"financecore", "financecore", "*.csv"}, {"bank_2512", "bank_2512", "*.csv"},
		{"amlsim transfers", "amlsim", "transactions.csv"}, {"amlsim accounts", "amlsim", "nodes.csv"},
		{"generated transactions", "", "transactions/*.csv"}, {"generated customers", "", "customers/*.csv"}, {"generated merchants", "", "merchants/*.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{}
			b := newBench(t, files)
			if c.dir == "" {
				generate(t, b, 20_000, 3, "2025-01-31")
			} else {
				b.input = shared(t, c.dir)
			}
			d := drafted(t, b.input, c.files)
			judge, err := duckdb.NewJudge(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = judge.Close() }()
			checked, err := contract.Parse(t.Context(), d.Table+".sql", d.SQL, judge)
			if err != nil {
				t.Fatalf("%v\n%s", err, d.SQL)
			}
			files["sql/contracts/"+d.Table+".sql"] = &fstest.MapFile{Data: []byte(d.SQL)}
			var columns []string
			for _, name := range checked.Names() {
				if name != "year" && name != "month" && name != "day" {
					columns = append(columns, `"`+name+`"`)
				}
			}
			files["sql/models/everything.sql"] = &fstest.MapFile{Data: []byte("select " + strings.Join(columns, ", ") + " from " + d.Table + "\n")}
			report := b.run(engine.Selection{})
			if report.Exit != engine.ExitDone {
				t.Fatalf("exit %d: %v\n%s", report.Exit, report.Verdicts, d.SQL)
			}
			account := accountOf(t, report, d.Table)
			accepted, read := account.Accepted.Records+account.Duplicate.Records, account.Read.Records
			t.Logf("%d of %d records accepted, rejected %v", accepted, read, rejectedRecords(account))
			if read == 0 || accepted*100 < read*99 {
				t.Errorf("%d of %d records accepted, rejected %v\n%s", accepted, read, rejectedRecords(account), d.SQL)
			}
		})
	}
}

func drafted(t *testing.T, input, files string) draft.Draft {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(input, filepath.FromSlash(files)))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files %s in %s: %v", files, input, err)
	}
	var samples []draft.Sample
	for _, path := range paths {
		key, err := filepath.Rel(input, path)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, draft.Sample{Key: filepath.ToSlash(key), Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	d, err := draft.Contract(context.WithoutCancel(t.Context()), samples, draft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
