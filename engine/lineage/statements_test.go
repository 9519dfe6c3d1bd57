package lineage_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/lineage"
	"ledgermill/engine/model"
)

var update = flag.Bool("update", false, "write the goldens")

// statement is one case of testdata/statements.sql.
type statement struct{ about, sql string }

func statements(t *testing.T) []statement {
	t.Helper()
	text, err := os.ReadFile("testdata/statements.sql")
	if err != nil {
		t.Fatal(err)
	}
	var all []statement
	for _, piece := range strings.Split("\n"+string(text), "\n-- ")[1:] {
		about, sql, _ := strings.Cut(piece, "\n")
		all = append(all, statement{about, strings.TrimSpace(sql)})
	}
	return all
}

// suiteTables are what the statements read.
func suiteTables() map[string][]model.Column {
	return map[string][]model.Column{
		"t": {{Name: "a", Type: "INTEGER"}, {Name: "b", Type: "INTEGER"}, {Name: "d", Type: "DATE"}, {Name: "s", Type: "STRUCT(x INTEGER, y VARCHAR)"}, {Name: "n", Type: "VARCHAR"}},
		"u": {{Name: "a", Type: "INTEGER"}, {Name: "c", Type: "INTEGER"}, {Name: "v", Type: "VARCHAR"}},
		"w": {{Name: "a", Type: "INTEGER"}, {Name: "e", Type: "DECIMAL(18,2)"}},
	}
}

func suiteBinder(t *testing.T) *duckdb.Binder {
	t.Helper()
	binder, err := duckdb.NewBinder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := binder.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, columns := range suiteTables() {
		if err := binder.Define(t.Context(), name, columns); err != nil {
			t.Fatal(err)
		}
	}
	return binder
}

func resolved(ctx context.Context, binder *duckdb.Binder, sql string) (*lineage.Statement, error) {
	tree, err := binder.Parse(ctx, sql)
	if err != nil {
		return nil, err
	}
	columns, err := binder.Describe(ctx, sql)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return lineage.Resolve(tree, func(name string) ([]string, bool) {
		columns, ok := suiteTables()[name]
		var names []string
		for _, c := range columns {
			names = append(names, c.Name)
		}
		return names, ok
	}, names)
}

// TestStatements holds the lineage of every statement of the suite to the golden
// table, in which each edge was checked by hand.
func TestStatements(t *testing.T) {
	t.Parallel()
	binder := suiteBinder(t)
	var b strings.Builder
	for _, s := range statements(t) {
		fmt.Fprintf(&b, "%s\n    %s\n", s.about, s.sql)
		found, err := resolved(t.Context(), binder, s.sql)
		if err != nil {
			t.Errorf("%s: %v", s.about, err)
			continue
		}
		width := 4
		for _, c := range found.Columns {
			width = max(width, len(c.Name))
		}
		for _, c := range found.Columns {
			fmt.Fprintf(&b, "  %-*s  %s\n", width, c.Name, sources(c.From))
		}
		if len(found.Rows) > 0 {
			fmt.Fprintf(&b, "  %-*s  %s\n", width, "rows", sources(found.Rows))
		}
		b.WriteByte('\n')
	}
	golden(t, "testdata/statements.golden", b.String())
}

// sources writes direct sources, and behind a bar the indirect ones.
func sources(all []lineage.Source) string {
	var direct, indirect []string
	for _, s := range all {
		text := s.Column.String() + " " + s.How.String()
		if s.How.Direct() {
			direct = append(direct, text)
		} else {
			indirect = append(indirect, text)
		}
	}
	text := strings.Join(direct, ", ")
	if len(all) == 0 {
		return "nothing"
	}
	if len(indirect) > 0 {
		text = strings.TrimSpace(text + " | " + strings.Join(indirect, ", "))
	}
	return text
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", file, d)
	}
}

// TestAggregates compares the list of aggregates with DuckDB's own: a function that
// is missing would be taken for one of a single row.
func TestAggregates(t *testing.T) {
	t.Parallel()
	binder := suiteBinder(t)
	rows, err := binder.Rows(t.Context(), `select distinct function_name from duckdb_functions() where function_type = 'aggregate'`)
	if err != nil {
		t.Fatal(err)
	}
	windows := strings.Fields("row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead fill")
	for _, row := range rows {
		if name := row[0]; !slices.Contains(windows, name) && !lineage.IsAggregate(name) {
			t.Errorf("%s is an aggregate of DuckDB's", name)
		}
	}
}
