package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine"
)

// TestRefusedUntilWitnessChanges refuses a unit for what stands in another dataset,
// remembers it, and asks again as soon as that dataset has other rows.
func TestRefusedUntilWitnessChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ test, file string }{
		"relationship": {test: "-- test: shop in shops.shop\n"},
		"data test": {file: `-- on: sales
select s.shop from sales as s where not exists (select 1 from shops as p where p.shop = s.shop)
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{
				"sql/contracts/raw_shops.sql": {Data: []byte("-- objects: shops/*.csv\ncreate table raw_shops (shop varchar not null, primary key (shop));\n")},
				"sql/contracts/raw_sales.sql": {Data: []byte("-- business date: sold_on\n-- objects: sales/*.csv\ncreate table raw_sales (id int not null, sold_on date not null, shop varchar not null, primary key (id));\n")},
				"sql/models/shops.sql":        {Data: []byte("-- grain: shop\nselect shop from raw_shops\n")},
				"sql/models/sales.sql":        {Data: []byte("-- grain: id\n" + c.test + "select id, sold_on, shop from raw_sales\n")},
			}
			if c.file != "" {
				files["sql/tests/known_shops.sql"] = &fstest.MapFile{Data: []byte(c.file)}
			}
			b := newBench(t, files)
			b.write("shops/a.csv", "shop\nnorth\n")
			b.write("sales/1.csv", "id,sold_on,shop\n1,2025-03-01,north\n")
			b.write("sales/2.csv", "id,sold_on,shop\n2,2025-03-02,south\n")
			first := b.run(engine.Selection{})
			if first.Exit != engine.ExitRefused || len(first.Verdicts) != 1 || first.Verdicts[0].Unit != "2025-03-02" {
				t.Fatalf("exit %d, verdicts %v; want 2025-03-02 refused", first.Exit, first.Verdicts)
			}
			again := b.run(engine.Selection{})
			if again.Exit != engine.ExitRefused || !strings.Contains(again.Verdicts[0].Reason, "as in run "+first.Run) {
				t.Fatalf("exit %d, verdicts %v; want what run %s found", again.Exit, again.Verdicts, first.Run)
			}
			b.write("shops/b.csv", "shop\nsouth\n")
			if mended := b.run(engine.Selection{}); mended.Exit != engine.ExitDone || len(mended.Verdicts) != 0 {
				t.Errorf("after the shop has come: exit %d, verdicts %v", mended.Exit, mended.Verdicts)
			}
			if got := b.lakeRows("sales", []string{"id"}); len(got) != 2 {
				t.Errorf("the lake holds the sales %v, want 2", got)
			}
		})
	}
}

// TestVerdictGoesWithItsEdit: an edit that is refused and taken back leaves nothing to
// make, and no verdict; the run after that changes nothing.
func TestVerdictGoesWithItsEdit(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{"seen": "-- grain: id\n-- test: n < 1000\nselect d, id, n from raw_a"})
	b := newBench(t, files)
	b.days(2)
	b.run(engine.Selection{})
	replace(t, files, "sql/models/seen.sql", "id, n from", "id, n + 1000 as n from")
	if refused := b.run(engine.Selection{}); refused.Exit != engine.ExitRefused || len(refused.Verdicts) != 2 {
		t.Fatalf("exit %d, verdicts %v; want both units refused", refused.Exit, refused.Verdicts)
	}
	replace(t, files, "sql/models/seen.sql", "n + 1000 as n", "n")
	back := b.run(engine.Selection{})
	state := b.open(false).State()
	if !back.NothingToDo() || len(state.Verdicts["seen"]) > 0 {
		t.Errorf("taken back: made %v, verdicts %v", back.Units, state.Verdicts)
	}
	b.run(engine.Selection{})
	if again := b.open(false).State(); again.Number != state.Number {
		t.Errorf("an idle run wrote entry %d behind %d", again.Number, state.Number)
	}
}
