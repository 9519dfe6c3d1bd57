package dictionary_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/dictionary"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lineage"
	"ledgermill/engine/model"
)

var update = flag.Bool("update", false, "write the goldens")

// TestDictionary writes the dictionary of a project with something of everything.
func TestDictionary(t *testing.T) {
	t.Parallel()
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	binder, err := duckdb.NewBinder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = judge.Close(), binder.Close() }()
	p, err := model.Load(t.Context(), model.Options{Judge: judge, Binder: binder, FS: fstest.MapFS{
		"sql/contracts/raw_a.sql": {Data: []byte("-- about: what | comes <in>\n-- about id: the *key*\n-- about v: worth\n-- business date: d\n-- control: sum(v) by who\n-- private: who\n-- objects: a/*.csv\ncreate table raw_a (id bigint not null, who varchar default 'n', d date not null, v decimal(9, 2),\n constraint positive check (v > 0), primary key (id));\n")},
		"sql/models/a.sql":        {Data: []byte("-- about: all of it\n-- grain: id\n-- load: a_fact\n-- test: accepted who: n, m, warn\n-- test: not null v, who\n-- test: v > 1, at most 2 %\n-- test: rows within 30 % of last 7 days, warn\nselect id, lower(who) as who, d, v from raw_a\n")},
		"sql/tests/few.sql":       {Data: []byte("-- about: few are odd\n-- on: a, warn, at most 3\nselect id from a where id % 2 = 1\n")},
		"sql/tests/one.sql":       {Data: []byte("-- test of: a, on 2025-01-31\nselect * from (values (1)) as e (id) where false;\n")},
		"queries/q.sql":           {Data: []byte("-- about: sums\n-- on: both\nselect sum(v) as total from a_fact\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := lineage.Build(t.Context(), p, binder)
	if err != nil {
		t.Fatal(err)
	}
	d := dictionary.New("demo", p, g)
	var text, page bytes.Buffer
	if err := d.Markdown(&text); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/dictionary.golden.md", text.String())
	if err := d.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"what | comes &lt;in&gt;", `<a href="#a">a</a>`, `<span class="private">private</span>`, "worth"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page.String(), "http") {
		t.Error("the page asks for something from elsewhere")
	}
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
