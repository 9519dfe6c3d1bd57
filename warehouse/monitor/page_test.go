package monitor_test

import (
	"bytes"
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ledgermill/warehouse/monitor"
)

var pictures = flag.String("monitor.pictures", "", "directory for pictures of the page, by headless Chromium")

// browser is a headless Chromium with a profile of its own; the test is skipped where
// there is none.
func browser(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		t.Cleanup(cancel)
		return exec.CommandContext(ctx, path, append([]string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
			"--hide-scrollbars", "--user-data-dir=" + t.TempDir(), "--virtual-time-budget=8000"}, args...)...)
	}
	t.Skip("there is no Chromium here")
	return nil
}

// fixedPage serves the page over a fixed night whose counters move, and counts what is
// asked for that it does not have.
func fixedPage(t *testing.T) (address string, strange *atomic.Int64) {
	t.Helper()
	views, sources := fixedViews(t)
	c := monitor.New(monitor.Options{Views: views, Sources: sources, None: "", Now: time.Now})
	h, err := monitor.Handler(c, monitor.Serving{})
	if err != nil {
		t.Fatal(err)
	}
	strange = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && !strings.HasPrefix(r.URL.Path, "/api/sample") {
			strange.Add(1)
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, strange
}

// TestPage opens each view in a browser: panels, tables, charts and reasons are there,
// nothing else is fetched, and no script fails.
func TestPage(t *testing.T) {
	address, strange := fixedPage(t)
	for view, want := range map[string][]string{
		"overview":     {`id="panel-machine"`, "<svg", "5.37 GB|5.39 GB", "<td[^>]*>raw_payments", "grant pg_monitor"},
		"batch":        {`id="panel-run"`, "payments_fact 2025-01-14", "77aa0102", "rows/s"},
		"transactions": {`class="area"`, "322,580", "GROCERY"},
		"activity":     {`class="alarm"`, "idle in transaction"},
	} {
		command := browser(t, "--dump-dom", address+"/#"+view)
		var log bytes.Buffer
		command.Stderr = &log
		dom, err := command.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, &log)
		}
		for _, w := range want {
			if !regexp.MustCompile(w).Match(dom) {
				t.Errorf("%s: no %s in\n%.3000s", view, w, dom[max(0, bytes.Index(dom, []byte("<header"))):])
			}
		}
		if bytes.Contains(dom, []byte(`class="bad"`)) || strings.Contains(log.String(), "Refused to") || strings.Contains(log.String(), "Uncaught") {
			t.Errorf("%s: %s", view, &log)
		}
	}
	if strange.Load() > 0 {
		t.Errorf("%d other things were asked for", strange.Load())
	}
}

// TestPictures takes pictures of the page: light, dark, and as a phone shows it.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("-monitor.pictures is not set")
	}
	address, _ := fixedPage(t)
	for name, args := range map[string][]string{
		"monitor-light": {"--window-size=1280,1100", "--blink-settings=preferredColorScheme=1"},
		"monitor-dark":  {"--window-size=1280,1100", "--blink-settings=preferredColorScheme=0"},
		"monitor-phone": {"--window-size=500,1000", "--blink-settings=preferredColorScheme=1"},
	} {
		for _, view := range []string{"overview", "batch"} {
			path, err := filepath.Abs(filepath.Join(*pictures, name+"-"+view+".png"))
			if err != nil {
				t.Fatal(err)
			}
			if out, err := browser(t, append(args, "--screenshot="+path, address+"/#"+view)...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if info, err := os.Stat(path); err != nil || info.Size() < 10_000 {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}
