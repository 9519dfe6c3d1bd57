package monitor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"ledgermill/warehouse/monitor"
	"ledgermill/warehouse/warehousetest"
)

// TestUnknownColumns misspells columns in a header: the first look says so.
func TestUnknownColumns(t *testing.T) {
	t.Parallel()
	views := readViews(t, map[string]string{"01_a.sql": `-- about: misspelt

-- panel: right
-- key: a
-- rate: b
-- growth: c
-- sort: b_per_second desc
-- label a: d
-- metric c_per_second: gauge ledgermill_c C.
select 1 as a, 2 as b, 3 as c;

-- panel: wrong
-- key: a
-- rate: bb
-- sort: aa_per_second desc
-- absent x: y
-- metric c: gauge ledgermill_c C.
select 1 as a, 2 as b where false;
`})
	c := monitor.New(monitor.Options{Views: views, Server: at(warehousetest.Database(t))})
	defer func() { _ = c.Close(context.Background()) }()
	s := c.Sample(t.Context())
	b := &bytes.Buffer{}
	if err := s.Text(b, 100); err != nil || !strings.HasSuffix(b.String(), "\nwrong: its header names what it has no column of: aa_per_second, bb, c, x\n") || strings.Contains(b.String(), "right: its") {
		t.Errorf("%v\n%s", err, b)
	}
	text, err := json.Marshal(s)
	if err != nil || !strings.Contains(string(text), `"unknown":["aa_per_second","bb","c","x"]`) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestNobodyAsked looks at what no server tells: nothing says whether there is one.
func TestNobodyAsked(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://mill:secret@127.0.0.1:1/x", warehousetest.Database(t)} {
		c := monitor.New(monitor.Options{Views: theViews(t), Server: at(url), Sources: map[string]monitor.Source{"machine": monitor.Machine()}})
		b := &bytes.Buffer{}
		if err := c.Sample(t.Context(), "lake").Prometheus(b); err != nil || strings.Contains(b.String(), "pg_up") {
			t.Errorf("%v\n%s", err, b)
		}
		b.Reset()
		err := c.Sample(t.Context(), "lake", "activity").Prometheus(b)
		if up := strings.Contains(b.String(), "\npg_up 1\n"); err != nil || up == strings.Contains(url, "secret") || !up && !strings.Contains(b.String(), "\npg_up 0\n") {
			t.Errorf("%s: %v\n%s", url, err, b)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
