package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// strangeNames are keys that somebody will send one day.
func strangeNames() []string {
	return []string{"plain", "two words", "a+b", "100%", "p%2fq", "p%20q", "ünïcödé 日本", `say "x"`, "it's", "a&b=c;d,e", "h#q", "what?", "st*r", "[x]", "{x}", `back\slash`,
		"~tilde", "(x)", "a@b", "a$b", "a!b", "a^b", "a|b", "<x>", "`x`", "a..b", "...", "=x", "x=1",
		strings.Repeat("long/", 180) + "name"}
}

// TestStrangeNames reads objects with strange keys, more of them than one listing
// holds where the flag asks for it, in nested prefixes: every record arrives once.
func TestStrangeNames(t *testing.T) {
	t.Parallel()
	onSitesIfAsked(t, func(t *testing.T, at site) {
		b := newBenchAt(t, strangeProject(), at)
		names, n := strangeNames(), 60
		if at.program != nil {
			n = 1_100
		}
		for i := range n {
			key := fmt.Sprintf("t/%d/%s", i/len(names), names[i%len(names)])
			if len(key) < 900 {
				key = fmt.Sprintf("t/%d/in %d/%s", i/len(names), i, names[i%len(names)])
			}
			b.write(key+".csv", fmt.Sprintf("id,v\n%d,1.25\n", i))
			if i%2 == 0 {
				b.write(key+".csv.control.json", `{"records": 1}`)
			}
		}
		report := b.run(engine.Selection{})
		if report.Read.Objects != n || report.Read.Records != int64(n) {
			t.Errorf("%d objects with %d records were read, want %d", report.Read.Objects, report.Read.Records, n)
		}
		if at.program != nil && !at.fetch && report.Reading.Objects < int64(n)/3 {
			t.Errorf("only %d objects were read in place", report.Reading.Objects)
		}
		unit, _ := b.open(false).State().Unit("raw_t", "whole")
		if sum := ledger.Sum(unit.Cells).Accepted; sum.Records != int64(n) || sum.Groups[0].Sums[0].StringFixed(2) != fmt.Sprintf("%.2f", 1.25*float64(n)) {
			t.Errorf("accepted %+v", sum)
		}
		if again := b.run(engine.Selection{}); !again.NothingToDo() {
			t.Errorf("a second run made %v", again.Units)
		}
	})
}

func strangeProject() fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_t.sql": {Data: []byte("-- about: things\n-- control: sum(v)\n-- objects: t/**/*.csv\ncreate table raw_t (id bigint not null, v decimal(18,2));\n")},
		"sql/models/t.sql":        {Data: []byte("-- publish: whole\n-- preserves: raw_t\nselect id, v from raw_t\n")},
	}
}

// TestPoisonHeaders reads objects whose senders call a field as the engine calls
// columns of its own: each is read right or refused, and none stops the run.
func TestPoisonHeaders(t *testing.T) {
	t.Parallel()
	names := []string{"\x1ffile", "\x1fFILE", "\x1fnumber", "\x1ftyped id", "\x1fbad id", "\x1fraw 0", "\x1ffails", "\x1frounded", "\x1fnone", "file_row_number", "filename", "_o", "_reasons"}
	for declared, refused := range map[string][]string{
		"":                 nil,
		", _record bigint": {"header clicks/2.ndjson", "unreadable clicks/9.parquet"},
	} {
		t.Run("numbered "+declared, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, fstest.MapFS{
				"sql/contracts/raw_clicks.sql": {Data: []byte("-- objects: clicks/*.{csv,ndjson,parquet}\ncreate table raw_clicks (id integer, _object varchar" + declared + ");\n")},
				"sql/models/clicks.sql":        {Data: []byte("select * from raw_clicks\n")},
			})
			for i, name := range names {
				key, err := json.Marshal(name)
				if err != nil {
					t.Fatal(err)
				}
				b.write(fmt.Sprintf("clicks/%d.csv", i), name+",id\nv,7\n")
				b.write(fmt.Sprintf("clicks/%d.ndjson", i), fmt.Sprintf("{%s: \"v\", \"id\": 7}\n", key))
				parquetFile(t, b, fmt.Sprintf("clicks/%d.parquet", i), `select 'v' as "`+name+`", 7 as id`)
			}
			b.write("clicks/wide.csv", "id"+strings.Repeat(",", 3_000)+"\n7"+strings.Repeat(",", 3_000)+"\n")
			refused := append([]string{"header clicks/wide.csv"}, refused...)
			slices.Sort(refused)
			report := b.run(engine.Selection{})
			var got []string
			for key, o := range b.open(false).State().Objects["raw_clicks"] {
				if o.Refused != nil {
					got = append(got, o.Refused.Reason+" "+key)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(refused, got); d != "" {
				t.Errorf("refused (-want +got):\n%s", d)
			}
			if account := accountOf(t, report, "raw_clicks"); account.Accepted.Records != int64(3*len(names)+1-len(refused)) {
				t.Errorf("%d records accepted", account.Accepted.Records)
			}
			if rows := lakeRows(t, b, "select distinct id from clicks"); len(rows) != 1 || rows[0][0] != "7" {
				t.Errorf("the lake holds %v", rows)
			}
		})
	}
}
