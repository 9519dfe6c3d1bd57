package lineage_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/lineage"
	"ledgermill/engine/model"
)

// smallProject has a private column, a `read` line, comments, a table and a query.
func smallProject() fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_moves.sql": {Data: []byte(`-- about: moves of parcels
-- business date: moved_on
-- read moved_on: cast(stamp as date)
-- private: owner
-- objects: moves/*.csv
create table raw_moves (
  id       varchar       not null, -- the parcel
  owner    varchar,
  stamp    varchar,
  moved_on date          not null,
  weight   decimal(9, 2),
  constraint weight_positive check (weight > 0),
  primary key (id)
);
`)},
		"sql/models/moves.sql": {Data: []byte(`-- about: the moves
-- about heavy: more than ten
-- grain: id
-- load: moves_fact
-- test: not null weight, warn
select id, moved_on, lower(owner) as holder, count(owner) over () as owners, weight, -- in kilos
  case when weight > 10 then true else false end as heavy
from raw_moves where weight is not null
`)},
		"sql/models/per_day.sql": {Data: []byte("-- grain: moved_on\nselect moved_on, sum(weight) as total, max(holder) as someone, count(*) as moves, max(day) as d from moves group by moved_on\n")},
		"sql/tests/light.sql":    {Data: []byte("-- about: none is too light\nselect id from moves where weight < 1\n")},
		"queries/heavy.sql":      {Data: []byte("-- on: both\nselect id, weight, year from moves_fact where heavy\n")},
		"queries/server.sql":     {Data: []byte("-- on: warehouse\nselect id::text as t from moves_fact where ctid is not null\n")},
	}
}

func loadProject(t *testing.T, files fstest.MapFS) *model.Project {
	t.Helper()
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	binder, err := duckdb.NewBinder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = judge.Close(), binder.Close() }()
	p, err := model.Load(t.Context(), model.Options{FS: files, Judge: judge, Binder: binder})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func build(t *testing.T, files fstest.MapFS) (*model.Project, *lineage.Graph) {
	t.Helper()
	p := loadProject(t, files)
	g, err := lineage.Build(t.Context(), p, suiteBinder(t))
	if err != nil {
		t.Fatal(err)
	}
	return p, g
}

func writerOf(g *lineage.Graph) *lineage.Writer {
	return &lineage.Writer{Graph: g, Namespace: "depot", Project: "parcels", Version: "1", Raw: lineage.StorePlace("s3://raw/in"),
		Lake: lineage.StorePlace("file:///data/lake"), Warehouse: lineage.DatabasePlace("postgres://u:secret@db.example:6543/bank")}
}

// TestSpecification holds every kind of event to the schemas of OpenLineage.
func TestSpecification(t *testing.T) {
	t.Parallel()
	_, g := build(t, smallProject())
	spec := readSchemas(t)
	run := lineage.Run{Writer: writerOf(g), ID: "8c21aaaa", Started: time.Date(2025, 2, 1, 2, 0, 0, 0, time.UTC), Engine: "duckdb 1.5.5"}
	now := run.Started.Add(time.Minute)
	day := time.Date(2025, 1, 31, 0, 0, 0, 0, time.UTC)
	events := []lineage.Event{run.Begin(), run.BeginDataset("moves", "select 1", now),
		run.EndDataset("moves", now, lineage.Outcome{SQL: "select 1", Rows: 10, Bytes: 200, Files: 1, From: day, To: day.AddDate(0, 0, 1)}),
		run.EndDataset("per_day", now, lineage.Outcome{Failure: "a test failed"}),
		run.EndDataset(lineage.TableName("moves_fact"), now, lineage.Outcome{Rows: 10}),
		run.End(now, lineage.Outcome{}), run.End(now, lineage.Outcome{Failure: "the disk is full"})}
	events = append(events, run.Tests("moves", now, lineage.Outcome{Failure: "a test failed: unique id", Tests: []lineage.Assertion{
		{Assertion: "unique", Success: false, Name: "unique id", Column: "id", Severity: "error", Actual: "2 failing rows"}}})...)
	events = append(events, run.Jobs(g, now)...)
	var text bytes.Buffer
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range spec.check(data) {
			t.Errorf("%s of %s: %s", e.EventType, e.Job.Name, fault)
		}
		if strings.Contains(string(data), "secret") {
			t.Errorf("a password is in %s", data)
		}
		if err := json.Indent(&text, data, "", "  "); err != nil {
			t.Fatal(err)
		}
		text.WriteByte('\n')
	}
	golden(t, "testdata/events.golden", text.String())
	// The checker itself sees what is wrong.
	broken := []byte(`{"eventTime": "yesterday", "producer": "urn:x", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent", "evenType": "START", "job": {"namespace": "a", "name": "b"}}`)
	if faults := spec.check(broken); len(faults) < 3 {
		t.Errorf("the checker finds %v", faults)
	}
}

// TestPlaces names places as OpenLineage does.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want lineage.Place }{
		{lineage.StorePlace("s3://bucket"), lineage.Place{Namespace: "s3://bucket"}},
		{lineage.StorePlace("s3://bucket/a/b"), lineage.Place{Namespace: "s3://bucket", Prefix: "a/b"}},
		{lineage.StorePlace("file:///data/lake"), lineage.Place{Namespace: "file", Prefix: "/data/lake"}},
		{lineage.DatabasePlace("postgres://u:p@h/db"), lineage.Place{Namespace: "postgres://h:5432", Prefix: "db.public"}},
		{lineage.DatabasePlace(""), lineage.Place{Namespace: "postgres://localhost", Prefix: "public"}},
	} {
		if tt.got.Namespace != tt.want.Namespace || tt.got.Prefix != tt.want.Prefix {
			t.Errorf("%+v, want %+v", tt.got, tt.want)
		}
	}
}

// endpoint is one that answers as it is told, and keeps what it was sent.
type endpoint struct {
	mu      sync.Mutex
	answers []int // in turn, the last one again and again
	asked   int
	bodies  []string
	paths   []string
	keys    []string
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	status := e.answers[min(e.asked, len(e.answers)-1)]
	e.asked++
	if status/100 == 2 {
		e.bodies, e.paths, e.keys = append(e.bodies, string(body)), append(e.paths, r.URL.Path), append(e.keys, r.Header.Get("Authorization"))
	}
	w.WriteHeader(status)
}

func send(t *testing.T, o lineage.SendOptions, n int) string {
	t.Helper()
	var log bytes.Buffer
	o.Log, o.Wait = slog.New(slog.NewTextHandler(&log, nil)), time.Microsecond
	s := lineage.NewSender(o)
	for i := range n {
		s.Emit(lineage.Event{EventType: lineage.Start, Job: lineage.Job{Name: string(rune('a' + i))}})
	}
	s.Close()
	return log.String()
}

// TestSender sends in order, tries again what may pass, and gives up without a word
// more than one.
func TestSender(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers           []int
		sent, asked, logs int
	}{
		"all is well":           {answers: []int{201}, sent: 3, asked: 3},
		"a short outage":        {answers: []int{503, 503, 429, 200}, sent: 3, asked: 6},
		"down":                  {answers: []int{500}, sent: 0, asked: 4, logs: 2},
		"refuses":               {answers: []int{400}, sent: 0, asked: 1, logs: 2},
		"sends elsewhere":       {answers: []int{307}, sent: 0, asked: 1, logs: 2},
		"goes down on the road": {answers: []int{200, 500}, sent: 1, asked: 5, logs: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &endpoint{answers: tt.answers}
			server := httptest.NewServer(e)
			defer server.Close()
			log := send(t, lineage.SendOptions{URL: server.URL, Shown: "shown", APIKey: "k3y"}, 3)
			if len(e.bodies) != tt.sent || e.asked != tt.asked || strings.Count(log, "\n") != tt.logs {
				t.Errorf("%d sent, asked %d times, want %d and %d; log:\n%s", len(e.bodies), e.asked, tt.sent, tt.asked, log)
			}
			if strings.Contains(log, "k3y") || strings.Contains(log, server.URL) {
				t.Errorf("the log tells the URL or the key: %s", log)
			}
			for i, body := range e.bodies {
				if !strings.Contains(body, `"name":"`+string(rune('a'+i))+`"`) || e.paths[i] != "/api/v1/lineage" || e.keys[i] != "Bearer k3y" {
					t.Errorf("event %d: %s to %s with %q", i, body, e.paths[i], e.keys[i])
				}
			}
		})
	}
}

// TestSenderIsBounded closes beside an endpoint that never answers.
func TestSenderIsBounded(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-block:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(block)
	log := send(t, lineage.SendOptions{URL: server.URL + "/own/path", Shown: "shown", Flush: 50 * time.Millisecond}, 2)
	if !strings.Contains(log, "were not sent") {
		t.Errorf("log: %s", log)
	}
	if log := send(t, lineage.SendOptions{URL: "http://user:hush@127.0.0.1:1/x?token=hush", Shown: "shown"}, 1); strings.Contains(log, "hush") || log == "" {
		t.Errorf("log of an endpoint that is not there: %q", log)
	}
}

// TestSenderToFile appends lines, and makes the directory.
func TestSenderToFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "events.ndjson")
	for range 2 {
		if log := send(t, lineage.SendOptions{URL: path, Shown: path}, 2); log != "" {
			t.Error(log)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); lines++ {
		if !json.Valid(s.Bytes()) {
			t.Errorf("line %q", s.Text())
		}
	}
	if lines != 4 {
		t.Errorf("%d lines", lines)
	}
	blocked := filepath.Join(path, "below", "a-file")
	if log := send(t, lineage.SendOptions{URL: blocked, Shown: "shown"}, 1); !strings.Contains(log, "not sent") {
		t.Errorf("log of a file that cannot be made: %q", log)
	}
}

// TestGraph follows a small project from what senders write to the warehouse and the
// queries, with what is private and what columns mean.
func TestGraph(t *testing.T) {
	t.Parallel()
	_, g := build(t, smallProject())
	var b strings.Builder
	for _, name := range []string{"", "moves", "heavy", "warehouse:moves_fact.heavy", "raw_moves.weight", "raw_moves.moved_on", "moves_fact.year", "server"} {
		v, err := g.View(name)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("== " + name + "\n")
		if err := v.Text(&b); err != nil {
			t.Fatal(err)
		}
	}
	v, err := g.View("moves.heavy")
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("== dot\n")
	if err := v.Dot(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/graph.golden", b.String())
	for dataset, want := range map[string][]string{"raw_moves": {"owner"}, "moves": {"holder"}, "per_day": {"someone"}, "warehouse:moves_fact": {"holder"}, "light": nil} {
		if d := cmp.Diff(want, g.Private(dataset)); d != "" {
			t.Errorf("private of %s (-want +got):\n%s", dataset, d)
		}
	}
	for column, want := range map[string]string{"id": "the parcel", "weight": "in kilos", "heavy": "more than ten", "holder": ""} {
		if got := g.Dataset("moves").Column(column).About; got != want {
			t.Errorf("about %s: %q, want %q", column, got, want)
		}
	}
	if got := g.Dataset("warehouse:moves_fact").Column("id").About; got != "the parcel" {
		t.Errorf("about the table's id: %q", got)
	}
	var page bytes.Buffer
	if err := v.HTML(&page, "x</script><b>"); err != nil || strings.Contains(page.String(), "x</script>") || strings.Contains(page.String(), "http://") && !strings.Contains(page.String(), "www.w3.org") {
		t.Errorf("the page is not safe, or asks for more: %v", err)
	}
}

// TestUnknown names what is nearest to a name that nobody has.
func TestUnknown(t *testing.T) {
	t.Parallel()
	_, g := build(t, smallProject())
	for name, want := range map[string]string{
		"mvoes":            `no dataset or column is called mvoes, did you mean "moves"?`,
		"moves.wieght":     `no dataset or column is called moves.wieght, did you mean "moves.weight"?`,
		"id":               "id is a column of raw_moves, moves, warehouse:moves_fact, heavy, light: say which",
		"moves_fcat.heavy": `no dataset or column is called moves_fcat.heavy, did you mean "moves_fact"?`,
	} {
		if _, err := g.View(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// TestExamples follows every statement of the bank and of the examples: none may be
// unclear.
func TestExamples(t *testing.T) {
	t.Parallel()
	roots, err := filepath.Glob("../../examples/*")
	if err != nil || len(roots) == 0 {
		t.Fatal(err)
	}
	binder := suiteBinder(t)
	for _, root := range append(roots, "../..") {
		p := loadDirectory(t, root)
		g, err := lineage.Build(context.WithoutCancel(t.Context()), p, binder)
		if err != nil {
			t.Errorf("%s: %v", root, err)
			continue
		}
		for _, d := range g.Datasets {
			if d.Unclear != "" {
				t.Errorf("%s: %s: %s", root, d.Name, d.Unclear)
			}
		}
		if filepath.Clean(root) == filepath.Clean("../..") {
			risky := g.Upstream(lineage.Column{Dataset: "warehouse:transactions_fact", Column: "is_high_risk"})
			want := lineage.Edge{From: lineage.Column{Dataset: "raw_transactions", Column: "amount"}, To: lineage.Column{Dataset: "transactions", Column: "is_high_risk"}, How: lineage.Transformation}
			if !slices.Contains(risky, want) {
				t.Errorf("is_high_risk comes from %v", risky)
			}
		}
	}
}

func loadDirectory(t *testing.T, root string) *model.Project {
	t.Helper()
	files := fstest.MapFS{}
	for _, pattern := range []string{"sql/*/*.sql", "queries/*.sql"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.ToSlash(name)] = &fstest.MapFile{Data: data}
		}
	}
	return loadProject(t, files)
}
