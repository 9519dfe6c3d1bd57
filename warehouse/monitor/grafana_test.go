package monitor_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ledgermill/warehouse/monitor"
)

const grafana = "../../docs/grafana"

// prometheusTool is a program of Prometheus, on the path or where CI unpacks it. The
// test is skipped where there is none.
func prometheusTool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if cache, err := os.UserCacheDir(); err == nil {
		path := filepath.Join(cache, "ledgermill", "prometheus", "usr", "bin", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("%s is not here: apt-get download prometheus", name)
	return ""
}

// panelExpressions are those of the dashboards, by dashboard and title.
func panelExpressions(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(grafana, "dashboards", "*.json"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			UID    string
			Panels []struct {
				ID      int
				Title   string
				Targets []struct{ Expr, RefID string }
			}
		}
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		seen := map[int]bool{}
		for _, p := range board.Panels {
			if seen[p.ID] || len(p.Targets) == 0 {
				t.Errorf("%s: panel %q has no id of its own, or asks nothing", file, p.Title)
			}
			seen[p.ID] = true
			for _, target := range p.Targets {
				all[board.UID+": "+p.Title+" "+target.RefID] = target.Expr
			}
		}
	}
	return all
}

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
	expressions := panelExpressions(t)
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
	tool := prometheusTool(t, "promtool")
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
	program := prometheusTool(t, "prometheus")
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
	dir := t.TempDir()
	rules, err := filepath.Abs(filepath.Join(grafana, "prometheus", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs:\n  - job_name: ledgermill\n    static_configs: [{targets: [%q]}]\n",
		rules, strings.TrimPrefix(served.URL, "http://"))
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	var log bytes.Buffer
	server := exec.CommandContext(t.Context(), program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address)
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill() // it has nothing to keep
		_ = server.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	for where, expression := range panelExpressions(t) {
		answered(t, address, where, expression)
	}
	answered(t, address, "an alert", `ALERTS{alertname="LedgermillRunLate"} or ALERTS{alertname="LedgermillFiguresUnusual"}`)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// answered asks until there is an answer with a value.
func answered(t *testing.T, address, where, expression string) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); <-tick.C {
		answer, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(expression))
		if err != nil {
			last = err.Error()
			continue // it is starting
		}
		var said struct {
			Status, Error string
			Data          struct{ Result []json.RawMessage }
		}
		err = json.NewDecoder(answer.Body).Decode(&said)
		_ = answer.Body.Close()
		if err == nil && said.Status == "error" {
			t.Errorf("%s: %s: %s", where, expression, said.Error)
			return
		}
		if err == nil && len(said.Data.Result) > 0 {
			return
		}
		last = fmt.Sprintf("%s, %d results, %v", said.Status, len(said.Data.Result), err)
	}
	t.Errorf("%s: nothing answers %s: %s", where, expression, last)
}
