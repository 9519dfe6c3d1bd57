package engine_test

import (
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// TestRollbackBehindSteps puts a date back whose fact is made by way of a step that
// lies in no lake, and one that a correction has emptied.
func TestRollbackBehindSteps(t *testing.T) {
	t.Parallel()
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_sales.sql": {Data: []byte("-- business date: sold_on\n-- objects: sales/*.csv\ncreate table raw_sales (id int not null, sold_on date not null, fee int not null, primary key (id));\n")},
		"sql/models/priced.sql":       {Data: []byte("-- publish: no\nselect id, sold_on, fee + 1 as fee from raw_sales\n")},
		"sql/models/sales.sql":        {Data: []byte("-- grain: id\nselect id, sold_on, fee from priced\n")},
	})
	b.keep = 2
	b.write("sales/1.csv", "id,sold_on,fee\n1,2025-03-01,5\n")
	b.write("sales/2.csv", "id,sold_on,fee\n2,2025-03-02,7\n")
	first := b.run(engine.Selection{})
	want := b.lakeRows("sales", []string{"id", "fee"})
	b.write("sales/1.csv", "id,sold_on,fee\n1,2025-03-01,50\n")
	b.write("sales/2.csv", "id,sold_on,fee\n")
	b.run(engine.Selection{})
	b.write("sales/2.csv", "id,sold_on,fee\n2,2025-03-02,8\n")
	b.run(engine.Selection{})

	m := b.open(true)
	to, ok := m.State().Run(first.Run)
	if !ok {
		t.Fatalf("run %s is not recorded", first.Run)
	}
	done, err := m.Rollback(t.Context(), engine.Selection{From: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 3, 2, 0, 0, 0, 0, time.UTC)}, to)
	if err := errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	if len(done.Units) != 4 {
		t.Errorf("put back %v, want two units of the contract and two of the fact", done.Units)
	}
	if diff := cmp.Diff(want, b.lakeRows("sales", []string{"id", "fee"})); diff != "" {
		t.Errorf("sales (-want +got):\n%s", diff)
	}
}
