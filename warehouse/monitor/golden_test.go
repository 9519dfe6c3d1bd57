package monitor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ledgermill/warehouse/monitor"
)

// fixed are tables of two looks, two seconds apart, by view and panel: the rows of a
// real night, as testdata/fixed.json keeps them.
type fixed map[string]struct {
	Columns []string            `json:"columns"` // # before those that are numbers
	Rows    [][]*string         `json:"rows"`
	Later   map[string][]string `json:"later"`   // values of the second look, by column
	Missing string              `json:"missing"` // instead of rows
	Absent  map[string]string   `json:"absent"`
}

// fixedViews are the program's views whose panels take their rows from the fixed tables
// in place of a server: the second set of values from the second look of a panel on.
func fixedViews(t *testing.T) ([]monitor.View, map[string]monitor.Source) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "fixed.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tables fixed
	if err := json.Unmarshal(text, &tables); err != nil {
		t.Fatal(err)
	}
	views := theViews(t)
	sources := map[string]monitor.Source{}
	for i := range views {
		views[i].Panels = slices.DeleteFunc(views[i].Panels, func(p monitor.Panel) bool { return p.Before > 0 }) // of older servers
		for j := range views[i].Panels {
			p := &views[i].Panels[j]
			name := p.View + "." + p.Name
			table, ok := tables[name]
			if !ok {
				t.Fatalf("testdata/fixed.json has no %s", name)
			}
			looks := 0
			p.Source, p.From, p.Every = name, 0, 0
			sources[name] = monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
				looks++
				if table.Missing != "" {
					return monitor.Table{}, &monitor.NotAvailableError{Reason: table.Missing}
				}
				out := monitor.NewTable(table.Columns...)
				out.Absent = table.Absent
				for n, row := range table.Rows {
					values := make([]monitor.Value, len(row))
					for k, v := range row {
						if v != nil {
							values[k] = monitor.Text(*v)
						}
						if later := table.Later[strings.TrimPrefix(table.Columns[k], "#")]; looks > 1 && n < len(later) {
							values[k] = monitor.Text(later[n])
						}
					}
					out.Add(values...)
				}
				return out, nil
			})
		}
	}
	return views, sources
}

// fixedSample is what a collector makes of two looks at the fixed tables.
func fixedSample(t *testing.T) monitor.Sample {
	t.Helper()
	now := time.Date(2025, 2, 1, 3, 30, 0, 0, time.UTC)
	views, sources := fixedViews(t)
	c := monitor.New(monitor.Options{Views: views, Sources: sources, Now: func() time.Time { return now }})
	c.Sample(t.Context())
	now = now.Add(2 * time.Second)
	s := c.Sample(t.Context())
	s.Server = "postgres://mill@localhost/bank" // that the rows are of
	return s
}

// TestGoldens prints each view of a fixed sample as a text at three widths, and all of
// them as JSON and for Prometheus.
func TestGoldens(t *testing.T) {
	t.Parallel()
	s := fixedSample(t)
	for _, v := range s.Views {
		for width, name := range map[int]string{80: "80", 200: "200", 20: "20"} {
			one := s
			one.Views = []monitor.ViewSample{v}
			b := &bytes.Buffer{}
			if err := one.Text(b, width); err != nil {
				t.Fatal(err)
			}
			golden(t, v.Name+"_"+name+".txt", b.String())
		}
	}
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.json", string(text)+"\n")
	b := &bytes.Buffer{}
	if err := s.Prometheus(b); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.prom", b.String())
}
