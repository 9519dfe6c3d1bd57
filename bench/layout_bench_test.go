package bench_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/bench"
	"ledgermill/bench/layout"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/queries"
	"ledgermill/warehouse"
)

var (
	layoutDays     = flag.Int("layouts.days", 10, "days that the warehouse of BenchmarkMillLayouts holds")
	layoutDatabase = flag.String("layouts.database", "", "keep that warehouse as database `NAME` of the bench's server, and use it if it is there; drop it yourself")
	layoutOutput   = flag.String("layouts.output", "", "`DIR` that gets each case's figures, and layouts.md of all figures in it")
	layoutPlans    = flag.String("layouts.plans", "", "`DIR` that gets each case's plans, as JSON and as text: one more run of each layout")
	layoutCases    = flag.String("layouts.cases", ".", "cases whose name matches `REGEXP`")
	layoutLeast    = flag.Int("layouts.least", 5, "rounds of a case at least")
	layoutBudget   = flag.Duration("layouts.budget", 20*time.Second, "how long rounds of a case go on beyond that")
)

// BenchmarkMillLayouts compares each named query, and lookups of single rows, on the
// warehouse as it is loaded with the same rows without its partitions, without its
// indexes, and without both. One iteration is all rounds of a case: use -benchtime 1x.
// The days are of a twentieth of the size unless -mill.long is given.
func BenchmarkMillLayouts(b *testing.B) {
	wanted, err := regexp.Compile(*layoutCases)
	if err != nil {
		b.Fatal(err)
	}
	tables, cases := layouts(b)
	o := layout.Options{Least: *layoutLeast, Budget: *layoutBudget, Plans: *layoutPlans}
	for _, dir := range []string{*layoutOutput, *layoutPlans} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range cases {
		if !wanted.MatchString(c.Name) {
			continue
		}
		b.Run(c.Name, func(b *testing.B) {
			var result *layout.Comparison
			for b.Loop() {
				if result, err = tables.Compare(b.Context(), c, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(bench.Sample(result.Figures[layout.Bare].Samples).Median().Seconds(), "s_bare")
			for _, l := range layout.All()[1:] {
				b.ReportMetric(result.Faster(l).Median, "x_"+string(l))
			}
			if *layoutOutput != "" {
				keepComparison(b, *layoutOutput, result)
			}
		})
	}
}

// layouts loads a warehouse, unless a kept one is there, and opens its layouts.
func layouts(b *testing.B) (*layout.Tables, []layout.Case) {
	b.Helper()
	ctx := b.Context()
	project := bank(b)
	url := loadedWarehouse(b)
	tables, err := layout.Open(ctx, url, func(line string) { b.Log(time.Now().Format(time.TimeOnly), line) })
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := tables.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	w, err := warehouse.Open(ctx, warehouse.Options{URL: url})
	if err != nil {
		b.Fatal(err)
	}
	named, err := layout.Named(ctx, queries.Options{Project: project, Warehouse: w})
	if err != nil {
		b.Fatal(err)
	}
	lookups, err := tables.Lookups(ctx)
	if err != nil {
		b.Fatal(err)
	}
	return tables, append(named, lookups...)
}

// loadedWarehouse makes and loads a database.
func loadedWarehouse(b *testing.B) config.Secret {
	b.Helper()
	server := privateServer(b)
	if *layoutDatabase == "" {
		url, drop := server.database(b)
		b.Cleanup(drop)
		loadBank(b, url)
		return url
	}
	var there bool
	conn, err := pgx.Connect(b.Context(), server.hold.URL().Reveal())
	if err == nil {
		err = conn.QueryRow(b.Context(), "select exists (select from pg_database where datname = $1)", *layoutDatabase).Scan(&there)
	}
	if err != nil {
		b.Fatal(err)
	}
	if err := conn.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if there {
		return server.urlOf(b, *layoutDatabase)
	}
	if _, err := server.hold.CreateDatabase(b.Context(), *layoutDatabase); err != nil {
		b.Fatal(err)
	}
	url := server.urlOf(b, *layoutDatabase)
	loadBank(b, url)
	return url
}

// loadBank generates days of raw data and brings them through lake and load into the
// database, as a run does.
func loadBank(b *testing.B, url config.Secret) {
	b.Helper()
	rows := *rowsFlag / 20
	if *longFlag {
		rows = *rowsFlag
	}
	in, project := generated(b, rows, *layoutDays), bank(b)
	b.Log(time.Now().Format(time.TimeOnly), "make the lake")
	root, _ := makeLake(b, project, in)
	m := openMill(b, project, in, root)
	defer func() {
		if err := m.close(); err != nil {
			b.Error(err)
		}
	}()
	b.Log(time.Now().Format(time.TimeOnly), "load the warehouse")
	duck, err := openDuckDB(b, workDir(b), true, m.lake.Location(""))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := duck.Close(); err != nil {
			b.Error(err)
		}
	}()
	w, err := warehouse.Open(b.Context(), warehouse.Options{URL: url})
	if err == nil {
		_, err = w.Migrate(b.Context(), os.DirFS("../sql/warehouse"))
	}
	if err != nil {
		b.Fatal(err)
	}
	var parts []warehouse.Part
	for _, p := range m.Parts(engine.Selection{}) {
		parts = append(parts, partOf(duck, p))
	}
	report, err := w.Load(b.Context(), warehouse.Request{Run: "bench", Parts: parts})
	if err != nil {
		b.Fatal(err)
	}
	b.Log(time.Now().Format(time.TimeOnly), fmt.Sprintf("%d rows in %d leaves are loaded", report.Rows, report.Leaves))
}

// keepComparison writes the figures of one case and the table of all that the
// directory holds.
func keepComparison(b *testing.B, dir string, c *layout.Comparison) {
	b.Helper()
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, c.Name+".json"), append(text, '\n'), 0o644); err != nil {
		b.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		b.Fatal(err)
	}
	var all []*layout.Comparison
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		one := &layout.Comparison{}
		if err := json.Unmarshal(text, one); err != nil {
			b.Fatalf("%s: %v", path, err)
		}
		all = append(all, one)
	}
	out, err := os.Create(filepath.Join(dir, "layouts.md"))
	if err != nil {
		b.Fatal(err)
	}
	err = layout.Markdown(out, all)
	if closed := out.Close(); err != nil || closed != nil {
		b.Fatal(err, closed)
	}
}
