package standing_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"ledgermill/engine/ledger"
	"ledgermill/engine/standing"
)

// night is the last date of the states.
var night = time.Date(2025, 3, 28, 0, 0, 0, 0, time.UTC)

// weeksOf is a state with a feed's dates of the last weeks, each with figures of its own.
func weeksOf(dates int, figures func(back int) (read, rejected int64, sum string)) *ledger.State {
	s := ledger.NewState("bank")
	units := map[string]ledger.UnitRecord{}
	for back := range dates {
		read, rejected, sum := figures(back)
		groups := []ledger.Group{{By: []string{"north"}, Records: read - rejected, Sums: []decimal.Decimal{decimal.RequireFromString(sum)}}}
		cell := ledger.Cell{Object: "o", Read: ledger.Tally{Records: read}, Accepted: ledger.Tally{Records: read - rejected, Groups: groups},
			Rejected: map[string]ledger.Tally{"fee_type": {Records: rejected}}}
		unit := night.AddDate(0, 0, -back).Format(time.DateOnly)
		units[unit] = ledger.UnitRecord{Dataset: "raw_loans", Unit: unit, Cells: []ledger.Cell{cell}, At: night.AddDate(0, 0, 1-back), Run: fmt.Sprint("run", back)}
	}
	s.Units["raw_loans"] = units
	s.Runs = []ledger.RunSummary{{Run: "a", Command: "run", Account: []ledger.Account{{Feed: "raw_loans", By: []string{"sum(fee)"}}}}}
	return s
}

// TestUnusual tells figures that lie far off from such as vary as they always have.
func TestUnusual(t *testing.T) {
	t.Parallel()
	usual := func(back int) (int64, int64, string) {
		return 1000 + int64(back%5)*10, int64(5 + back%3), fmt.Sprintf("%d.50", 5000+back%7)
	}
	for name, c := range map[string]struct {
		dates   int
		figures func(back int) (int64, int64, string)
		want    []string
	}{
		"as always": {60, usual, nil},
		"few weeks": {27, func(back int) (int64, int64, string) { r, j, s := usual(back); return r * int64(9-min(back, 8)), j, s }, nil},
		"twice":     {60, func(back int) (int64, int64, string) { r, j, s := usual(back); return r * int64(2-min(back, 1)), j, s }, []string{"records"}},
		"rejects": {60, func(back int) (int64, int64, string) {
			r, j, s := usual(back)
			return r, j + 50*int64(1-min(back, 1)), s
		}, []string{"rejected %"}},
		"other sum": {60, func(back int) (int64, int64, string) {
			r, j, s := usual(back)
			return r, j, s[:4-min(1, max(0, 1-back))]
		}, []string{"sum(fee) north"}},
		"one bad week": {60, func(back int) (int64, int64, string) { r, j, s := usual(back); return r * int64(1+back/7%8/7*40), j, s }, nil},
		"weekends": {60, func(back int) (int64, int64, string) { // a Friday among Saturdays is nothing
			_, j, s := usual(back)
			return []int64{1000, 900, 800, 700, 600, 10, 5}[back%7], j * 0, s
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, n := range standing.Unusual(weeksOf(c.dates, c.figures)) {
				if n.About != "raw_loans" || n.Unit != "2025-03-28" || n.Of < 4 {
					t.Errorf("%+v", n)
				}
				got = append(got, n.What)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("noted %v, want %v", got, c.want)
			}
		})
	}
}

// TestUnusualAfterZeros: what was always the same has no deviation, and yet the score is
// a number that JSON can say.
func TestUnusualAfterZeros(t *testing.T) {
	t.Parallel()
	notes := standing.Unusual(weeksOf(60, func(back int) (int64, int64, string) {
		return 1000, 0, []string{"-12.50", "0"}[min(back, 1)]
	}))
	if len(notes) != 1 || notes[0].What != "sum(fee) north" || notes[0].Score != -1e6 {
		t.Errorf("%+v", notes)
	}
	if _, err := json.Marshal(notes); err != nil {
		t.Error(err)
	}
}

// TestUnusualRun compares durations, of runs that made something.
func TestUnusualRun(t *testing.T) {
	t.Parallel()
	s := ledger.NewState("bank")
	add := func(back int, seconds float64, units int) {
		start := night.AddDate(0, 0, -back).Add(3 * time.Hour)
		s.Runs = append(s.Runs, ledger.RunSummary{Run: fmt.Sprint("r", back), Command: "run", Started: start,
			Finished: start.Add(time.Duration(seconds * float64(time.Second))), Units: units})
	}
	for week := 8; week >= 1; week-- {
		add(7*week, 300+float64(week), 90)
		add(7*week-1, 3000, 90) // another weekday
		add(7*week, 1, 0)       // nothing to do
	}
	add(0, 320, 90)
	if notes := standing.Unusual(s); notes != nil {
		t.Errorf("%v", notes)
	}
	add(0, 900, 90)
	notes := standing.Unusual(s)
	if len(notes) != 1 || notes[0].Value != 900 || notes[0].String() != "run r0: seconds is 900, usually 304.50 on this weekday (8 weeks)" {
		t.Errorf("%v", notes)
	}
}

// TestTonight tells a late run from one in time.
func TestTonight(t *testing.T) {
	t.Parallel()
	at := func(day, hour int) time.Time { return time.Date(2025, 3, day, hour, 0, 0, 0, time.UTC) }
	s := ledger.NewState("bank")
	for _, r := range []struct{ day, hour, exit int }{{26, 4, 0}, {27, 4, 7}, {28, 4, 1}} {
		s.Runs = append(s.Runs, ledger.RunSummary{Run: "x", Finished: at(r.day, r.hour), Exit: r.exit})
	}
	six := 6 * time.Hour
	for _, c := range []struct {
		now      time.Time
		deadline time.Time
		late     bool
	}{
		{at(27, 5), at(26, 6), false},
		{at(27, 7), at(27, 6), false},
		{at(28, 5), at(27, 6), false},
		{at(28, 7), at(28, 6), true},
	} {
		n := standing.Tonight(s, nil, six, c.now)
		if !n.Deadline.Equal(c.deadline) || n.Late != c.late || !n.Success.Equal(at(27, 4)) || n.Last.Exit != 1 {
			t.Errorf("at %s: %+v, want %+v", c.now, n, c)
		}
	}
	s.Runs = append(s.Runs, ledger.RunSummary{Run: "by hand", Finished: at(28, 6), ByHand: true})
	if n := standing.Tonight(s, nil, six, at(28, 7)); !n.Late || n.Last.Exit != 1 || !n.Success.Equal(at(27, 4)) {
		t.Errorf("a closing is no night: %+v", n)
	}
	if n := standing.Tonight(s, nil, -1, at(28, 7)); n.Late || !n.Deadline.IsZero() {
		t.Errorf("without a deadline: %+v", n)
	}
	if n := standing.Tonight(ledger.NewState("bank"), nil, six, at(28, 7)); !n.Late || n.Last != nil {
		t.Errorf("without a run: %+v", n)
	}
}

// TestTonightIdle counts a run that found nothing to do as one in time, unless a recorded
// one came later, or it met what it cannot make.
func TestTonightIdle(t *testing.T) {
	t.Parallel()
	at := func(day, hour int) time.Time { return time.Date(2025, 3, day, hour, 0, 0, 0, time.UTC) }
	s := ledger.NewState("bank")
	s.Runs = []ledger.RunSummary{{Run: "made", Finished: at(26, 4), Exit: 0}}
	for name, c := range map[string]struct {
		idle *ledger.RunSummary
		last string
		late bool
	}{
		"none":       {nil, "made", true},
		"last night": {&ledger.RunSummary{Run: "idle", Finished: at(28, 4)}, "idle", false},
		"refused":    {&ledger.RunSummary{Run: "idle", Finished: at(28, 4), Exit: 3}, "idle", true},
		"long ago":   {&ledger.RunSummary{Run: "idle", Finished: at(25, 4)}, "made", true},
	} {
		n := standing.Tonight(s, c.idle, 6*time.Hour, at(28, 7))
		if n.Last.Run != c.last || n.Late != c.late || n.Idle != (c.last == "idle") {
			t.Errorf("%s: %+v, want %+v", name, n, c)
		}
	}
	if n := standing.Tonight(ledger.NewState("bank"), &ledger.RunSummary{Finished: at(28, 4)}, 6*time.Hour, at(28, 7)); n.Late || !n.Success.Equal(at(28, 4)) {
		t.Errorf("no run is recorded: %+v", n)
	}
}

// TestDatasets adds up what is published, what waits and what is stuck.
func TestDatasets(t *testing.T) {
	t.Parallel()
	s := weeksOf(2, func(int) (int64, int64, string) { return 10, 2, "1" })
	one := s.Units["raw_loans"]["2025-03-28"]
	one.Closes = []string{"id1"}
	s.Units["raw_loans"]["2025-03-28"] = one
	s.Units["loans"] = map[string]ledger.UnitRecord{"2025-03-28": {Dataset: "loans", Unit: "2025-03-28", Key: "k", Size: 100, Rows: 8, At: night, Run: "r"},
		"2025-03-27": {Dataset: "loans", Unit: "2025-03-27", Key: "k2", Size: 50, Rows: 7, At: night.AddDate(0, 0, -1), Lost: true}}
	s.Verdicts["sums"] = map[string]ledger.Verdict{"2025-03-28": {Kind: ledger.RefusedKind, Reason: "a test failed"}}
	s.Objects["raw_loans"] = map[string]ledger.ObjectRecord{
		"a": {Key: "a", Cells: []ledger.Cell{{Unit: ledger.NoDate, Rejected: map[string]ledger.Tally{"day_type": {Records: 3}}}, {Unit: "2025-03-28", Rejected: map[string]ledger.Tally{"fee_type": {Records: 99}}}}},
		"b": {Key: "b", Refused: &ledger.Refusal{}, Cells: []ledger.Cell{{Unit: ledger.NoDate, Rejected: map[string]ledger.Tally{"day_type": {Records: 50}}}}},
	}
	all := standing.Datasets(s)
	if len(all) != 3 || all[0].Name != "loans" || all[0].Bytes != 150 || all[0].Rows != 15 || all[0].Objects != 2 || all[0].Stuck != 1 || all[0].Run != "r" ||
		!all[0].Newest.Equal(night) || all[1].Rows != 16 || all[2].Stuck != 1 || all[2].Why != "2025-03-28 refused: a test failed" {
		t.Errorf("%+v", all)
	}
	rejects := standing.RejectsOf(s)
	if len(rejects) != 1 || rejects[0].Records != 7 || rejects[0].Closed != 1 || rejects[0].Waiting() != 6 || rejects[0].ByReason["day_type"] != 3 || rejects[0].ByReason["fee_type"] != 4 {
		t.Errorf("%+v", rejects)
	}
}
