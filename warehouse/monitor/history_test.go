package monitor_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
	"ledgermill/warehouse/monitor"
)

// TestHistory keeps samples of some days and looks at them again.
func TestHistory(t *testing.T) {
	t.Parallel()
	url := config.Secret(migrated(t))
	s := fixedSample(t)
	keep := func(at time.Time) {
		t.Helper()
		for i := range s.Views {
			for j := range s.Views[i].Panels {
				s.Views[i].Panels[j].At = at
			}
		}
		s.At = at
		if err := monitor.Record(t.Context(), url, s, time.Time{}, 7); err != nil {
			t.Fatal(err)
		}
	}
	for _, day := range []int{1, 2, 9, 10} {
		keep(time.Date(2025, 2, day, 3, 0, 0, 0, time.UTC))
	}
	keep(time.Date(2025, 2, 10, 3, 1, 0, 0, time.UTC))
	if got := days(t, url.Reveal()); !slices.Equal(got, []string{"samples_20250209", "samples_20250210"}) {
		t.Errorf("partitions %v", got)
	}
	kept, err := monitor.At(t.Context(), url, theViews(t), time.Date(2025, 2, 10, 3, 0, 30, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	// What is printed of it is what was printed then, but for reasons of single figures,
	// which stand in the views.
	for i, v := range kept.Views {
		if v.Name == "overview" || v.Name == "batch" {
			continue
		}
		if diff := cmp.Diff(lines(s.Views[i]), lines(v)); diff != "" {
			t.Errorf("%s (-seen +kept):\n%s", v.Name, diff)
		}
	}
	if v, _ := kept.View("overview"); !v.Panels[0].At.Equal(time.Date(2025, 2, 10, 3, 0, 0, 0, time.UTC)) {
		t.Errorf("seen at %s", v.Panels[0].At)
	}
	later, err := monitor.At(t.Context(), url, theViews(t), time.Date(2025, 2, 12, 0, 0, 0, 0, time.UTC))
	b := &bytes.Buffer{}
	if err == nil {
		err = later.Text(b, 80)
	}
	if err != nil || !strings.Contains(b.String(), "server n/a: nothing was kept in the hour before") {
		t.Errorf("%v\n%s", err, b)
	}
	// Only what was asked since the last time.
	if err := monitor.Record(t.Context(), url, s, s.At.Add(time.Second), 7); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	var samples, figures int
	err = conn.QueryRow(t.Context(), `select (select count(distinct at) from monitor.samples),
		(select count(*) from monitor.figures where panel = 'databases' and (row ->> 'commits_per_second')::numeric > 200)`).Scan(&samples, &figures)
	if err != nil || samples != 3 || figures != 3 {
		t.Errorf("%d samples, %d figures, %v", samples, figures, err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := monitor.Record(t.Context(), "postgres://u:hunter2@127.0.0.1:1/x", s, time.Time{}, 7); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// TestKeptOnce keeps samples of which one panel is asked each time and one seldom: what
// came of a panel is kept once. A look over midnight is kept whole.
func TestKeptOnce(t *testing.T) {
	t.Parallel()
	url := config.Secret(migrated(t))
	views := readViews(t, map[string]string{"01_a.sql": "-- about: two panels\n\n-- panel: seldom\n-- source: one\n-- key: a\n-- every: 10min\n\n-- panel: often\n-- source: one\n-- key: a\n"})
	now := time.Date(2025, 2, 1, 23, 59, 59, 0, time.UTC)
	c := monitor.New(monitor.Options{Views: views, Sources: map[string]monitor.Source{"one": monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
		return monitor.NewTable("a"), nil
	})}, Now: func() time.Time {
		now = now.Add(200 * time.Millisecond)
		return now
	}})
	var since time.Time
	for range 3 {
		s := c.Sample(t.Context())
		if err := monitor.Record(t.Context(), url, s, since, 7); err != nil {
			t.Fatal(err)
		}
		since = s.Latest()
		now = now.Add(time.Minute)
	}
	conn, err := pgx.Connect(t.Context(), url.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), "select panel || ' ' || to_char(at at time zone 'UTC', 'DD HH24:MI') from monitor.samples order by 1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if want := []string{"often 02 00:00", "often 02 00:01", "often 02 00:02", "seldom 01 23:59"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestRecordWaitsShortly keeps a sample while somebody reads what was kept: it gives up,
// those behind it do not wait, and later it is kept.
func TestRecordWaitsShortly(t *testing.T) {
	t.Parallel()
	url := config.Secret(migrated(t))
	reader, err := pgx.Connect(t.Context(), url.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close(context.Background()) }()
	for _, statement := range []string{"begin", "lock table monitor.samples in access share mode"} {
		if _, err := reader.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s := fixedSample(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := monitor.Record(ctx, url, s, time.Time{}, 7); err == nil || !strings.Contains(err.Error(), "lock timeout") {
		t.Fatalf("while somebody reads: %v", err)
	}
	if _, err := reader.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	if err := monitor.Record(ctx, url, s, time.Time{}, 7); err != nil {
		t.Error(err)
	}
}

func lines(v monitor.ViewSample) []string {
	var texts []string
	for _, l := range v.Lines(200) {
		texts = append(texts, l.Text)
	}
	return texts
}

func days(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), "select relname::text from pg_partition_tree('monitor.samples') t join pg_class c on c.oid = t.relid where isleaf order by 1")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}
