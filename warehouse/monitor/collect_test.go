package monitor_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"ledgermill/warehouse/monitor"
)

// TestRest looks every two seconds for an hour at panels that take longer and longer: one
// that takes little is asked each time, the others share a hundredth of the time, one
// that is given up among them.
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

-- panel: hangs
-- source: hangs
-- key: a
`)}})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2025, 2, 1, 3, 0, 0, 0, time.UTC)
	now, spent, asked := began, map[string]time.Duration{}, map[string]int{}
	taking := func(name string, d time.Duration, err error) monitor.Source {
		return monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
			now, spent[name] = now.Add(d), spent[name]+d
			asked[name]++
			return monitor.NewTable("a"), err
		})
	}
	c := monitor.New(monitor.Options{Views: views, Now: func() time.Time { return now }, Sources: map[string]monitor.Source{
		"quick": taking("quick", time.Millisecond, nil), "slow": taking("slow", 300*time.Millisecond, nil), "slower": taking("slower", time.Second, nil),
		"hangs": taking("hangs", 10*time.Second, errors.New("it took longer than 10s"))}})
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
	all := spent["slow"] + spent["slower"] + spent["hangs"]
	if share := all.Seconds() / now.Sub(began).Seconds(); share > 0.0101 || asked["slow"] < 5 || asked["slower"] < 5 || asked["hangs"] == 0 {
		t.Errorf("%.2f %% of the time: asked %v, spent %v", 100*share, asked, spent)
	}
}
