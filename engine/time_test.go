package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// eventsProject has instants with an offset, and the business date that the sender's
// own clock shows: its contract's rule.
func eventsProject() fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_events.sql": {Data: []byte(`-- about: events with the offset of their place
-- business date: local_date
-- read local_date: substr(seen_at, 1, 10)
-- format seen_at: %Y-%m-%dT%H:%M:%S%z
-- objects: *.csv
create table raw_events (id varchar not null, seen_at timestamp not null, local_date date not null);
`)},
		"sql/models/events.sql": {Data: []byte("select local_date, id, seen_at from raw_events\n")},
	}
}

// events publishes instants and returns unit, id and stored time of each, and the
// reasons of the others.
func events(t *testing.T, instants ...string) (published []string, rejected map[string]int64) {
	t.Helper()
	b := newBench(t, eventsProject())
	text := "id,seen_at\n"
	for i, instant := range instants {
		text += fmt.Sprintf("%d,%s\n", i+1, instant)
	}
	b.write("a.csv", text)
	account := accountOf(t, b.run(engine.Selection{}), "raw_events")
	for _, row := range lakeRows(t, b, "select local_date, id, seen_at from events order by cast(id as integer)") {
		published = append(published, strings.Join(row, " "))
	}
	state := b.open(false).State()
	for _, row := range published {
		if _, ok := state.Unit("events", row[:len("2025-01-31")]); !ok {
			t.Errorf("no unit for %s", row)
		}
	}
	return published, rejectedRecords(account)
}

func same(t *testing.T, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("published (-want +got):\n%s", d)
	}
}

// TestSummerTime: the hour that Paris lacks in March and has twice in October. What
// has an offset is one instant; the date is that of the local clock.
func TestSummerTime(t *testing.T) {
	t.Parallel()
	got, rejected := events(t,
		"2024-03-31T01:59:59+0100", "2024-03-31T03:00:00+0200", // one second apart
		"2024-03-31T02:30:00+0100",                             // no clock in Paris shows it, and it is an instant
		"2024-10-27T02:30:00+0200", "2024-10-27T02:30:00+0100", // the same time of day, an hour apart
		"2024-10-27T00:30:00+0200", "2024-10-28T00:30:00+0100", // UTC is still the day before
		"2024-03-31T02:30:00", // without an offset nothing can be told
	)
	same(t, []string{
		"2024-03-31 1 2024-03-31 00:59:59", "2024-03-31 2 2024-03-31 01:00:00", "2024-03-31 3 2024-03-31 01:30:00",
		"2024-10-27 4 2024-10-27 00:30:00", "2024-10-27 5 2024-10-27 01:30:00",
		"2024-10-27 6 2024-10-26 22:30:00", "2024-10-28 7 2024-10-27 23:30:00",
	}, got)
	if d := cmp.Diff(map[string]int64{"seen_at_type": 1}, rejected); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
}

func TestLeapDay(t *testing.T) {
	t.Parallel()
	got, rejected := events(t, "2024-02-29T12:00:00Z", "2000-02-29T12:00:00Z", "2023-02-29T12:00:00Z", "2100-02-29T12:00:00Z", "2024-02-30T12:00:00Z", "2024-02-29T23:30:00-02:00", "2024-03-01T00:30:00+02:00")
	same(t, []string{"2024-02-29 1 2024-02-29 12:00:00", "2000-02-29 2 2000-02-29 12:00:00", "2024-02-29 6 2024-03-01 01:30:00", "2024-03-01 7 2024-02-29 22:30:00"}, got)
	if d := cmp.Diff(map[string]int64{"seen_at_type": 3}, rejected); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
}

func TestYearEnd(t *testing.T) {
	t.Parallel()
	got, rejected := events(t, "2024-12-31T23:59:59+0000", "2024-12-31T23:30:00-0100", "2025-01-01T00:30:00+0100", "2025-01-01T00:00:00Z", "2024-12-31T23:59:60Z", "2024-12-31T24:00:00Z")
	same(t, []string{"2024-12-31 1 2024-12-31 23:59:59", "2024-12-31 2 2025-01-01 00:30:00", "2025-01-01 3 2024-12-31 23:30:00", "2025-01-01 4 2025-01-01 00:00:00"}, got)
	if d := cmp.Diff(map[string]int64{"seen_at_type": 2}, rejected); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
}

func TestFarDates(t *testing.T) {
	t.Parallel()
	got, rejected := events(t, "0001-01-01T00:00:00Z", "1582-10-10T00:00:00Z", "1899-12-31T23:59:59Z", "9999-12-31T00:00:00Z",
		"0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "99999-01-01T00:00:00Z")
	same(t, []string{"0001-01-01 1 0001-01-01 00:00:00", "1582-10-10 2 1582-10-10 00:00:00", "1899-12-31 3 1899-12-31 23:59:59", "9999-12-31 4 9999-12-31 00:00:00"}, got)
	if n := sumOfValues(rejected); n != 4 {
		t.Errorf("rejected %v", rejected)
	}
}

// TestOffsets: an instant is stored in UTC however its place writes it.
func TestOffsets(t *testing.T) {
	t.Parallel()
	got, rejected := events(t, "2025-06-15T12:00:00Z", "2025-06-15T17:45:00+05:45", "2025-06-15T12:00:00+00:00", "2025-06-16T02:00:00+14:00", "2025-06-15T00:00:00-12:00",
		"2025-06-15T14:00:00+02", "2025-06-15T12:00:00+25:00", "2025-06-15T12:00:00 CET", "2025-06-15T12:00:00+2:00")
	same(t, []string{"2025-06-15 1 2025-06-15 12:00:00", "2025-06-15 2 2025-06-15 12:00:00", "2025-06-15 3 2025-06-15 12:00:00", "2025-06-16 4 2025-06-15 12:00:00",
		"2025-06-15 5 2025-06-15 12:00:00", "2025-06-15 6 2025-06-15 12:00:00"}, got)
	if d := cmp.Diff(map[string]int64{"seen_at_type": 3}, rejected); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
}

// TestClockJumpsBack: what a run makes does not depend on its clock, nor does a later
// run whose clock is behind.
func TestClockJumpsBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, eventsProject())
	b.write("a.csv", "id,seen_at\n1,2025-01-31T12:00:00Z\n")
	clock := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	b.now = func() time.Time { return clock }
	b.run(engine.Selection{})
	clock = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	if again := b.run(engine.Selection{}); !again.NothingToDo() {
		t.Errorf("with a clock behind: %v", again.Units)
	}
	b.write("b.csv", "id,seen_at\n2,2025-02-01T12:00:00Z\n")
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone || len(madeUnits(report, "events")) != 1 {
		t.Errorf("exit %d, made %v", report.Exit, report.Units)
	}
	_, root := b.stores()
	if found, err := ledger.Verify(t.Context(), root); err != nil || len(found.Faults) > 0 {
		t.Errorf("the ledger: %+v, %v", found, err)
	}
}
