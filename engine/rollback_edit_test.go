package engine_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

var january = engine.Selection{From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 1, 31, 0, 0, 0, 0, time.UTC)}

// rolledBack is the state of a run put back.
func rolledBack(b *bench, run string) (done *engine.Rollback, err error) {
	b.t.Helper()
	m := b.open(true)
	defer func() { err = errors.Join(err, m.Close()) }()
	to, ok := m.State().Run(run)
	if !ok {
		b.t.Fatalf("run %s is not recorded", run)
	}
	return m.Rollback(b.t.Context(), january, to)
}

// TestRollbackBehindEdits puts dates back behind edits of a model, a correction, and runs
// that made everything again: a contract's unit that was settled as an input alone is the
// version that it was.
func TestRollbackBehindEdits(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{"seen": "-- grain: id\n-- preserves: raw_a\nselect d, id, n, 1 as v from raw_a"})
	b := newBench(t, files)
	b.keep = 4
	b.days(2)
	first := b.run(engine.Selection{})
	want := b.lakeRows("seen", []string{"id", "n", "v"})
	replace(t, files, "sql/models/seen.sql", "1 as v", "2 as v")
	second := b.run(engine.Selection{})
	edited := b.lakeRows("seen", []string{"id", "n", "v"})
	b.write("a/late.csv", "d,id,n\n2025-01-01,late,7\n")
	b.run(engine.Selection{})
	b.run(engine.Selection{Full: true})
	files["sql/models/counted.sql"] = &fstest.MapFile{Data: []byte("-- grain: d\nselect d, count(*) as n from seen group by d")}
	last := b.run(engine.Selection{})

	for _, c := range []struct {
		to   string
		want [][]string
	}{{second.Run, edited}, {first.Run, want}} {
		done, err := rolledBack(b, c.to)
		if err != nil {
			t.Fatalf("back to %s: %v", c.to, err)
		}
		if d := cmp.Diff(c.want, b.lakeRows("seen", []string{"id", "n", "v"})); d != "" {
			t.Errorf("back to %s (-want +got):\n%s", c.to, d)
		}
		for _, u := range done.Units {
			if u.Later != (u.Dataset == "counted") || u.Later && u.To != last.Run {
				t.Errorf("%+v", u)
			}
		}
	}
	// What was not there then is held beside what is pinned, and made again with it.
	held := 0
	for _, v := range b.run(engine.Selection{}).Verdicts {
		if v.Dataset == "counted" && v.Kind == ledger.HeldKind {
			held++
		}
	}
	m := b.open(true)
	_, err := m.Release(t.Context(), january)
	if err := errors.Join(err, m.Close()); err != nil || held == 0 {
		t.Fatalf("%v; %d units of counted held", err, held)
	}
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone {
		t.Errorf("after the release: exit %d, %v", report.Exit, report.Verdicts)
	}
	if got := b.lakeRows("counted", []string{"n"}); cmp.Diff([][]string{{"1"}, {"2"}}, got) != "" {
		t.Errorf("counted %v", got)
	}
}

// TestClosedInputStays: a run of later dates alone does not publish other accounts of a
// closed date on the way, which a model of theirs reads.
func TestClosedInputStays(t *testing.T) {
	t.Parallel()
	b := newBench(t, small(map[string]string{"seen": "-- grain: id\n-- reads raw_a: last 2 days\nselect business_date as d, id, n from raw_a, business_day"}))
	b.days(3)
	b.run(engine.Selection{})
	m := b.open(true)
	if err := errors.Join(m.ClosePeriods(t.Context(), []job.Unit{"2025-01-01"}, false, "audited"), m.Close()); err != nil {
		t.Fatal(err)
	}
	before, _ := b.open(false).State().Unit("raw_a", "2025-01-01")
	b.write("a/late.csv", "d,id,n\n2025-01-01,late,7\n")
	day := time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)
	report := b.run(engine.Selection{From: day, To: day})
	after, _ := b.open(false).State().Unit("raw_a", "2025-01-01")
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("the closed unit (-before +after):\n%s", d)
	}
	if report.Exit != engine.ExitHeld || len(report.Verdicts) == 0 {
		t.Errorf("exit %d, verdicts %v; want what reads it held", report.Exit, report.Verdicts)
	}
}

// TestLostInputIsNotRead: a narrowed run makes nothing from a file whose newer version
// was lost.
func TestLostInputIsNotRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, small(map[string]string{
		"seen":  "-- grain: id\nselect d, id, n from raw_a",
		"total": "-- grain: d\nselect d, cast(sum(n) as integer) as n from seen group by d",
	}))
	b.days(1)
	b.run(engine.Selection{})
	b.write("a/late.csv", "d,id,n\n2025-01-01,late,700\n")
	thief := &losing{lose: "seen/year=2025/", times: 99}
	b.wrapLake = func(s lake.Store) lake.Store { thief.Store = s; return thief }
	m := b.open(true)
	_, err := m.Execute(t.Context(), engine.Selection{Datasets: []string{"seen"}})
	var lost *ledger.LostError
	if err := errors.Join(err, m.Close()); !errors.As(err, &lost) {
		t.Fatalf("%v; want a lost upload", err)
	}
	b.wrapLake = nil
	if report := b.run(engine.Selection{Datasets: []string{"total"}}); report.Exit != engine.ExitHeld || !strings.Contains(report.Verdicts[0].Reason, "lost") {
		t.Errorf("exit %d, verdicts %v; want total held", report.Exit, report.Verdicts)
	}
	b.run(engine.Selection{})
	rows := b.lakeRows("seen", []string{"n"})
	if total := b.lakeRows("total", []string{"n"}); len(rows) != 2 || len(total) != 1 || total[0][0] != "701" {
		t.Errorf("%v add up to %v", rows, total)
	}
}
