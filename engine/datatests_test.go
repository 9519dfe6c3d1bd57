package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// carried is a project whose data test holds the date that a record says it was carried
// over from against the business date before.
func carried() fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_accounts.sql": {Data: []byte("-- business date: on_day\n-- objects: accounts/*.csv\ncreate table raw_accounts (id int not null, on_day date not null, carried_from date, primary key (id));\n")},
		"sql/models/accounts.sql":        {Data: []byte("-- grain: id\nselect id, on_day, carried_from from raw_accounts\n")},
		"sql/tests/carried_over.sql": {Data: []byte(`-- on: accounts
select a.id, b.previous_business_date from accounts as a, business_day as b where a.carried_from <> b.previous_business_date
`)},
	}
}

// TestDataTestSeesTheDateBefore: a data test is told the business date before the unit's,
// by a run as by a test of what is published, and is asked again when another one comes.
func TestDataTestSeesTheDateBefore(t *testing.T) {
	t.Parallel()
	files := carried()
	b := newBench(t, files)
	b.write("accounts/1.csv", "id,on_day,carried_from\n1,2025-03-03,2025-02-28\n") // the first: there is none before it
	b.write("accounts/2.csv", "id,on_day,carried_from\n2,2025-03-04,2025-03-03\n")
	b.write("accounts/3.csv", "id,on_day,carried_from\n3,2025-03-06,2025-03-05\n")
	first := b.run(engine.Selection{})
	if first.Exit != engine.ExitRefused || len(first.Verdicts) != 1 || first.Verdicts[0].Unit != "2025-03-06" {
		t.Fatalf("exit %d, verdicts %v; want 2025-03-06 refused", first.Exit, first.Verdicts)
	}
	b.write("accounts/late.csv", "id,on_day,carried_from\n4,2025-03-05,2025-03-04\n")
	if late := b.run(engine.Selection{}); late.Exit != engine.ExitDone || len(late.Verdicts) != 0 {
		t.Errorf("after the day before has come: exit %d, verdicts %v", late.Exit, late.Verdicts)
	}

	replace(t, files, "sql/tests/carried_over.sql", "on: accounts", "on: accounts, warn")
	b.write("accounts/4.csv", "id,on_day,carried_from\n5,2025-03-07,2025-03-05\n")
	b.run(engine.Selection{})
	m := b.open(false)
	found, err := m.TestPublished(t.Context(), engine.Selection{Datasets: []string{"accounts"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := found.Results[len(found.Results)-1]
	if last.Test != "carried_over" || last.Unit != "2025-03-07" || last.Failures != 1 || last.Examples[0][1] != "2025-03-06" {
		t.Errorf("on what is published: %+v, want one row that names 2025-03-06", last)
	}
}

// compared is a project with a data test of sums of all days, by a model that compares
// them with the days.
func compared() fstest.MapFS {
	files := small(map[string]string{
		"m":           "-- grain: id\nselect d, id, n from raw_a",
		"totals":      "-- publish: whole\n-- grain: id\nselect id, cast(sum(n) as bigint) as n from m group by id",
		"differences": "-- publish: whole\nselect t.id, t.n from totals as t join (select id, sum(n) as n from m group by id) as s using (id) where s.n <> t.n",
	})
	files["sql/tests/totals_add_up.sql"] = &fstest.MapFile{Data: []byte("-- on: totals\nselect * from differences\n")}
	return files
}

// TestDataTestOfWhatSumsUpDays: a data test of days and of what sums them up is refused
// when the project is loaded, since it would hold each new day. The way out that the
// refusal names holds the sums alone.
func TestDataTestOfWhatSumsUpDays(t *testing.T) {
	t.Parallel()
	files := compared()
	files["sql/tests/mixed.sql"] = &fstest.MapFile{Data: []byte("select t.id from m join totals as t using (id) where m.n > t.n\n")}
	b := newBench(t, files)
	if _, err := b.project(); err == nil || !strings.Contains(err.Error(), "sql/tests/mixed.sql:1:25: totals is whole") {
		t.Fatalf("error %v", err)
	}
	delete(files, "sql/tests/mixed.sql")
	b.days(2)
	if first := b.run(engine.Selection{}); first.Exit != engine.ExitDone || len(first.Verdicts) != 0 {
		t.Fatalf("exit %d, verdicts %v", first.Exit, first.Verdicts)
	}
	replace(t, files, "sql/models/totals.sql", "sum(n) as bigint)", "sum(n) as bigint) + 1")
	b.write("a/3.csv", "d,id,n\n2025-01-03,x3,1\n")
	wrong := b.run(engine.Selection{})
	if d := cmp.Diff([]string{"differences whole", "totals whole"}, heldUnits(wrong)); d != "" || wrong.Exit != engine.ExitRefused {
		t.Errorf("exit %d, held (-want +got):\n%s", wrong.Exit, d)
	}
	if got := len(b.lakeRows("m", []string{"id"})); got != 3 {
		t.Errorf("%d rows are published of the days, want 3", got)
	}
	replace(t, files, "sql/models/totals.sql", ") + 1", ")")
	if right := b.run(engine.Selection{}); right.Exit != engine.ExitDone || len(right.Verdicts) != 0 {
		t.Errorf("corrected: exit %d, verdicts %v", right.Exit, right.Verdicts)
	}
}

// TestDataTestAwaitsLaterStage: a data test that reads a day and what is made of it in a
// later stage of the run is not asked before that is made.
func TestDataTestAwaitsLaterStage(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{
		"m":     "-- grain: id\nselect d, id, n from raw_a",
		"known": "-- publish: whole\n-- grain: id\nselect distinct id from m",
		"late":  "-- grain: id\n-- test: id in known.id\nselect d, id, n from m",
	})
	files["sql/tests/same.sql"] = &fstest.MapFile{Data: []byte("-- on: late\nselect m.id from m join late as l using (id) where m.n <> l.n\n")}
	b := newBench(t, files)
	b.days(2)
	b.run(engine.Selection{})
	b.write("a/1.csv", "d,id,n\n2025-01-01,x1,7\n")
	report := b.run(engine.Selection{})
	asked := 0
	for _, r := range report.Tests {
		if r.Test == "same" {
			asked++
			if !r.Passed {
				t.Errorf("it was asked of what is not made again yet: %+v", r)
			}
		}
	}
	if asked != 1 || report.Exit != engine.ExitDone {
		t.Errorf("exit %d, asked %d times", report.Exit, asked)
	}
}

// TestDataTestWaitsForHeldModel: a data test that reads a unit of which one model is
// refused is not skipped. What it is about waits until it can be asked.
func TestDataTestWaitsForHeldModel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on   string
		held []string
		exit int
	}{
		"of both":          {held: []string{"m 2025-01-01", "other 2025-01-01"}, exit: engine.ExitRefused},
		"of the other one": {on: "-- on: m\n", held: []string{"m 2025-01-01", "other 2025-01-01"}, exit: engine.ExitRefused},
		"of the refused":   {on: "-- on: other\n", held: []string{"other 2025-01-01"}, exit: engine.ExitRefused},
		"warns":            {on: "-- on: m, warn\n", held: []string{"other 2025-01-01"}, exit: engine.ExitRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := small(map[string]string{
				"m":     "-- grain: id\nselect d, id, n from raw_a",
				"other": "-- grain: id\n-- test: n < 100\nselect d, id, n from raw_a",
			})
			files["sql/tests/same.sql"] = &fstest.MapFile{Data: []byte(c.on + "select m.id from m join other as o using (id) where m.n <> o.n\n")}
			b := newBench(t, files)
			b.days(2)
			b.run(engine.Selection{})
			b.write("a/1.csv", "d,id,n\n2025-01-01,x1,700\n")
			report := b.run(engine.Selection{})
			if d := cmp.Diff(c.held, heldUnits(report)); d != "" || report.Exit != c.exit {
				t.Fatalf("exit %d, verdicts %v, held (-want +got):\n%s", report.Exit, report.Verdicts, d)
			}
			for _, v := range report.Verdicts {
				if v.Dataset == "m" && !strings.Contains(v.Reason, "sql/tests/same.sql: data test same waits: other 2025-01-01 is refused") {
					t.Errorf("it is held: %s", v.Reason)
				}
			}
			b.write("a/1.csv", "d,id,n\n2025-01-01,x1,7\n")
			if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone || len(report.Verdicts) != 0 {
				t.Errorf("corrected: exit %d, verdicts %v", report.Exit, report.Verdicts)
			}
		})
	}
}
