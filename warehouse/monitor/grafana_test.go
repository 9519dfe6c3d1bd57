package monitor_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ledgermill/warehouse/monitor"
	"ledgermill/warehouse/monitor/prometheustest"
)

const grafana = "../../docs/grafana"

var metric = regexp.MustCompile(`\b(?:pg|ledgermill)_[a-z0-9_]+\b`)

// TestExpressions finds every metric that dashboards and alerts name among those that
// the views make.
func TestExpressions(t *testing.T) {
	t.Parallel()
	known := monitor.MetricNames(theViews(t))
	rules, err := os.ReadFile(filepath.Join(grafana, "prometheus", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	expressions := prometheustest.Panels(t, grafana)
	expressions["alerts"] = string(rules)
	for where, text := range expressions {
		names := metric.FindAllString(text, -1)
		if len(names) == 0 {
			t.Errorf("%s asks for no metric: %s", where, text)
		}
		for _, name := range names {
			if !slices.Contains(known, name) {
				t.Errorf("%s: nothing is called %s", where, name)
			}
		}
	}
}

// TestPromtool has promtool judge the rules, their tests, the settings, and our own
// names in what is exposed; those of postgres_exporter are as they are.
func TestPromtool(t *testing.T) {
	t.Parallel()
	tool := prometheustest.Tool(t, "promtool")
	for _, args := range [][]string{{"check", "config", "prometheus.yml"}, {"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}} {
		c := exec.CommandContext(t.Context(), tool, args...)
		c.Dir = filepath.Join(grafana, "prometheus")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	rules, err := os.ReadFile(filepath.Join(grafana, "prometheus", "alerts.yml"))
	tests, errTests := os.ReadFile(filepath.Join(grafana, "prometheus", "alerts_test.yml"))
	if err != nil || errTests != nil {
		t.Fatal(err, errTests)
	}
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(string(rules), -1) {
		if !regexp.MustCompile(`alertname: ` + alert[1] + `\n\s+exp_alerts:\n\s+- `).Match(tests) {
			t.Errorf("no test sees %s fire", alert[1])
		}
	}
	b := &bytes.Buffer{}
	if err := fixedSample(t).Prometheus(b); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), tool, "check", "metrics")
	c.Stdin = b
	out, _ := c.CombinedOutput() // 3 where it has something to say
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "pg_") {
			t.Errorf("promtool: %s", line)
		}
	}
}

// TestPrometheus has a Prometheus scrape what a fixed sample exposes, and asks it every
// expression of the dashboards: each has an answer.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	prometheustest.Tool(t, "prometheus")
	sample := fixedSample(t)
	registry, err := sample.Gather()
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := sample.Prometheus(w); err != nil {
			t.Error(err)
		}
	}))
	defer served.Close()
	if families, err := registry.Gather(); err != nil || len(families) < 60 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	prometheus := prometheustest.Start(t, grafana, strings.TrimPrefix(served.URL, "http://"), time.Second)
	for where, expression := range prometheustest.Panels(t, grafana) {
		prometheus.Await(where, expression)
	}
	prometheus.Await("an alert", `ALERTS{alertname="LedgermillRunLate"} or ALERTS{alertname="LedgermillFiguresUnusual"}`)
}
