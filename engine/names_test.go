package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

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
