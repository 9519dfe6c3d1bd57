package monitor_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"ledgermill/warehouse/monitor"
)

// TestSameKey has rows that their key does not tell apart, as the statements of others are
// to a login without privileges: they have no rate and are no counter.
func TestSameKey(t *testing.T) {
	t.Parallel()
	views := readViews(t, map[string]string{"01_a.sql": `-- about: statements

-- panel: statements
-- source: statements
-- key: id, role
-- rate: calls
-- sort: calls desc
-- metric calls: counter ledgermill_calls_total Calls.
-- metric mean: gauge ledgermill_mean Mean.
`})
	null := monitor.Value{}
	rows := [][][]monitor.Value{
		{{monitor.Text("1"), monitor.Text("mill")}, {null, monitor.Text("bank")}, {null, monitor.Text("bank")}, {monitor.Text("2"), monitor.Text("mill")},
			{monitor.Text("3"), monitor.Text("mill")}, {monitor.Text("3"), monitor.Text("mill")}, {null, monitor.Text("desk")}},
		{{monitor.Text("1"), monitor.Text("mill")}, {null, monitor.Text("bank")}, {null, monitor.Text("bank")}, {monitor.Text("2"), monitor.Text("mill")},
			{monitor.Text("2"), monitor.Text("mill")}, {monitor.Text("3"), monitor.Text("mill")}, {null, monitor.Text("desk")}},
	}
	looks := 0
	now := time.Date(2025, 2, 1, 3, 0, 0, 0, time.UTC)
	c := monitor.New(monitor.Options{Views: views, Now: func() time.Time { return now }, Sources: map[string]monitor.Source{
		"statements": monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
			table := monitor.NewTable("id", "role", "#calls", "#mean")
			for i, row := range rows[looks] {
				table.Add(row[0], row[1], monitor.Int(int64(1000-100*i+10*looks)), monitor.Int(int64(i)))
			}
			looks++
			return table, nil
		})}})
	c.Sample(t.Context())
	now = now.Add(2 * time.Second)
	s := c.Sample(t.Context())
	b := &bytes.Buffer{}
	if err := s.Text(b, 80); err != nil {
		t.Fatal(err)
	}
	want := `1 a: statements
statements
  id   role  calls/s  mean
  1    mill     5.00     0
  n/a  bank      n/a     1
  n/a  bank      n/a     2
  2    mill      n/a     3
  2    mill      n/a     4
  3    mill      n/a     5
  n/a  desk     5.00     6
statements: calls/s n/a: several rows have the same key
`
	if b.String() != want {
		t.Errorf("%s", b)
	}
	b.Reset()
	if err := s.Prometheus(b); err != nil {
		t.Fatal(err)
	}
	var counters []string
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "ledgermill_calls_total{") {
			counters = append(counters, line)
		}
	}
	if got := strings.Join(counters, ""); got != "ledgermill_calls_total{id=\"1\",role=\"mill\"} 1010\nledgermill_calls_total{id=\"3\",role=\"mill\"} 510\n" || !strings.Contains(b.String(), `ledgermill_mean{id="",role="desk"} 6`) {
		t.Errorf("%s", b)
	}
}
