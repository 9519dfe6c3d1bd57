package model_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

var update = flag.Bool("update", false, "rewrite the wanted parts of testdata")

// load checks the files of a project with a real DuckDB.
func load(t testing.TB, files fs.FS, parameters map[string]string) (*model.Project, *duckdb.Binder, error) {
	t.Helper()
	b := newBinder(t)
	p, err := model.Load(t.Context(), model.Options{FS: files, Judge: newJudge(t), Binder: b, Parameters: parameters})
	return p, b, err
}

func newBinder(t testing.TB) *duckdb.Binder {
	t.Helper()
	b, err := duckdb.NewBinder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func asFS(archive *txtar.Archive) fstest.MapFS {
	files := fstest.MapFS{}
	for _, f := range archive.Files {
		if f.Name != "want" {
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return files
}

// TestGolden loads each project of testdata and compares its faults, or what was
// made of it, with the file called want.
func TestGolden(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, b, err := load(t, asFS(archive), nil)
			got := printed(t.Context(), p, b, err)
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *update {
				if i < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: "want"})
					i = len(archive.Files) - 1
				}
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 {
				t.Fatalf("no want in %s; got\n%s", path, got)
			}
			if diff := cmp.Diff(string(archive.Files[i].Data), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func printed(ctx context.Context, p *model.Project, b *duckdb.Binder, err error) string {
	var out strings.Builder
	var faults sqltext.Errors
	if errors.As(err, &faults) {
		for _, f := range faults {
			fmt.Fprintln(&out, f)
			if f.Remedy != "" {
				fmt.Fprintln(&out, "  try:", f.Remedy)
			}
		}
		return out.String()
	}
	if err != nil {
		return "fatal: " + err.Error() + "\n"
	}
	fmt.Fprintln(&out, "order:", strings.Join(p.Order, " "))
	for _, name := range p.Order {
		if m := p.Models[name]; m != nil {
			printModel(&out, m)
		}
	}
	for _, d := range p.DataTests {
		fmt.Fprintf(&out, "data test %s: reads %v, holds %v, warn %v\n", d.Name, d.Inputs, d.On, d.Warn)
	}
	for _, q := range p.Queries {
		fmt.Fprintf(&out, "query %s on %s: reads %v, %v, parameters %v\n", q.Name, q.On, q.Inputs, q.Columns, sqltext.ParameterNames(q.Parameters))
	}
	for _, u := range p.UnitTests {
		result, err := p.RunUnitTest(ctx, b, u)
		fmt.Fprintf(&out, "unit test %s of %s on %q: %v\n", u.Name, u.Model, u.On, result.Columns)
		for _, row := range result.Missing {
			fmt.Fprintln(&out, "  missing   ", strings.Join(row, " | "))
		}
		for _, row := range result.Unexpected {
			fmt.Fprintln(&out, "  unexpected", strings.Join(row, " | "))
		}
		if err != nil {
			fmt.Fprintln(&out, "  error", err)
		}
	}
	return out.String()
}

func printModel(out *strings.Builder, m *model.Model) {
	fmt.Fprintf(out, "model %s: %s by %s", m.Name, m.Publish, m.Partition)
	if m.BusinessDate != "" {
		fmt.Fprint(out, " of ", m.BusinessDate)
	}
	fmt.Fprintf(out, "\n  inputs %v references %v itself %v business_day %v\n", m.Inputs, m.References(), m.ReadsItself, m.UsesBusinessDay)
	for _, c := range m.Columns {
		fmt.Fprintf(out, "  column %s %s", c.Name, c.Type)
		if about := m.ColumnAbout[c.Name]; about != "" {
			fmt.Fprintf(out, " -- %s", about)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "  sort %v load %q about %q\n", m.Sort(), m.Load, m.About)
	for _, t := range m.Tests {
		fmt.Fprintf(out, "  test %s (%s, warn %v)\n    %s\n", t.Text, t.AtMost, t.Warn, t.Failing(m.Name))
	}
	for _, line := range strings.Split(strings.TrimSpace(m.Data()), "\n") {
		fmt.Fprintln(out, "  data "+line)
	}
}
