package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/job"
)

// writeSettled puts an object into the input that has lain there for a day.
func (b *bench) writeSettled(key, text string) {
	b.t.Helper()
	b.write(key, text)
	then := time.Now().AddDate(0, 0, -1)
	if err := os.Chtimes(filepath.Join(b.input, filepath.FromSlash(key)), then, then); err != nil {
		b.t.Fatal(err)
	}
}

// heldUnits are the units that a run did not publish, as "dataset unit", sorted.
func heldUnits(report *engine.Report) []string {
	held := []string{}
	for _, v := range report.Verdicts {
		held = append(held, v.Dataset+" "+v.Unit)
	}
	slices.Sort(held)
	return held
}

// inMemoryAndParked runs a test where all that is read fits into the budget, and where
// it does not.
func inMemoryAndParked(t *testing.T, test func(t *testing.T, budget int64)) {
	for name, budget := range map[string]int64{"in memory": 256 << 20, "parked": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, budget)
		})
	}
}

// TestRewrittenObject: while an object that was read before is being rewritten, what is
// stale of its units is held, with what is made from them; all else is published.
func TestRewrittenObject(t *testing.T) {
	t.Parallel()
	inMemoryAndParked(t, func(t *testing.T, budget int64) {
		files := small(map[string]string{
			"m":     "-- grain: id\nselect d, id, n from raw_a",
			"n":     "-- grain: id\nselect d, id from s",
			"s":     "-- publish: no\nselect d, id from raw_a",
			"total": "-- publish: whole\n-- grain: d\nselect d, count(*) as records from m group by d",
		})
		b := newBench(t, files)
		b.budget = budget
		b.days(3)
		b.run(engine.Selection{})

		b.settle = time.Hour
		b.write("a/1.csv", "d,id,n\n2025-01-01,x1,5\n")
		if idle := b.run(engine.Selection{}); idle.Exit != engine.ExitDone || !idle.NothingToDo() {
			t.Errorf("nothing else has changed: exit %d, verdicts %v, units %v", idle.Exit, idle.Verdicts, idle.Units)
		}
		status, err := b.open(false).Status(t.Context(), engine.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range status.Units {
			if u.Status != engine.StatusDone {
				t.Errorf("%s %s is %s", u.Dataset, u.Unit, u.Status)
			}
		}

		b.writeSettled("a/late.csv", "d,id,n\n2025-01-01,late1,1\n")
		b.writeSettled("a/4.csv", "d,id,n\n2025-01-04,x4,1\n")
		planned := b.plan(engine.Selection{}).Exit
		late := b.run(engine.Selection{})
		want := []string{"m 2025-01-01", "n 2025-01-01", "raw_a 2025-01-01", "s 2025-01-01", "total whole"}
		if d := cmp.Diff(want, heldUnits(late)); d != "" || late.Exit != engine.ExitHeld || planned != engine.ExitHeld {
			t.Fatalf("a late row: exit %d, planned %d, held (-want +got):\n%s", late.Exit, planned, d)
		}
		if v := late.Verdicts[0]; !strings.Contains(v.Reason, "new version of a/1.csv") || !strings.Contains(v.Reason, "lake.settle") {
			t.Errorf("it is held: %s", v.Reason)
		}
		if got := b.lakeRows("m", []string{"id"}); !slices.ContainsFunc(got, func(r []string) bool { return r[0] == "x4" }) {
			t.Errorf("the other unit is not published: %v", got)
		}

		b.remove("a/late.csv") // as it was: what is edited is stale all the same
		b.run(engine.Selection{AcceptRemoved: true})
		replace(t, files, "sql/models/m.sql", "n from", "n + 1 as n from")
		replace(t, files, "sql/models/n.sql", "id from", "upper(id) as id from")
		planned = b.plan(engine.Selection{}).Exit
		edited := b.run(engine.Selection{})
		want = []string{"m 2025-01-01", "n 2025-01-01", "total whole"}
		if d := cmp.Diff(want, heldUnits(edited)); d != "" || edited.Exit != engine.ExitHeld || planned != engine.ExitHeld {
			t.Errorf("edited models: exit %d, planned %d, held (-want +got):\n%s", edited.Exit, planned, d)
		}
		if v := edited.Verdicts[0]; !strings.Contains(v.Reason, "new version of a/1.csv") {
			t.Errorf("it is held: %s", v.Reason)
		}

		b.settle = 0
		if settled := b.run(engine.Selection{}); settled.Exit != engine.ExitDone || len(settled.Verdicts) != 0 {
			t.Errorf("when it has settled: exit %d, verdicts %v", settled.Exit, settled.Verdicts)
		}
		if d := cmp.Diff([][]string{{"x1", "6"}, {"x2", "2"}, {"x3", "2"}, {"x4", "2"}}, b.lakeRows("m", []string{"id", "n"})); d != "" {
			t.Errorf("m (-want +got):\n%s", d)
		}
	})
}

// TestLookAtRewritten: neither a look nor a sample shows a unit without the records of an
// object that is being rewritten.
func TestLookAtRewritten(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{"m": "-- grain: id\nselect d, id, n from raw_a"})
	b := newBench(t, files)
	b.days(2)
	b.run(engine.Selection{})
	b.settle = time.Hour
	b.write("a/1.csv", "d,id,n\n2025-01-01,x1,5\n")
	m := b.open(false)
	one := m.Project.Models["m"]
	var held *engine.HeldError
	if _, err := m.Sample(t.Context(), engine.Sampling{Model: one, Unit: "2025-01-01", Rows: 1}); !errors.As(err, &held) {
		t.Errorf("a sample: error %v", err)
	}
	look, err := m.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := look.Task(t.Context(), one, "2025-01-01"); !errors.As(err, &held) {
		t.Errorf("a look: error %v", err)
	}
	if _, err := look.Task(t.Context(), one, "2025-01-02"); err != nil {
		t.Errorf("another unit: error %v", err)
	}
}

// TestRefusedAgain: an object that was read before and is refused when it is read again
// holds the units that it is read for, and is refused in the words of its reason.
func TestRefusedAgain(t *testing.T) {
	t.Parallel()
	inMemoryAndParked(t, func(t *testing.T, budget int64) {
		files := small(map[string]string{"m": "-- grain: id\nselect d, id, n from raw_a"})
		b := newBench(t, files)
		b.budget = budget
		b.days(3)
		long := "d,id,n\n"
		for i := range 500 {
			long += fmt.Sprintf("2025-01-01,y%d,1\n", i)
		}
		b.write("a/long.csv", long)
		b.run(engine.Selection{})

		b.maxObject = 1000
		replace(t, files, "sql/models/m.sql", "n from", "n + 1 as n from")
		report := b.run(engine.Selection{})
		if d := cmp.Diff([]string{"m 2025-01-01", "raw_a 2025-01-01"}, heldUnits(report)); d != "" || report.Exit != engine.ExitHeld {
			t.Fatalf("exit %d, held (-want +got):\n%s", report.Exit, d)
		}
		if reason := report.Verdicts[0].Reason; !strings.Contains(reason, "a/long.csv") || !strings.Contains(reason, "too_large") {
			t.Errorf("it is held: %s", reason)
		}
		var text strings.Builder
		if err := report.Text(&text); err != nil || !strings.Contains(text.String(), "object refused a/long.csv: too_large") || !strings.Contains(text.String(), "engine.max_object") {
			t.Errorf("error %v, text:\n%s", err, &text)
		}
		if got := b.lakeRows("m", []string{"id", "n"}); !slices.ContainsFunc(got, func(r []string) bool { return r[0] == "x2" && r[1] == "2" }) {
			t.Error("the other units are not published")
		}
		b.maxObject = 0
		if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone || len(report.Verdicts) != 0 {
			t.Errorf("when it may be so large: exit %d, verdicts %v", report.Exit, report.Verdicts)
		}
	})
}

// TestTestsWaitForHeldContract: a test that reads a contract whose records are not to be
// had is not asked of an empty one. It waits, and what it is about with it.
func TestTestsWaitForHeldContract(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		test, file string
		held       []string
		exit       int
	}{
		"relationship":              {test: "-- test: shop in raw_shops.shop\n", held: []string{"sales 2025-03-02"}, exit: engine.ExitHeld},
		"relationship that warns":   {test: "-- test: shop in raw_shops.shop, warn\n", held: []string{}},
		"data test, false if empty": {file: "-- on: sales\nselect s.shop from sales as s anti join raw_shops as p using (shop)\n", held: []string{"sales 2025-03-02"}, exit: engine.ExitHeld},
		"data test, true if empty":  {file: "-- on: sales\nselect s.shop from sales as s join raw_shops as p using (shop) where p.closed\n", held: []string{"sales 2025-03-02"}, exit: engine.ExitHeld},
		"data test that only warns": {file: "-- on: sales, warn\nselect s.shop from sales as s anti join raw_shops as p using (shop)\n", held: []string{}},
		"data test of the contract": {file: "select s.shop from sales as s anti join raw_shops as p using (shop)\n", held: []string{"sales 2025-03-02"}, exit: engine.ExitHeld},
	} {
		for _, change := range []string{"rewritten", "gone"} {
			t.Run(name+", "+change, func(t *testing.T) {
				t.Parallel()
				files := fstest.MapFS{
					"sql/contracts/raw_shops.sql": {Data: []byte("-- objects: shops/*.csv\ncreate table raw_shops (shop varchar not null, closed boolean not null, primary key (shop));\n")},
					"sql/contracts/raw_sales.sql": {Data: []byte("-- business date: sold_on\n-- objects: sales/*.csv\ncreate table raw_sales (id int not null, sold_on date not null, shop varchar not null, primary key (id));\n")},
					"sql/models/sales.sql":        {Data: []byte("-- grain: id\n" + c.test + "select id, sold_on, shop from raw_sales\n")},
				}
				if c.file != "" {
					files["sql/tests/known_shops.sql"] = &fstest.MapFile{Data: []byte(c.file)}
				}
				b := newBench(t, files)
				const shops = "shop,closed\nnorth,false\nsouth,false\n"
				b.write("shops/a.csv", shops)
				b.write("sales/1.csv", "id,sold_on,shop\n1,2025-03-01,north\n")
				if first := b.run(engine.Selection{}); first.Exit != engine.ExitDone {
					t.Fatalf("exit %d, verdicts %v", first.Exit, first.Verdicts)
				}
				b.settle = time.Hour
				b.writeSettled("sales/2.csv", "id,sold_on,shop\n2,2025-03-02,south\n")
				if change == "gone" {
					b.remove("shops/a.csv")
				} else {
					b.write("shops/a.csv", shops+"east,true\n")
				}
				planned := b.plan(engine.Selection{})
				report := b.run(engine.Selection{})
				if d := cmp.Diff(c.held, heldUnits(report)); d != "" || report.Exit != c.exit {
					t.Fatalf("exit %d, verdicts %v, held (-want +got):\n%s", report.Exit, report.Verdicts, d)
				}
				if len(c.held) > 0 && !strings.Contains(report.Verdicts[0].Reason, "waits: raw_shops whole is held") {
					t.Errorf("it is held: %s", report.Verdicts[0].Reason)
				}
				if c.file == "" && planned.Exit != c.exit {
					t.Errorf("planned %+v", planned.Units)
				}
				for _, r := range report.Tests {
					if r.Unit == job.Unit("2025-03-02") && !strings.HasPrefix(r.Test, "grain") {
						t.Errorf("it was asked: %+v", r)
					}
				}
				b.settle = 0
				b.write("shops/a.csv", shops)
				if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone || len(report.Verdicts) != 0 {
					t.Errorf("when it has come: exit %d, verdicts %v", report.Exit, report.Verdicts)
				}
			})
		}
	}
}
