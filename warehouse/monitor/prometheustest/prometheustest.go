// Package prometheustest gives tests a real Prometheus, out of its Debian package: it
// scrapes what a test exposes with the rules of docs/grafana, and is asked what their
// dashboards ask.
package prometheustest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Tool is a program of Prometheus, on the path or where CI unpacks it. The test is
// skipped where there is none.
func Tool(t testing.TB, name string) string {
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

// Panels are the expressions of the dashboards below docs/grafana, by dashboard, title
// and letter.
func Panels(t testing.TB, grafana string) map[string]string {
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

// Server is a Prometheus that scrapes one address.
type Server struct {
	address string
	t       testing.TB
}

// Start starts a server that scrapes an address so often, with the rules below
// docs/grafana. It is gone when the test ends.
func Start(t testing.TB, grafana, target string, every time.Duration) *Server {
	t.Helper()
	program := Tool(t, "prometheus")
	rules, err := filepath.Abs(filepath.Join(grafana, "prometheus", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	settings := fmt.Sprintf("global: {scrape_interval: %[1]dms, scrape_timeout: %[1]dms, evaluation_interval: 1s}\nrule_files: [%[2]q]\nscrape_configs:\n  - job_name: ledgermill\n    static_configs: [{targets: [%[3]q]}]\n",
		every.Milliseconds(), rules, target)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &Server{address: freeAddress(t), t: t}
	var log bytes.Buffer
	command := exec.CommandContext(t.Context(), program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+s.address)
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it has nothing to keep
		_ = command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return s
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// patience is how long an answer may take to come: the server starts, and a rule waits
// to be evaluated.
const patience = 2 * time.Minute

// Await asks until the answer has a value; the test fails if none comes.
func (s *Server) Await(where, expression string) {
	s.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	last := errors.New("it was not asked")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		values, err := s.instant(expression)
		var refused *refusedError
		if errors.As(err, &refused) {
			s.t.Errorf("%s: %s: %v", where, expression, err)
			return
		}
		if err == nil && len(values) > 0 {
			return
		}
		last = err
	}
	s.t.Errorf("%s: nothing answers %s: %v", where, expression, last)
}

// refusedError is an expression that the server does not take.
type refusedError struct{ said string }

func (e *refusedError) Error() string { return e.said }

// series is one of an answer: with a value, or with those of a stretch of time.
type series struct {
	Metric map[string]string
	Value  [2]any
	Values [][2]any
}

func (s *Server) instant(expression string) ([]series, error) {
	return s.ask("query?query=" + url.QueryEscape(expression))
}

// Between are the values of an expression from one time to another, twice a second, of
// all series in the order of time; none if it had no answer.
func (s *Server) Between(expression string, from, to time.Time) []string {
	s.t.Helper()
	found, err := s.ask(fmt.Sprintf("query_range?query=%s&start=%.3f&end=%.3f&step=0.5", url.QueryEscape(expression), seconds(from), seconds(to)))
	if err != nil {
		s.t.Errorf("%s: %v", expression, err)
	}
	var values []string
	for _, one := range found {
		for _, v := range one.Values {
			values = append(values, fmt.Sprint(v[1]))
		}
	}
	return values
}

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

// Rule is a rule as the server has read and evaluated it.
type Rule struct{ Name, Query, Health, LastError string }

// Rules are those that the server has.
func (s *Server) Rules() []Rule {
	s.t.Helper()
	var said struct {
		Data struct{ Groups []struct{ Rules []Rule } }
	}
	if err := s.get("rules", &said); err != nil {
		s.t.Fatal(err)
	}
	var all []Rule
	for _, g := range said.Data.Groups {
		all = append(all, g.Rules...)
	}
	slices.SortFunc(all, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (s *Server) ask(path string) ([]series, error) {
	var said struct {
		Status, Error string
		Data          struct{ Result []series }
	}
	err := s.get(path, &said)
	if err == nil && said.Status != "success" {
		err = &refusedError{said: said.Error}
	}
	return said.Data.Result, err
}

func (s *Server) get(path string, into any) error {
	answer, err := http.Get("http://" + s.address + "/api/v1/" + path)
	if err != nil {
		return err
	}
	return errors.Join(json.NewDecoder(answer.Body).Decode(into), answer.Body.Close())
}
