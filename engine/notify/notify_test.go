package notify_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ledgermill/engine/notify"
)

func logTo(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// TestTell tells a command and a webhook that fails twice.
func TestTell(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var got notify.Message
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v, %v", err, r.Header)
		}
	}))
	defer hook.Close()
	file := filepath.Join(t.TempDir(), "told")
	m := notify.Message{Text: "run 8c21 failed", Event: notify.Failed, Run: "8c21", Exit: 1, Trouble: []string{"it's broken"}, Accounts: []notify.Account{{Feed: "raw_loans", Read: 7}}}
	var log bytes.Buffer
	notify.Tell(t.Context(), notify.Options{Command: "cat > '" + file + "'", URL: hook.URL, Wait: time.Millisecond, Log: logTo(&log)}, m)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), `"text":"run 8c21 failed"`) || !strings.Contains(string(text), `"event":"run.failed"`) {
		t.Errorf("the command was told %s, %v", text, err)
	}
	if asked.Load() != 3 || got.Run != "8c21" || len(got.Accounts) != 1 || log.Len() > 0 {
		t.Errorf("%d attempts, %+v, %s", asked.Load(), got, &log)
	}
}

// TestNobodyListens gives up in bounded time, says so without the address, and returns.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer refusing.Close()
	for name, o := range map[string]notify.Options{
		"refused":     {URL: refusing.URL + "/hunter2"},
		"unreachable": {URL: "http://127.0.0.1:1/hunter2"},
		"no address":  {URL: "http://[::1/hunter2"},
		"fails":       {Command: "echo no >&2; exit 3"},
		"hangs":       {Command: "sleep 600 & wait", Limit: 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			o.Log, o.Wait = logTo(&log), time.Millisecond
			began := time.Now()
			notify.Tell(t.Context(), o, notify.Message{})
			if !strings.Contains(log.String(), "nobody was told") || strings.Contains(log.String(), "hunter2") || time.Since(began) > 2*time.Minute {
				t.Errorf("after %s: %s", time.Since(began), &log)
			}
		})
	}
	if asked.Load() != 1 {
		t.Errorf("a refusal was tried %d times", asked.Load())
	}
}

// TestLeavesSomethingBehind: a command that ends well has told, though what it has put
// into the background goes on and holds its standard error.
func TestLeavesSomethingBehind(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "told")
	var log bytes.Buffer
	notify.Tell(t.Context(), notify.Options{Command: "echo told >> '" + file + "'; sleep 5 &", Wait: time.Millisecond, Log: logTo(&log)}, notify.Message{})
	if text, err := os.ReadFile(file); err != nil || string(text) != "told\n" || log.Len() > 0 {
		t.Errorf("told %q, %v; %s", text, err, &log)
	}
}
