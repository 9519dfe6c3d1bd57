package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine"
	"ledgermill/engine/job"
)

// rowsOn writes an object of so many records of a date.
func (b *bench) rowsOn(date string, n int) {
	b.t.Helper()
	text := "d,id,n\n"
	for i := range n {
		text += fmt.Sprintf("%s,%s-%d,%d\n", date, date, i, i)
	}
	b.write("a/"+date+".csv", text)
}

// TestVolume holds a unit against the units before it, in whatever batches they are
// made, and tries a refused unit again when these have changed.
func TestVolume(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{1, 30} {
		b := newBench(t, small(map[string]string{"m": "-- grain: id\n-- test: rows within 50 % of last 3 days\nselect d, id, n from raw_a"}))
		b.batchDays = batch
		for day, n := range []int{10, 10, 4, 20, 11} {
			b.rowsOn(fmt.Sprintf("2025-01-%02d", day+1), n)
		}
		report := b.run(engine.Selection{})
		var refused []string
		for _, v := range report.Verdicts {
			refused = append(refused, v.Dataset+" "+v.Unit)
		}
		// Day 3 is refused (4 of 10), so day 4 is held against 10 and refused too, and day 5 fits.
		if got := strings.Join(refused, ", "); got != "m 2025-01-03, m 2025-01-04" || report.Exit != engine.ExitRefused {
			t.Errorf("batches of %d: refused %s, exit %d", batch, got, report.Exit)
		}
		if again := b.run(engine.Selection{}); !strings.Contains(fmt.Sprint(again.Verdicts), "as in run") {
			t.Errorf("a refused unit is made again: %+v", again.Verdicts)
		}
		// Day 3 is corrected to 18: still more than half above 10, and with 14 within.
		b.rowsOn("2025-01-03", 14)
		report = b.run(engine.Selection{})
		if len(report.Verdicts) != 1 || report.Verdicts[0].Unit != "2025-01-04" || strings.Contains(report.Verdicts[0].Reason, "as in run") {
			t.Errorf("after the correction %+v", report.Verdicts) // 20 against 11.3: refused, and found out again
		}
	}
}

// TestFreshness refuses a unit whose newest record is too old for its day.
func TestFreshness(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"sql/contracts/raw_a.sql": {Data: []byte("-- business date: d\n-- objects: a/*.csv\ncreate table raw_a (d date not null, seen timestamp not null);\n")},
		"sql/models/m.sql":        {Data: []byte("-- test: fresh seen within 2 hours\nselect d, seen from raw_a")},
	}
	b := newBench(t, files)
	b.write("a/1.csv", "d,seen\n2025-01-01,2025-01-01 10:00:00\n2025-01-01,2025-01-01 22:00:00\n")
	b.write("a/2.csv", "d,seen\n2025-01-02,2025-01-02 21:59:59\n")
	report := b.run(engine.Selection{})
	if len(report.Verdicts) != 1 || report.Verdicts[0].Unit != "2025-01-02" {
		t.Errorf("refused %+v", report.Verdicts)
	}
	for _, r := range report.Tests {
		if !r.Passed && fmt.Sprint(r.Columns, r.Examples) != "[newest] [[2025-01-02 21:59:59]]" {
			t.Errorf("failing rows %v %v", r.Columns, r.Examples)
		}
	}
}

// TestPublishedTests runs the tests of what is published, and finds them in the history.
func TestPublishedTests(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{
		"m":    "-- grain: id\n-- test: n < 2, warn\n-- test: fresh within 10 days\n-- test: rows within 50 % of last 2 days, warn\n-- test: id in dims.id\nselect d, id, n from raw_a",
		"dims": "-- publish: whole\n-- grain: id\nselect distinct id from raw_a",
	})
	files["sql/tests/odd.sql"] = &fstest.MapFile{Data: []byte("-- on: m, warn, at most 2\nselect id from m where n % 2 = 1\n")}
	files["sql/tests/raw.sql"] = &fstest.MapFile{Data: []byte("-- on: m\nselect id from raw_a where n < 0\n")}
	b := newBench(t, files)
	b.rowsOn("2025-01-01", 3)
	b.rowsOn("2025-01-02", 8)
	b.run(engine.Selection{})
	m := b.open(false)
	found, err := m.TestPublished(t.Context(), engine.Selection{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range found.Results {
		got[r.Dataset+": "+r.Test] = fmt.Sprintf("%s %d %t", r.Unit, r.Failures, r.Passed)
	}
	for name, want := range map[string]string{
		"m: n < 2":                           "2025-01-02 6 false",
		"m: fresh within 10 days":            "2025-01-02 1 false", // it is long ago
		"m: rows within 50 % of last 2 days": "2025-01-02 1 false",
		"m: id in dims.id":                   "2025-01-02 0 true",
		"m: grain id":                        "2025-01-02 0 true",
		"dims: grain id":                     "whole 0 true",
		"m: odd":                             "2025-01-02 4 false",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if len(found.Skipped) != 1 || found.Skipped[0].Test != "raw" {
		t.Errorf("skipped %+v", found.Skipped)
	}
	both, err := m.TestPublished(t.Context(), engine.Selection{From: job.Unit("2025-01-01").Last(), To: job.Unit("2025-01-02").Last(), Datasets: []string{"m"}}, []string{})
	if err != nil || len(both.Results) != 9 {
		t.Errorf("%d results of two dates, %v", len(both.Results), err)
	}
	past, err := m.TestHistory(t.Context(), 5, func(_, test string) bool { return test == "n < 2" })
	if err != nil || len(past) != 1 || past[0].Units != 2 || past[0].Failed != 2 || past[0].Failures != 7 || len(past[0].Results) != 2 || len(past[0].Results[1].Examples) != 6 {
		t.Errorf("history %+v, %v", past, err)
	}
}
