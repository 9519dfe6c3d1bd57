package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine"
)

// TestPoisonNames refuses objects whose names no ledger should hold, in every run,
// and publishes the others.
func TestPoisonNames(t *testing.T) {
	t.Parallel()
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_sales.sql": {Data: []byte("-- business date: sold_on\n-- objects: sales/*.csv\ncreate table raw_sales (id int not null, sold_on date not null, primary key (id));\n")},
		"sql/models/sales.sql":        {Data: []byte("-- grain: id\nselect id, sold_on from raw_sales\n")},
	})
	const text = "id,sold_on\n1,2025-03-01\n"
	for _, name := range []string{"bell\a", "new\nline", "latin\xe9", "it's 100% \"good\" [a]*{b}?;--", "ünï code"} {
		b.write("sales/"+name+".csv", text)
	}
	for range 2 {
		report := b.run(engine.Selection{})
		var refused []string
		for _, o := range report.Plan.Objects {
			if o.Change == engine.RefusedObject {
				refused = append(refused, o.Key)
			}
		}
		if got, want := strings.Join(refused, " "), `sales/bell\a.csv sales/latin\xe9.csv sales/new\nline.csv`; got != want || report.Exit != engine.ExitHeld {
			t.Errorf("refused %s, exit %d; want %s, exit %d", got, report.Exit, want, engine.ExitHeld)
		}
	}
	if rows := b.lakeRows("sales", []string{"id"}); len(rows) != 1 {
		t.Errorf("the lake holds %v, want the one row of the two objects of good names", rows)
	}
}
