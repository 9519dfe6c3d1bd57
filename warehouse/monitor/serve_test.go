package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ledgermill/engine/config"
	"ledgermill/warehouse/monitor"
)

// served is a collector of a fixed source behind its handler.
func served(t *testing.T, token config.Secret) *httptest.Server {
	t.Helper()
	c := monitor.New(monitor.Options{Views: theViews(t), None: "no server in this test", Sources: map[string]monitor.Source{"machine": monitor.Machine()}})
	h, err := monitor.Handler(c, monitor.Serving{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// get asks, and returns the status and the body.
func get(t *testing.T, method, url string, header map[string]string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// TestServe asks each place, and finds that nothing can be changed.
func TestServe(t *testing.T) {
	t.Parallel()
	s := served(t, "")
	for _, c := range []struct {
		method, path, host string
		status             int
		want               string
	}{
		{"GET", "/healthz", "", 200, "ok"},
		{"GET", "/metrics", "", 200, "pg_up 0"},
		{"GET", "/metrics", "", 200, "ledgermill_machine_memory_bytes "},
		{"GET", "/api/sample?view=overview", "", 200, `"fault":"no server in this test"`},
		{"GET", "/api/sample?view=nowhere", "", 404, "no such view"},
		{"GET", "/", "", 200, `data-view="transactions"`},
		{"HEAD", "/", "", 200, ""},
		{"GET", "/else", "", 404, ""},
		{"POST", "/metrics", "", 405, ""},
		{"DELETE", "/api/sample", "", 405, ""},
		{"GET", "/metrics", "bank.example", 403, "localhost"},
		{"GET", "/metrics", "localhost:9187", 200, "pg_up"},
		{"GET", "/healthz", "bank.example", 200, "ok"},
	} {
		header := map[string]string{}
		if c.host != "" {
			header["Host"] = c.host
		}
		answer, body := get(t, c.method, s.URL+c.path, header)
		if answer.StatusCode != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s at %q: %d, want %d with %s: %.300s", c.method, c.path, c.host, answer.StatusCode, c.status, c.want, body)
		}
	}
	answer, body := get(t, "GET", s.URL+"/", nil)
	policy := answer.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(body, "http://") && !strings.Contains(body, "http://www.w3.org/2000/svg") {
		t.Errorf("policy %s", policy)
	}
	if strings.Count(body, "://") != 1 { // the name space of SVG
		t.Error("the page speaks of other places")
	}
	var sample monitor.Sample
	_, text := get(t, "GET", s.URL+"/api/sample?view=overview", nil)
	if err := json.Unmarshal([]byte(text), &struct {
		Fault *string `json:"fault"`
	}{&sample.Fault}); err != nil || sample.Fault == "" {
		t.Errorf("%v: %s", err, text)
	}
}

// TestToken lets in who has it, by header or cookie.
func TestToken(t *testing.T) {
	t.Parallel()
	s := served(t, "tok en+1")
	for name, c := range map[string]struct {
		path   string
		header map[string]string
		status int
	}{
		"none":        {"/metrics", nil, 401},
		"bearer":      {"/metrics", map[string]string{"Authorization": "Bearer tok en+1", "Host": "bank.example"}, 200},
		"wrong":       {"/metrics", map[string]string{"Authorization": "Bearer token"}, 401},
		"empty":       {"/metrics", map[string]string{"Authorization": "Bearer "}, 401},
		"page":        {"/?token=tok+en%2B1", nil, 303},
		"page, wrong": {"/?token=x", nil, 401},
		"not there":   {"/metrics?token=tok+en%2B1", nil, 401},
		"health":      {"/healthz", nil, 200},
	} {
		if answer, _ := get(t, "GET", s.URL+c.path, c.header); answer.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", name, answer.StatusCode, c.status)
		}
	}
	answer, _ := get(t, "GET", s.URL+"/?token=tok+en%2B1", nil)
	cookie := answer.Header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || answer.Header.Get("Location") != "/" {
		t.Errorf("cookie %s", cookie)
	}
	value, _, _ := strings.Cut(cookie, ";")
	if answer, _ = get(t, "GET", s.URL+"/", map[string]string{"Cookie": value}); answer.StatusCode != 200 {
		t.Errorf("with its cookie: %d", answer.StatusCode)
	}
}

// TestListen refuses what would show figures to others without a token.
func TestListen(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		":0": "", "localhost:0": "", "127.0.0.1:0": "", "[::1]:0": "-",
		"0.0.0.0:0": "no monitor.token", "10.1.2.3:9187": "no monitor.token", "example.org:1": "no monitor.token", "9187": "is no address",
	} {
		l, err := monitor.Listen(t.Context(), address, "")
		if l != nil {
			if host := l.Addr().String(); !strings.HasPrefix(host, "127.") && !strings.HasPrefix(host, "[::1]") {
				t.Errorf("%s listens at %s", address, host)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		var refused *monitor.ListenError
		if want != "-" && (want == "") != (err == nil) || want != "" && want != "-" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), want) || refused.ExitCode() != 2 || refused.Try() == "") {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	l, err := monitor.Listen(t.Context(), "0.0.0.0:0", "token")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- monitor.Serve(ctx, l, http.NotFoundHandler()) }()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it serves on")
	}
}
