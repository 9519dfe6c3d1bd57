package monitor

import (
	"io"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// upMetric is the one that no panel makes.
const upMetric = "pg_up"

// gatherer makes the metrics of a sample. A figure that is not there has none.
type gatherer struct{ sample Sample }

var _ prometheus.Collector = gatherer{}

// Describe implements prometheus.Collector: what there is, the sample decides.
func (gatherer) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g gatherer) Collect(out chan<- prometheus.Metric) {
	if g.sample.Server != "" || g.sample.Fault != "" { // else nobody has asked a server
		up := 1.0
		if g.sample.Fault != "" {
			up = 0
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(upMetric, "Whether the last scrape of metrics from PostgreSQL was able to connect to the server.", nil, nil),
			prometheus.GaugeValue, up)
	}
	seen := map[string]bool{} // two views may show one metric
	for _, v := range g.sample.Views {
		for _, r := range v.Panels {
			_, twice := r.single()
			for _, m := range r.Panel.Metrics {
				r.collect(m, twice, seen, out)
			}
		}
	}
}

// collect sends a metric for each row. Its labels are the panel's key. A counter is one
// thing's from one look to the next: a row that its key does not tell from others has none.
func (r Result) collect(m Metric, twice, seen map[string]bool, out chan<- prometheus.Metric) {
	at := r.index(m.Column)
	if at < 0 {
		return
	}
	var names []string
	var from []int
	for _, key := range r.Panel.Key {
		if i := r.index(key); i >= 0 && r.Panel.Figures == "" {
			names, from = append(names, label(r.Panel, key)), append(from, i)
		}
	}
	desc := prometheus.NewDesc(m.Name, m.Help, names, nil)
	kind := prometheus.GaugeValue
	if m.Counter {
		kind = prometheus.CounterValue
	}
	for _, row := range r.Rows {
		unknown := slices.ContainsFunc(from, func(k int) bool { return !row[k].Known })
		if m.Counter && (unknown || twice[r.key(row)]) {
			continue
		}
		f, ok := row[at].Number()
		if !ok && row[at].Known && strings.HasSuffix(m.Column, "_at") {
			if t, err := parseTime(row[at].Text); err == nil {
				f, ok = float64(t.UnixMilli())/1000, true
			}
		}
		values := make([]string, len(from))
		for i, k := range from {
			values[i] = strings.ToValidUTF8(row[k].Text, "?")
		}
		id := m.Name + "\x1f" + strings.Join(values, "\x1f")
		if !ok || seen[id] {
			continue
		}
		seen[id] = true
		if metric, err := prometheus.NewConstMetric(desc, kind, f, values...); err == nil {
			out <- metric
		}
	}
}

func label(p *Panel, key string) string {
	if name := p.Labels[key]; name != "" {
		return name
	}
	return key
}

// Gather makes a registry of the sample's metrics.
func (s Sample) Gather() (*prometheus.Registry, error) {
	registry := prometheus.NewPedanticRegistry()
	return registry, registry.Register(gatherer{s})
}

// Prometheus writes the metrics of the sample in Prometheus' text format.
func (s Sample) Prometheus(w io.Writer) error {
	registry, err := s.Gather()
	if err != nil {
		return err
	}
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return nil
}

// MetricNames are the names of all metrics that views know, in order.
func MetricNames(views []View) []string {
	names := []string{upMetric}
	for _, v := range views {
		for _, p := range v.Panels {
			for _, m := range p.Metrics {
				names = append(names, m.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
