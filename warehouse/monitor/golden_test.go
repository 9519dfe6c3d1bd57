package monitor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
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

// fixedSample is what a collector makes of the fixed tables: each panel takes its rows
// from there in place of the server.
func fixedSample(t *testing.T) monitor.Sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "fixed.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tables fixed
	if err := json.Unmarshal(text, &tables); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2025, 2, 1, 3, 30, 0, 0, time.UTC)
	looks := 0
	views := theViews(t)
	sources := map[string]monitor.Source{}
	for i := range views {
		for j := range views[i].Panels {
			p := &views[i].Panels[j]
			if p.Before > 0 {
				continue // the panel of an older server stands below the same name
			}
			name := p.View + "." + p.Name
			table, ok := tables[name]
			if !ok {
				t.Fatalf("testdata/fixed.json has no %s", name)
			}
			p.Source, p.From, p.Every = name, 0, 0
			sources[name] = monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
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
						if later := table.Later[strings.TrimPrefix(table.Columns[k], "#")]; looks > 0 && n < len(later) {
							values[k] = monitor.Text(later[n])
						}
					}
					out.Add(values...)
				}
				return out, nil
			})
		}
	}
	c := monitor.New(monitor.Options{Views: views, Sources: sources, Now: func() time.Time { return now }})
	c.Sample(t.Context())
	now, looks = now.Add(2*time.Second), 1
	return c.Sample(t.Context())
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
