package monitor_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"ledgermill/engine/config"
	"ledgermill/warehouse/monitor"
	"ledgermill/warehouse/warehousetest"
)

// TestRest looks every two seconds for an hour at panels that take longer and longer: one
// that takes little is asked each time, the others share a hundredth of the time.
func TestRest(t *testing.T) {
	t.Parallel()
	views, err := monitor.ReadViews(fstest.MapFS{"01_slow.sql": {Data: []byte(`-- about: what takes long

-- panel: quick
-- source: quick
-- key: a

-- panel: slow
-- source: slow
-- key: a

-- panel: slower
-- source: slower
-- key: a
-- every: 1min

-- panel: slowest
-- source: slowest
-- key: a
`)}})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2025, 2, 1, 3, 0, 0, 0, time.UTC)
	now, spent, asked := began, map[string]time.Duration{}, map[string]int{}
	taking := func(name string, d time.Duration) monitor.Source {
		return monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
			now, spent[name] = now.Add(d), spent[name]+d
			asked[name]++
			return monitor.NewTable("a"), nil
		})
	}
	c := monitor.New(monitor.Options{Views: views, Now: func() time.Time { return now }, Sources: map[string]monitor.Source{
		"quick": taking("quick", time.Millisecond), "slow": taking("slow", 300*time.Millisecond), "slower": taking("slower", time.Second),
		"slowest": taking("slowest", 10*time.Second)}})
	c.Sample(t.Context())
	clear(spent) // of the first look, when nothing is known yet
	clear(asked)
	looks := 0
	for ; now.Sub(began) < time.Hour; now = now.Add(2 * time.Second) {
		c.Sample(t.Context())
		looks++
	}
	if asked["quick"] != looks {
		t.Errorf("quick was asked %d times in %d looks", asked["quick"], looks)
	}
	all := spent["slow"] + spent["slower"] + spent["slowest"]
	if share := all.Seconds() / now.Sub(began).Seconds(); share > 0.0101 || asked["slow"] < 5 || asked["slower"] < 5 || asked["slowest"] == 0 {
		t.Errorf("%.2f %% of the time: asked %v, spent %v", 100*share, asked, spent)
	}
}

// TestGivenUp has a statement and a source give nothing after ten seconds each. The
// statement has cost the server its time and rests; the source is asked again within a
// minute, and shown when it is back.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	views := readViews(t, map[string]string{"01_a.sql": `-- about: what gives nothing

-- panel: statement
-- key: a
select 1 / (count(*) - 1) as a from asked;

-- panel: source
-- source: source
-- key: a
-- every: 5s
`})
	url := warehousetest.Database(t)
	execute(t, url, "create table asked (a int)", "insert into asked values (1)")
	began := time.Date(2025, 2, 1, 3, 0, 0, 0, time.UTC)
	now := began
	var asked []time.Duration
	source := monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
		asked = append(asked, now.Sub(began))
		if len(asked) > 2 {
			return monitor.NewTable("a"), nil
		}
		now = now.Add(10 * time.Second)
		return monitor.Table{}, errors.New("no answer")
	})
	c := monitor.New(monitor.Options{Views: views, Server: at(url), Sources: map[string]monitor.Source{"source": source}, Now: func() time.Time {
		now = now.Add(time.Second)
		return now
	}})
	defer func() { _ = c.Close(context.Background()) }()
	var statements []time.Time
	for now.Sub(began) < 10*time.Minute {
		s := c.Sample(t.Context())
		if at := s.Views[0].Panels[0].At; len(statements) == 0 || !at.Equal(statements[len(statements)-1]) {
			statements = append(statements, at)
		}
		if missing := s.Views[0].Panels[1].Missing; (missing == "") != (len(asked) > 2) {
			t.Fatalf("asked %v: %q", asked, missing)
		}
		now = now.Add(time.Second)
	}
	if len(asked) < 3 || asked[1] > 75*time.Second || asked[2] > 150*time.Second {
		t.Errorf("the source was asked after %v", asked)
	}
	if rest := statements[1].Sub(statements[0]); len(statements) < 3 || rest < 100*time.Second {
		t.Errorf("the statement was asked at %v", statements)
	}
}

// TestPatience gives up a source that does not answer, and ends a look with it.
func TestPatience(t *testing.T) {
	t.Parallel()
	views := readViews(t, map[string]string{"01_a.sql": "-- about: what does not answer\n\n-- panel: hangs\n-- source: hangs\n-- key: a\n"})
	looking := make(chan struct{}, 1)
	hangs := func() *monitor.Collector {
		return monitor.New(monitor.Options{Views: views, Sources: map[string]monitor.Source{"hangs": monitor.SourceFunc(func(ctx context.Context) (monitor.Table, error) {
			looking <- struct{}{}
			<-ctx.Done()
			return monitor.Table{}, ctx.Err()
		})}})
	}
	t.Run("alone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			if r := hangs().Sample(t.Context()).Views[0].Panels[0]; r.Missing != "no answer within 20s" || time.Since(began) != 20*time.Second {
				t.Errorf("after %s: %q", time.Since(began), r.Missing)
			}
		})
		<-looking
	})
	t.Run("at the end", func(t *testing.T) {
		c := hangs()
		seen := make(chan monitor.Sample, 1)
		go func() { seen <- c.Sample(t.Context()) }()
		<-looking
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for _, s := range []monitor.Sample{<-seen, c.Sample(t.Context())} {
			if missing := s.Views[0].Panels[0].Missing; missing != "the monitor ends" {
				t.Errorf("%q", missing)
			}
		}
	})
}

// TestRates takes a second look at once, which has the rates that it can have: those of
// panels that are asked seldom too. What it takes to connect is no panel's time.
func TestRates(t *testing.T) {
	t.Parallel()
	views, err := monitor.Select(theViews(t), []string{"overview"})
	if err != nil {
		t.Fatal(err)
	}
	url := warehousetest.Database(t)
	var slow time.Duration
	now := func() time.Time { return time.Now().Add(slow) }
	c := monitor.New(monitor.Options{Views: views, Now: now, Sources: map[string]monitor.Source{"machine": monitor.Machine()},
		Server: monitor.ServerFunc(func(context.Context) (config.Secret, error) {
			slow += time.Hour
			return config.Secret(url), nil
		})})
	defer func() { _ = c.Close(context.Background()) }()
	known := func(s monitor.Sample, panel, column string) bool {
		t.Helper()
		for _, r := range s.Views[0].Panels {
			if at := slices.IndexFunc(r.Columns, func(c monitor.Column) bool { return c.Name == column }); r.Panel.Name == panel && at >= 0 {
				return r.Rows[0][at].Known
			}
		}
		t.Fatalf("no %s of %s", column, panel)
		return false
	}
	first, again := c.Sample(t.Context()), c.Sample(t.Context())
	if known(first, "databases", "commits_per_second") || known(again, "databases", "commits_per_second") {
		t.Error("databases is asked again at once")
	}
	if !again.Views[0].Panels[0].At.After(first.Views[0].Panels[0].At) {
		t.Error("server is not asked again: connecting has cost it")
	}
	s := c.Rates(t.Context())
	for panel, column := range map[string]string{"databases": "commits_per_second", "machine": "disk_read_bytes_per_second", "wal": "wal_bytes_per_second"} {
		if !known(s, panel, column) {
			t.Errorf("no %s of %s", column, panel)
		}
	}
}
