package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine"
	"ledgermill/warehouse/monitor/prometheustest"
	"ledgermill/warehouse/warehousetest"
)

var monitorRows = flag.Int("monitor.rows", 200_000, "records of the run that TestMonitorBeside looks at; from five million on its cost is judged")

// judgedRows are so many that a run takes minutes: what a monitor costs in one of
// seconds is chance.
const judgedRows = 5_000_000

// TestMonitorBeside runs a bank of ten days while monitors look at it: one is served,
// read by a page and scraped as by Prometheus, one is on a terminal. What they count
// never goes back, never exceeds the accounts of the run and ends at them; they hold no
// transaction open, and cost less than a hundredth of a core.
func TestMonitorBeside(t *testing.T) {
	t.Parallel()
	if !warehousetest.Long() && *monitorRows < judgedRows {
		t.Skip("set " + warehousetest.LongVariable)
	}
	interval, scrapes := 250*time.Millisecond, time.Second
	if *monitorRows >= judgedRows {
		interval, scrapes = 2*time.Second, 15*time.Second // as they are by default
	}
	own := warehousetest.Own(t, map[string]string{"shared_preload_libraries": "pg_stat_statements", "shared_buffers": "256MB", "max_wal_size": "2GB"})
	const days = 10
	b := newBeside(t, own.URL, *monitorRows/days, days)
	b.execute("create extension pg_stat_statements")
	served, screen := b.serve(interval), b.watch(interval, "batch")
	seen := &seeing{T: t, views: map[string][]look{}}
	if err := seen.scrape(served); err != nil { // each panel has been asked once before it counts
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), b.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	told := &sessions{first: map[int]time.Duration{}, last: map[int]time.Duration{}}
	done := make(chan struct{})
	var all sync.WaitGroup
	for _, view := range []string{"batch", "progress"} {
		every(interval, done, &all, func() { seen.look(served, view) })
	}
	every(scrapes, done, &all, func() {
		if err := seen.scrape(served); err != nil {
			t.Error(err)
		}
	})
	every(50*time.Millisecond, done, &all, func() {
		if err := told.poll(t.Context(), conn, b.login); err != nil {
			t.Error(err)
		}
	})
	began := time.Now()
	before := map[*watching]time.Duration{served: cpuOf(served.cmd.Process.Pid), screen: cpuOf(screen.cmd.Process.Pid)}
	report := b.night()
	took := time.Since(began)
	cost := map[*watching]time.Duration{}
	for w, was := range before {
		cost[w] = cpuOf(w.cmd.Process.Pid) - was
	}
	close(done)
	all.Wait()
	seen.end(served, report.Run)
	share := func(cpu, wall time.Duration) float64 { return 100 * cpu.Seconds() / wall.Seconds() }
	servedAll, servedWall := served.end()
	screenAll, screenWall := screen.end()
	t.Logf("a run of %d records in %.0f s (load %.0f s), %d looks and %d scrapes, %d polls of sessions", report.Read.Records, took.Seconds(), report.Steps["load"],
		len(seen.views["batch"])+len(seen.views["progress"]), seen.scrapes, told.polls)
	t.Logf("of a core during the run: served %.2f %%, on the terminal %.2f %%, the server's processes for both %.2f %%; from their start to their end: served %.2f s, on the terminal %.2f s",
		share(cost[served], took), share(cost[screen], took), share(told.cpu(), took), servedAll.Seconds(), screenAll.Seconds())
	t.Logf("sessions: %d at most, idle in a transaction %d times, the oldest transaction %s", told.most, told.open, told.oldest.Round(time.Millisecond))
	seen.agree(report)
	if told.open > 0 || told.oldest > 20*time.Second || told.most == 0 {
		t.Errorf("%+v", told)
	}
	if text := screen.shown.String(); !strings.Contains(text, "run at work") || !strings.Contains(text, "rows/s") && !strings.Contains(text, "models") || strings.Contains(text, "panic") {
		t.Errorf("the terminal shows\n%.4000s", text)
	}
	const most = 1 // per cent
	if *monitorRows >= judgedRows {
		for name, percent := range map[string]float64{"served": share(servedAll, servedWall), "on the terminal": share(screenAll, screenWall), "the server's processes": share(told.cpu(), took)} {
			if percent >= most {
				t.Errorf("%s: %.2f %% of a core", name, percent)
			}
		}
	}
}

// seeing are the looks at a run, by view, in order.
type seeing struct {
	*testing.T
	views   map[string][]look
	scrapes int
	mu      sync.Mutex
}

func (s *seeing) look(w *watching, view string) {
	found, err := w.see(s.Context(), view)
	if err != nil {
		s.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views[view] = append(s.views[view], found)
}

func (s *seeing) scrape(w *watching) error {
	s.scrapes++
	return w.scrape()
}

// end looks until the accounts are those of the run.
func (s *seeing) end(w *watching, run string) {
	s.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		s.look(w, "batch")
		last := s.last()
		if rows := last["accounts"]; len(rows) > 0 && rows[0]["run"] == run {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("the accounts stay %v", last["accounts"])
		}
	}
}

func (s *seeing) last() look { return s.views["batch"][len(s.views["batch"])-1] }

// agree compares all looks with what the run reports.
func (s *seeing) agree(report engine.Report) {
	s.Helper()
	limits := map[string]int64{"read": report.Read.Records, "load": report.Load.Rows}
	var largest int64
	for _, u := range report.Units {
		if largest = max(largest, u.Rows); !strings.HasPrefix(u.Dataset, "raw_") {
			limits["models"] += u.Rows
		}
	}
	ends := s.stages(limits)
	for _, stage := range []string{"read", "models"} { // the last one ends with the run's file
		if ends[stage] != limits[stage] {
			s.Errorf("%s ends at %d rows, the run has %d", stage, ends[stage], limits[stage])
		}
	}
	for _, one := range s.views["progress"] {
		for _, row := range one["copy"] {
			if rows := number(row, "rows"); rows > largest {
				s.Errorf("a COPY of %d rows, and the largest part has %d", rows, largest)
			}
		}
	}
	s.loads(report.Load.Rows)
	want := map[string][4]int64{}
	for _, a := range report.Accounts {
		want[a.Feed] = [4]int64{a.Cell.Read.Records, a.Cell.Accepted.Records, a.Cell.Duplicate.Records, a.Cell.RejectedTotal().Records}
	}
	for _, row := range s.last()["accounts"] {
		feed, _ := row["feed"].(string)
		if got := [4]int64{number(row, "read"), number(row, "accepted"), number(row, "duplicate"), number(row, "rejected")}; got != want[feed] {
			s.Errorf("accounts of %s: %v, the run has %v", feed, got, want[feed])
		}
		delete(want, feed)
	}
	if len(want) > 0 {
		s.Errorf("no accounts of %v", slices.Collect(maps.Keys(want)))
	}
}

// stages follows the counters of the stages, which are on two views, and returns the
// last rows of each.
func (s *seeing) stages(limits map[string]int64) map[string]int64 {
	ends := map[string]int64{}
	for view, panel := range map[string]string{"batch": "run", "progress": "loader"} {
		was := map[string]map[string]any{}
		for _, one := range s.views[view] {
			for _, row := range one[panel] {
				stage, _ := row["stage"].(string)
				for _, column := range []string{"done", "rows", "bytes", "seconds"} {
					if before := number(was[stage], column); number(row, column) < before {
						s.Errorf("%s: %s of %s goes back from %d to %d", view, column, stage, before, number(row, column))
					}
				}
				if rows := number(row, "rows"); rows > limits[stage] || number(row, "done") > number(row, "total") {
					s.Errorf("%s: %s is at %v, and the run has %d rows", view, stage, row, limits[stage])
				}
				was[stage] = row
				ends[stage] = max(ends[stage], number(row, "rows"))
			}
		}
		s.Logf("%s: looks with the run at work %d, last rows by stage %v", view, len(s.views[view]), ends)
	}
	return ends
}

// loads follows what the warehouse says of its tables.
func (s *seeing) loads(rows int64) {
	was := map[string]int64{}
	for _, one := range s.views["batch"] {
		var sum int64
		for _, row := range one["loads"] {
			table, _ := row["table"].(string)
			if number(row, "rows") < was[table] {
				s.Errorf("%s goes back from %d to %d rows", table, was[table], number(row, "rows"))
			}
			was[table] = number(row, "rows")
			sum += was[table]
		}
		if sum > rows {
			s.Errorf("%d rows are loaded, and the run has %d", sum, rows)
		}
	}
	var sum int64
	for _, n := range was {
		sum += n
	}
	if sum != rows {
		s.Errorf("%d rows are loaded in the end (%v), the run has %d", sum, was, rows)
	}
}

// none are the metrics that a run such as that of TestPrometheusBeside has no series of,
// each with its reason.
func none() map[string]string {
	return map[string]string{
		"pg_replication_lag_seconds":               "the server is no replica",
		"ledgermill_anomaly_score":                 "nothing is unusual: there are no weeks before",
		"pg_stat_bgwriter_checkpoints_timed_total": "servers before PostgreSQL 17 have it",
		"pg_stat_bgwriter_checkpoints_req_total":   "servers before PostgreSQL 17 have it",
		"pg_stat_checkpointer_num_timed_total":     "servers from PostgreSQL 17 on have it",
		"pg_stat_checkpointer_num_requested_total": "servers from PostgreSQL 17 on have it",
		"ledgermill_blocked_seconds":               "nobody waits for a lock",
		"ledgermill_lake_unfinished_bytes":         "nothing is staged",
	}
}

var metricName = regexp.MustCompile(`\b(?:pg|ledgermill)_[a-z0-9_]+\b`)

// TestPrometheusBeside has a Prometheus scrape a monitor during a run, with a replica of
// the warehouse. Every panel of the dashboards has an answer of that run, but for such as
// have a reason; every alert is evaluated, and each metric that it names is there.
func TestPrometheusBeside(t *testing.T) {
	t.Parallel()
	if !warehousetest.Long() {
		t.Skip("set " + warehousetest.LongVariable)
	}
	const grafana = "../../docs/grafana"
	prometheustest.Tool(t, "prometheus")
	pair := warehousetest.Replicated(t, map[string]string{"shared_preload_libraries": "pg_stat_statements"})
	b := newBeside(t, pair.Primary, 20_000, 3)
	b.execute("create extension pg_stat_statements", "create table twice (a int)", "create index on twice (a)", "create index on twice (a)")
	served := b.serve(200 * time.Millisecond)
	prometheus := prometheustest.Start(t, grafana, served.address, 500*time.Millisecond)
	prometheus.Await("before the run", "pg_up == 1")
	began := time.Now()
	report := b.night()
	// What met a lock of the load is asked again half a minute later.
	for _, expression := range []string{"ledgermill_accounts_read_records and on() ledgermill_run_running == 0", "ledgermill_dataset_published_timestamp_seconds",
		"ledgermill_rejects", "ledgermill_table_size_bytes", "ledgermill_index_fault", fmt.Sprintf("sum(ledgermill_load_rows) == %d", report.Load.Rows)} {
		prometheus.Await("after the run", expression)
	}
	ended := time.Now().Add(time.Second) // what is asked of the moment to come is answered with what was scraped last
	reasons := none()
	answered, silent := 0, 0
	for where, expression := range prometheustest.Panels(t, grafana) {
		if len(prometheus.Between(expression, began, ended)) > 0 {
			answered++
			continue
		}
		silent++
		t.Logf("%s: %s: no answer: %s", where, expression, reasonOf(reasons, expression))
		if reasonOf(reasons, expression) == "" {
			t.Errorf("%s: nothing answers %s", where, expression)
		}
	}
	for _, rule := range prometheus.Rules() {
		if rule.Health != "ok" {
			t.Errorf("%s: %s: %s", rule.Name, rule.Health, rule.LastError)
		}
		for _, name := range metricName.FindAllString(rule.Query, -1) {
			if len(prometheus.Between(name, began, ended)) == 0 && reasons[name] == "" {
				t.Errorf("%s: there is no %s", rule.Name, name)
			}
		}
	}
	t.Logf("%d expressions of panels have an answer, %d have none; %d alerts are evaluated", answered, silent, len(prometheus.Rules()))
	for expression, want := range map[string]int64{
		`max(max_over_time(ledgermill_step_rows{stage="read"}[5m]))`:       report.Read.Records,
		`sum(ledgermill_accounts_read_records)`:                            report.Read.Records,
		`sum(ledgermill_load_rows)`:                                        report.Load.Rows,
		`ledgermill_run_exit_code`:                                         int64(report.Exit),
		`count(ledgermill_accounts_accepted_records)`:                      int64(len(report.Accounts)),
		`max_over_time(ledgermill_run_running[5m])`:                        1,
		`count(ALERTS{alertname="LedgermillAccountsBroken"}) or vector(0)`: 0,
		`count(ALERTS{alertname="LedgermillWarehouseDown"}) or vector(0)`:  0,
		`max(pg_replication_is_replica)`:                                   0,
	} {
		values := prometheus.Between(expression, began, ended)
		if len(values) == 0 || values[len(values)-1] != strconv.FormatInt(want, 10) {
			t.Errorf("%s is %v, want %d", expression, values, want)
		}
	}
	served.end()
}

// reasonOf says why none of the metrics of an expression is there.
func reasonOf(reasons map[string]string, expression string) string {
	for _, name := range metricName.FindAllString(expression, -1) {
		if reasons[name] != "" {
			return name + ": " + reasons[name]
		}
	}
	return ""
}
