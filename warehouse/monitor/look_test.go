package monitor_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ledgermill/warehouse/monitor"
	"ledgermill/warehouse/warehousetest"
)

// readViews reads views of files that a test writes.
func readViews(t *testing.T, files map[string]string) []monitor.View {
	t.Helper()
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	views, err := monitor.ReadViews(dir)
	if err != nil {
		t.Fatal(err)
	}
	return views
}

// TestReaderLeaves has the first reader of a look leave while it is under way: the look
// ends nevertheless, whole, and is what the next reader sees.
func TestReaderLeaves(t *testing.T) {
	t.Parallel()
	views := readViews(t, map[string]string{"01_a.sql": `-- about: a source that takes its time before a server

-- panel: slow
-- source: slow
-- key: a
-- metric a: gauge ledgermill_slow What takes its time.

-- panel: server
-- key: one
-- metric one: gauge ledgermill_one What the server says.
select 1 as one;
`})
	looking, goOn, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	asked := 0
	slow := monitor.SourceFunc(func(ctx context.Context) (monitor.Table, error) {
		asked++
		close(looking)
		<-goOn
		table := monitor.NewTable("#a")
		table.Add(monitor.Int(7))
		return table, ctx.Err()
	})
	c := monitor.New(monitor.Options{Views: views, Server: at(warehousetest.Database(t)), Sources: map[string]monitor.Source{"slow": slow}})
	defer func() { _ = c.Close(context.Background()) }()
	h, err := monitor.Handler(c, monitor.Serving{Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer context.AfterFunc(r.Context(), func() { left <- struct{}{} })()
		h.ServeHTTP(w, r)
	}))
	defer s.Close()
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/metrics", nil)
		if err == nil {
			var answer *http.Response
			if answer, err = http.DefaultClient.Do(r); err == nil {
				err = answer.Body.Close()
			}
		}
		first <- err
	}()
	<-looking
	leave()
	if err := <-first; err == nil {
		t.Fatal("the first reader has not left")
	}
	<-left
	close(goOn)
	_, body := get(t, http.MethodGet, s.URL+"/metrics", nil)
	for _, want := range []string{"\npg_up 1\n", "ledgermill_slow{a=\"7\"} 7\n", "ledgermill_one{one=\"1\"} 1\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if asked != 1 {
		t.Errorf("the source was asked %d times", asked)
	}
}

// TestBrokenOff ends a look in the middle: that says nothing of the server, nor of the
// panels, which the next look asks at once.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	views := readViews(t, map[string]string{"01_a.sql": `-- about: a server, and a source that ends the look

-- panel: before
-- key: one
select 1 as one;

-- panel: ends
-- source: ends
-- key: a

-- panel: behind
-- key: one
-- every: 1min
select 1 as one;
`})
	ctx, end := context.WithCancel(t.Context())
	ends := monitor.SourceFunc(func(ctx context.Context) (monitor.Table, error) {
		end()
		return monitor.NewTable("a"), ctx.Err()
	})
	c := monitor.New(monitor.Options{Views: views, Server: at(warehousetest.Database(t)), Sources: map[string]monitor.Source{"ends": ends}})
	defer func() { _ = c.Close(context.Background()) }()
	for i, s := range []monitor.Sample{c.Sample(ctx), c.Sample(t.Context())} {
		panels := s.Views[0].Panels
		if broken := panels[1].Missing != "" || panels[2].Missing != ""; s.Fault != "" || panels[0].Missing != "" || broken != (i == 0) {
			t.Errorf("look %d: %q, %q, %q, %q", i, s.Fault, panels[0].Missing, panels[1].Missing, panels[2].Missing)
		}
	}
}
