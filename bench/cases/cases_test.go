package cases

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ledgermill/bench"
	"ledgermill/bench/result"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

func project() fs.FS { return os.DirFS("../..") }

func TestMain(m *testing.M) {
	if handled, exit := warehouse.Helper(); handled {
		os.Exit(exit)
	}
	if handled, exit := bench.Child(Plan(project())); handled {
		os.Exit(exit)
	}
	os.Exit(warehousetest.Main(m))
}

func server(ctx context.Context) (bench.Server, error) {
	s, err := warehouse.StartPrivate(ctx, warehousetest.Options())
	if err != nil {
		return nil, err
	}
	return s, nil
}

// chosen are cases of every kind: all kinds of suites, and each rung. What bench/pipeline
// tests in its own process already, all ways to switch the ladder, is measured in full
// only; so are larger sizes, and a peer's second way to begin.
func chosen() []string {
	switch {
	case warehousetest.Full():
		return []string{"whole", "ladder", "floors", "storage", "queries", "scale", "peers"}
	case warehousetest.Long():
		return []string{"whole", "ladder/naive", "ladder/rung-*", "ladder/product", "ladder/only-copy", "ladder/without-copy", "ladder/autocommit",
			"floors", "storage", "queries", "scale/rows-10-days-1", "scale/rows-10-days-7", "scale/rows-1000-days-1", "peers/ledgermill-*", "peers/duckdb-*", "peers/spark-lake", "peers/pyspark-load-cold", "peers/pyspark-lake-warm"}
	}
	return []string{"whole", "ladder/naive", "ladder/rung-9-parallel", "ladder/product", "ladder/only-copy", "ladder/without-copy", "ladder/autocommit",
		"floors", "storage/csv", "storage/csv.gz-sorted", "storage/parquet-*", "queries/daily_volume_1_day/*", "queries/transaction_by_id/*", "queries/merchant_search/*",
		"scale/rows-10-days-1", "scale/rows-10-days-7", "peers/ledgermill-*", "peers/duckdb-*"}
}

// TestEveryCaseRuns on few rows: none is void, and those of a suite that must have the
// same rows have them.
func TestEveryCaseRuns(t *testing.T) {
	t.Parallel()
	r, err := bench.Run(t.Context(), Plan(project()), bench.Options{Only: chosen(), Rows: 400, Days: 2, Seed: 1, Once: true, Start: server})
	if err != nil {
		t.Error(err)
	}
	if r == nil {
		t.FailNow()
	}
	if len(r.Data) != 64 || len(r.Versions) < 3 {
		t.Errorf("data %q, versions %v", r.Data, r.Versions)
	}
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			switch {
			case c.Void != "":
				t.Errorf("%s/%s is void: %s", s.Name, c.Name, c.Void)
			case strings.Contains(c.Skipped, "is not installed"):
				t.Logf("%s/%s: %s", s.Name, c.Name, c.Skipped)
			case !c.Counts():
				t.Errorf("%s/%s was not measured: %s", s.Name, c.Name, c.Skipped)
			case c.Samples[0].Wall <= 0 || c.Samples[0].Hash == "":
				t.Errorf("%s/%s: %+v", s.Name, c.Name, c.Samples[0])
			}
		}
	}
	figures(t, r)
	path := filepath.Join(t.TempDir(), "bench.json")
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := result.Read(path); err != nil {
		t.Error(err)
	}
}

// figures makes sure that what is counted is counted.
func figures(t *testing.T, r *result.Result) {
	t.Helper()
	sample := func(suite, name string) result.Sample {
		c := r.Suite(suite).Case(name)
		if c == nil || len(c.Samples) == 0 {
			t.Errorf("%s/%s has no sample", suite, name)
			return result.Sample{}
		}
		return c.Samples[0]
	}
	naive, product := sample("whole", naive), sample("whole", product)
	if naive.Rows < 700 || product.Rows != naive.Rows || product.Written*2 > naive.Written || naive.PeakRSS < 1<<22 || len(naive.Stages) < 4 || len(product.Stages) != 3 {
		t.Errorf("naive %+v, product %+v", naive, product)
	}
	heap, parts := sample("queries", "daily_volume_1_day/warehouse/one-heap"), sample("queries", "daily_volume_1_day/warehouse/partitions")
	if heap.Blocks() == 0 || parts.Blocks()*2 > heap.Blocks() || heap.Read != 8192*heap.Blocks() {
		t.Errorf("one day of a heap reads %d blocks, of partitions %d", heap.Blocks(), parts.Blocks())
	}
	csv, parquet := sample("queries", "daily_volume_1_day/lake/csv"), sample("queries", "daily_volume_1_day/lake/partitioned-parquet")
	if csv.Read == 0 || parquet.Read == 0 || parquet.Read*2 > csv.Read {
		t.Errorf("one day of CSV reads %d bytes, of partitioned Parquet %d", csv.Read, parquet.Read)
	}
	if s := sample("storage", "csv"); s.Written == 0 || s.Read < s.Written || len(s.Stages) != 2 {
		t.Errorf("storage: %+v", s)
	}
	if s := sample("floors", "loopback"); s.Read != sample("floors", "pipe").Read || s.Read == 0 {
		t.Errorf("loopback: %+v", s)
	}
}

// TestOutputThatLacksARowIsVoid: a row taken away, of the warehouse or of the lake.
func TestOutputThatLacksARowIsVoid(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	held, err := server(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := held.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}()
	dir, err := os.MkdirTemp("", "cases-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}()
	d := data{bench.Place{Dir: dir, Server: held.URL().Reveal(), Rows: 400, Days: 2, Seed: 1, Memory: 1_000_000_000, Owner: os.Getpid()*10 + 1}, 400, 2}
	if err := errors.Join(os.Chmod(dir, 0o755), d.make(ctx), d.makeTemplate(ctx, project())); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := execute(context.WithoutCancel(ctx), d.Server, "drop database "+d.template()); err != nil {
			t.Error(err)
		}
	}()
	for name, spoil := range map[string]func(url, root string) error{
		"nothing": func(string, string) error { return nil },
		"warehouse": func(url, _ string) error {
			return execute(ctx, url, "delete from transactions_fact where ctid = (select min(ctid) from transactions_fact)")
		},
		"lake": func(_, root string) error {
			all, err := units(root)
			if err != nil {
				return err
			}
			return os.Remove(all[0].path)
		},
	} {
		work, err := d.scratch()
		if err != nil {
			t.Fatal(err)
		}
		url, drop, err := d.database(ctx, work)
		if err != nil {
			t.Fatal(err)
		}
		root := filepath.Join(work, "lake")
		m, err := d.openMill(ctx, project(), d.input(), root, work)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.run(ctx); err != nil {
			t.Fatal(err)
		}
		if err := m.loadInto(ctx, url); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(m.close(), spoil(url, root)); err != nil {
			t.Fatal(err)
		}
		var s result.Sample
		err = d.checkOutput(ctx, &s, url, root, storedBy(work))
		var void *bench.VoidError
		if (name == "nothing") != (err == nil) || err != nil && !errors.As(err, &void) {
			t.Errorf("%s: %v", name, err)
		}
		if err := drop(ctx); err != nil {
			t.Error(err)
		}
	}
}

// TestCasesAreNamed: every name is its own, and what a case is compared with exists.
func TestCasesAreNamed(t *testing.T) {
	t.Parallel()
	total := 0
	for _, s := range Plan(project()).Suites(bench.Place{Rows: 100_000, Days: 3}) {
		var names []string
		if s.Name == "" || s.Answers == "" || s.Weight < 1 {
			t.Errorf("suite %+v", s)
		}
		for _, c := range s.Cases {
			if slices.Contains(names, c.Name) || c.Name == "" || c.Answers == "" || c.Ready == nil {
				t.Errorf("%s/%s is there twice, or says nothing", s.Name, c.Name)
			}
			names = append(names, c.Name)
		}
		for _, c := range s.Cases {
			for _, a := range c.Against {
				if !slices.Contains(names, a.Case) || a.Case == c.Name {
					t.Errorf("%s/%s is compared with %s", s.Name, c.Name, a.Case)
				}
			}
		}
		total += len(s.Cases)
	}
	if total < 150 {
		t.Errorf("%d cases", total)
	}
}
