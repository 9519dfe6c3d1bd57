package monitor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ledgermill/engine/config"
)

//go:embed page.html
var pageText string

// Serving says how a collector is served.
type Serving struct {
	Token    config.Secret // asked of who reads; "": loopback only
	Interval time.Duration // between two looks, however many ask
	Log      *slog.Logger
}

// server answers over HTTP what a collector sees. It is read-only.
type server struct {
	*Collector
	Serving
	page *template.Template
	mu   sync.Mutex
	seen map[string]Sample // by view; "" for all
}

// lookPatience is how long a look may take that readers wait for.
const lookPatience = time.Minute

// cookie keeps the token of a page, so that its address does not have to.
const cookie = "ledgermill_monitor"

// Handler serves /metrics for Prometheus, /healthz, a page at /, and what it shows as
// JSON at /api/sample. Without a token it answers to names of this machine alone: a
// page of somebody else must not read it through a browser.
func Handler(c *Collector, s Serving) (http.Handler, error) {
	page, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	o := &server{Collector: c, Serving: s, page: page, seen: map[string]Sample{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", o.health)
	mux.Handle("GET /metrics", o.admitted(o.metrics))
	mux.Handle("GET /api/sample", o.admitted(o.sample))
	mux.Handle("GET /{$}", o.admitted(o.front))
	return mux, nil
}

// Listen opens an address: without a host on loopback. Another one than loopback
// needs a token.
func Listen(ctx context.Context, address string, token config.Secret) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &ListenError{Address: address, Reason: "is no address such as :9187 or 10.0.0.7:9187"}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if !loopback(host) && token == "" {
		return nil, &ListenError{Address: address, Reason: "is not loopback, and there is no monitor.token"}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, &ListenError{Address: address, Reason: "cannot be listened on: " + shortCause(err)}
	}
	return l, nil
}

// ListenError is an address that cannot be served at.
type ListenError struct{ Address, Reason string }

func (e *ListenError) Error() string { return fmt.Sprintf("serve: %s %s", e.Address, e.Reason) }

// Try names the ways out.
func (e *ListenError) Try() string {
	return "--serve :9187 for this machine alone; for others set monitor.token and put TLS before it"
}

// ExitCode is that of configuration.
func (e *ListenError) ExitCode() int { return 2 }

func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Serve answers on a listener until the context ends.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- s.Shutdown(ending)
	})
	err := s.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-stopped
}

// admitted lets those in who may read.
func (s *server) admitted(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if s.Token == "" {
			host, _, err := net.SplitHostPort(r.Host)
			if err != nil {
				host = r.Host
			}
			if !loopback(host) {
				http.Error(w, "ask by the name localhost", http.StatusForbidden)
				return
			}
			next(w, r)
			return
		}
		if given := r.URL.Query().Get("token"); given != "" && s.is(given) && r.URL.Path == "/" {
			http.SetCookie(w, &http.Cookie{Name: cookie, Value: given, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		kept, err := r.Cookie(cookie)
		if !s.is(bearer) && (err != nil || !s.is(kept.Value)) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="ledgermill"`)
			http.Error(w, "a token is needed: Authorization: Bearer ..., or /?token=...", http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

func (s *server) is(given string) bool {
	return given != "" && subtle.ConstantTimeCompare([]byte(given), []byte(s.Token.Reveal())) == 1
}

// look takes a sample, or returns the last one if that is young enough. It is one for
// all readers, and goes on when the one that asked first leaves; what a reader asks for
// that has left before its turn, nobody looks for.
func (s *server) look(ctx context.Context, view string) Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.seen[view]; ok && time.Since(old.At) < s.Interval || ctx.Err() != nil {
		return old
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), lookPatience, fmt.Errorf("the look took longer than %s", lookPatience))
	defer cancel()
	var names []string
	if view != "" {
		names = []string{view}
	}
	now := s.Sample(ctx, names...)
	s.seen[view] = now
	return now
}

// health says that the monitor runs, and whether the server does: 200 as long as the
// monitor itself can answer, so that nobody restarts it because a database is down.
func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "ok") // the reader has gone
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	registry, err := s.look(r.Context(), "").Gather()
	if err != nil {
		s.Log.ErrorContext(r.Context(), "metrics", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

func (s *server) sample(w http.ResponseWriter, r *http.Request) {
	view := r.URL.Query().Get("view")
	if view != "" && !slices.Contains(Names(s.options.Views), view) {
		http.Error(w, "no such view", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(s.look(r.Context(), view)); err != nil {
		s.Log.DebugContext(r.Context(), "sample", "error", err)
	}
}

// front is the page. Its script and style are its own, and nothing else runs in it.
func (s *server) front(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nonce, nonce))
	type tab struct{ Name, About string }
	var tabs []tab
	for _, v := range s.options.Views {
		tabs = append(tabs, tab{v.Name, v.About})
	}
	err := s.page.Execute(w, map[string]any{"Nonce": nonce, "Views": tabs, "Every": max(s.Interval, time.Second).Milliseconds()})
	if err != nil {
		s.Log.DebugContext(r.Context(), "page", "error", err)
	}
}
