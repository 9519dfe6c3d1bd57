package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// disturbing is a proxy before a server that spoils what the engine's own reader
// gets of CSV objects, and leaves the mill's client alone.
func disturbing(t *testing.T, endpoint string, spoil func(*http.Response, []byte) []byte) (proxy string, spoilt *atomic.Int64) {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	spoilt = &atomic.Int64{}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method != http.MethodGet || !strings.HasSuffix(r.Request.URL.Path, ".csv") || strings.Contains(r.Request.UserAgent(), "minio-go") {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			changed := spoil(r, body)
			if !bytes.Equal(changed, body) {
				spoilt.Add(1)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
			r.Header.Set("Content-Length", strconv.Itoa(len(changed)))
			return nil
		},
	})
	t.Cleanup(server.Close)
	return server.URL, spoilt
}

// TestShortReads lets the engine's reader see less than the object, or other bytes:
// the run ends with the right accounts, and the object was fetched.
func TestShortReads(t *testing.T) {
	t.Parallel()
	if !slices.Contains(sites(), "minio") {
		t.Skip("-sites does not name MinIO")
	}
	const n = 60_000
	line := func(body []byte, at int) (from, to int) {
		from = at + bytes.IndexByte(body[at:], '\n') + 1
		return from, from + bytes.IndexByte(body[from:], '\n') + 1
	}
	for name, spoil := range map[string]func(*http.Response, []byte) []byte{
		"a record is missing": func(_ *http.Response, body []byte) []byte {
			from, to := line(body, len(body)/2)
			return append(bytes.Clone(body[:from]), body[to:]...)
		},
		"the end is missing": func(_ *http.Response, body []byte) []byte {
			from, _ := line(body, len(body)*9/10)
			return body[:from]
		},
		"a record is empty": func(_ *http.Response, body []byte) []byte {
			from, to := line(body, len(body)/2)
			return bytes.Join([][]byte{body[:from], bytes.Repeat([]byte("\n"), to-from), body[to:]}, nil)
		},
		"a digit is another": func(_ *http.Response, body []byte) []byte {
			return bytes.Replace(body, []byte(",7.50,"), []byte(",8.50,"), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.HasSuffix(name, "is missing") && !sitesAsked() {
				t.Skip("httpfs asks again for a minute: with -sites")
			}
			b := newBenchAt(t, inPlaceProject(), siteOf("minio"))
			proxied := *b.buckets.server
			var spoilt *atomic.Int64
			proxied.Settings.Endpoint, spoilt = disturbing(t, proxied.Settings.Endpoint, spoil)
			b.buckets.server = &proxied
			log := &bytes.Buffer{}
			b.log = slog.New(slog.NewTextHandler(log, nil))
			var text strings.Builder
			text.WriteString("id,d,v,note\n")
			cents := 0
			for i := range n {
				fmt.Fprintf(&text, "%d,2025-01-01,%d.50,note %d\n", i, i%100, i)
				cents += i%100*100 + 50
			}
			sum := fmt.Sprintf("%d.%02d", cents/100, cents%100)
			b.write("t/1.csv", text.String())
			b.write("t/1.csv.control.json", fmt.Sprintf(`{"records": %d, "sums": {"v": {"": %s}}}`, n, sum))
			report := b.run(engine.Selection{})
			unit, _ := b.open(false).State().Unit("raw_t", "2025-01-01")
			got := ledger.Sum(unit.Cells).Accepted
			if report.Exit != engine.ExitDone || got.Records != n || got.Groups[0].Sums[0].StringFixed(2) != sum {
				t.Errorf("exit %d, accepted %+v, want %d with %s", report.Exit, got, n, sum)
			}
			if spoilt.Load() == 0 || !strings.Contains(log.String(), "an object is fetched that was read in place") {
				t.Errorf("%d answers were spoilt; the log says\n%s", spoilt.Load(), log)
			}
		})
	}
}
