package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// sentObject is an object of one day as a sender may write it, and how it is read
// where it lies in an object store: "" in place, else a part of why not.
type sentObject struct {
	name    string
	text    string // %[1]s is the day
	records int    // that its control file says; -1: there is none
	fetched string
}

// sentObjects are texts that the reader of DuckDB takes as well as some that it
// takes too, and should not.
func sentObjects() []sentObject {
	rows := func(n int, row func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(row(i))
		}
		return b.String()
	}
	plain := func(i int) string { return fmt.Sprintf("%d,%%[1]s,%d.50,name %d\n", i, i%100, i) }
	const head = "id,d,v,note\n"
	long := rows(20_000, plain) // longer than what is looked at before
	return []sentObject{
		{"plain", head + rows(10, plain), 10, ""},
		{"long", head + long, 20_000, ""},
		{"long_open", head + strings.TrimSuffix(long, "\n"), 20_000, ""},
		{"crlf", strings.ReplaceAll(head+rows(10, plain), "\n", "\r\n"), 10, ""},
		{"crlf_open", strings.TrimSuffix(strings.ReplaceAll(head+rows(10, plain), "\n", "\r\n"), "\r\n"), 10, ""},
		{"open", head + "1,%[1]s,1.00,a\n2,%[1]s,2.00,b", 2, ""},
		{"nulls", head + "1,%[1]s,,\n2,%[1]s,2.00,\n", 2, ""},
		{"mark", "\xEF\xBB\xBF" + head + "1,%[1]s,1.00,ü\n", 1, ""},
		{"needed_quotes", head + "1,%[1]s,1.00,\"a,b,c\"\n2,%[1]s,2.00,x\n", 2, ""},
		{"all_quotes", "\"id\",\"d\",\"v\",\"note\"\n\"1\",\"%[1]s\",\"1.00\",\"a,b\"\n\"2\",\"%[1]s\",\"\",\"\"\n", 2, ""},
		{"header_alone", head, 0, ""},
		{"refused_values", head + "1,%[1]s,not a number,a\n2,%[1]s,2.00,b\n", 2, ""},

		{"uncounted", head + rows(10, plain), -1, "no control file"},
		{"inner_quotes", head + "1,%[1]s,1.00,\"say \"\"x\"\"\"\n", 1, ""},
		{"two_lines", head + "1,%[1]s,1.00,\"a\nb\"\n", 1, "not one a line"},
		{"stray_quote", head + "1,%[1]s,1.00,a\"b\n2,%[1]s,2.00,b\n", 2, "not one a line"},
		{"empty_line", head + "1,%[1]s,1.00,a\n\n2,%[1]s,2.00,b\n", 2, ""},
		{"mixed_ends", head + "1,%[1]s,1.00,a\r\n2,%[1]s,2.00,b\n", 2, "not one a line"},
		{"short_record", head + "1,%[1]s,1.00\n2,%[1]s,2.00,b\n", 2, "not one a line"},

		// What shows only behind the first pieces.
		{"late_inner_quotes", head + long + "20001,%[1]s,1.00,\"say \"\"x\"\"\"\n", 20_001, ""},
		{"late_stray_quote", head + long + "20001,%[1]s,1.00,a\"b\n", 20_001, "hold a quote"},
		{"late_two_lines", head + long + "20001,%[1]s,1.00,\"a\nb\"\n", 20_001, "hold a quote, a line break"},
		{"late_nul", head + long + "20001,%[1]s,1.00,a\x00b\n", 20_001, "NUL"},
		{"late_empty_line", head + long + "\n", 20_000, ""},
		{"late_needless_quotes", head + long + "20001,%[1]s,1.00,\"ab\"\n", 20_001, ""},
		{"late_blank_before_quote", head + long + "20001,%[1]s,1.00, \"ab\"\n", 20_001, "bytes"},
		{"late_short_record", head + long + "20001,%[1]s,1.00\n", 20_001, "CSV Error"},
		{"late_bad_text", head + long + "20001,%[1]s,1.00,\xff\n", 20_001, "CSV Error"},
		{"late_mixed_ends", head + long + "20001,%[1]s,1.00,x\r\n", 20_001, "CSV"},
		// It would make up for the empty line if values alone were added up.
		{"late_made_up", head + long + "\n\n\n20001,%[1]s,1.00,a\"b\n", 20_001, "hold a quote"},
		{"miscounted", head + rows(10, plain), 11, "control: line 1: records"},
		{"gone_wrong", head + long + "20001,%[1]s,1.00,x\n", 20_002, "control: line 1: records"},
	}
}

// TestInPlaceIsFetchedIsLocal reads objects of every kind in directories, in place
// and fetched: the accounts and all bytes of the lake are equal.
func TestInPlaceIsFetchedIsLocal(t *testing.T) {
	t.Parallel()
	var lock sync.Mutex
	found := map[string]string{}
	files := map[string]map[string]string{}
	onSites(t, func(t *testing.T, at site) {
		b := newBenchAt(t, inPlaceProject(), at)
		log := &bytes.Buffer{}
		b.log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		for i, o := range sentObjects() {
			day := dayOf(i)
			b.write("t/"+day+" "+o.name+".csv", strings.ReplaceAll(o.text, "%[1]s", day))
			if o.records >= 0 {
				b.write("t/"+day+" "+o.name+".csv.control.json", fmt.Sprintf(`{"records": %d}`, o.records))
			}
		}
		b.run(engine.Selection{})
		if at.program != nil && !at.fetch {
			readAsExpected(t, log.String())
		}
		text, bytes := accountText(t, b.open(false).State()), lakeBytes(t, b)
		lock.Lock()
		defer lock.Unlock()
		found[at.name], files[at.name] = text, bytes
		for name := range found {
			if d := cmp.Diff(found[name], found[at.name]); d != "" {
				t.Errorf("accounts (-%s +%s):\n%s", name, at.name, d)
			}
			// A directory names versions otherwise than a store, and files carry the fingerprint.
			if d := cmp.Diff(files[name], files[at.name]); d != "" && name != "directory" && at.name != "directory" {
				t.Errorf("lake (-%s +%s):\n%s", name, at.name, d)
			}
		}
	})
}

func dayOf(i int) string {
	return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i).Format(time.DateOnly)
}

func inPlaceProject() fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_t.sql": {Data: []byte(`-- about: things
-- business date: d
-- control: sum(v)
-- objects: t/*.csv
create table raw_t (id bigint not null, d date not null, v decimal(18,2), note varchar);
`)},
		"sql/models/t.sql": {Data: []byte("-- preserves: raw_t\nselect id, d, v, note from raw_t\n")},
	}
}

// readAsExpected compares the log of a run with what is to be expected of each object.
func readAsExpected(t *testing.T, log string) {
	t.Helper()
	why := map[string]string{}
	for line := range strings.Lines(log) {
		var entry struct{ Msg, Object, Why string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(entry.Msg, "an object is fetched") && !strings.Contains(entry.Why, "did not prove itself") {
			why[entry.Object] = entry.Why
		}
	}
	for i, o := range sentObjects() {
		key := "t/" + dayOf(i) + " " + o.name + ".csv"
		if (why[key] == "") != (o.fetched == "") || !strings.Contains(why[key], o.fetched) {
			t.Errorf("%s was fetched because %q, want %q", key, why[key], o.fetched)
		}
	}
}

// accountText is what the ledger says of objects and units but for what only a store
// knows: the names of versions, and when they were made.
func accountText(t *testing.T, s *ledger.State) string {
	t.Helper()
	objects := map[string]any{}
	for feed, all := range s.Objects {
		for key, o := range all {
			var cells []ledger.Cell
			for _, c := range o.Cells {
				c.ETag = ""
				cells = append(cells, c)
			}
			objects[feed+" "+key] = []any{o.Size, o.Records, o.Text, o.Refused, cells}
		}
	}
	units := map[string]any{}
	for _, unit := range s.UnitNames("t") {
		u, _ := s.Unit("t", unit)
		units[unit] = []any{u.Content, u.Rows, u.Totals, u.Control}
	}
	verdicts := map[string]string{}
	for unit, v := range s.Verdicts["raw_t"] {
		verdicts[unit] = v.Reason
	}
	text, err := json.MarshalIndent([]any{objects, units, verdicts}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
