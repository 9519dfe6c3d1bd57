package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
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

// refusing is a warehouse whose loads fail; seen is what the ledger says meanwhile.
type refusing struct {
	err  error
	seen func()
}

func (w refusing) Load(context.Context, engine.LoadRequest) (engine.LoadReport, error) {
	w.seen()
	return engine.LoadReport{}, w.err
}

// TestByHandIsRecorded: the one record of a roll-back says how its load ended, and until
// then that it has not; that it is no run of the mill is said too, also of a closing.
func TestByHandIsRecorded(t *testing.T) {
	t.Parallel()
	for _, failed := range []error{nil, errors.New("the server is away")} {
		b := newBench(t, inPlaceProject())
		b.keep = 2
		b.write("t/1.csv", "id,d,v,note\n1,2025-01-01,1.50,a\n")
		first := b.run(engine.Selection{})
		b.write("t/1.csv", "id,d,v,note\n1,2025-01-01,2.50,a\n")
		b.run(engine.Selection{})
		m := b.open(true)
		last := func() ledger.RunSummary { return m.State().Runs[len(m.State().Runs)-1] }
		var meanwhile ledger.RunSummary
		m.Warehouse = refusing{failed, func() { meanwhile = last() }}
		m.ExitCode = func(error) int { return engine.ExitUnreachable }
		to, _ := m.State().Run(first.Run)
		done, err := m.Rollback(t.Context(), engine.Selection{Reason: "wrong"}, to)
		if !errors.Is(err, failed) || done == nil {
			t.Fatalf("%v, %v", done, err)
		}
		if meanwhile.Run != m.Run || meanwhile.Exit != engine.ExitFailed || meanwhile.Error == "" || !meanwhile.ByHand {
			t.Errorf("while it loads: %+v", meanwhile)
		}
		exit, says := engine.ExitDone, ""
		if failed != nil {
			exit, says = engine.ExitUnreachable, failed.Error()
		}
		if one := last(); one.Run != m.Run || one.Exit != exit || one.Error != says || one.Reason != "wrong" || one.Units != 2 || !one.ByHand || len(m.State().Runs) != 3 {
			t.Errorf("behind the load: %+v of %d", one, len(m.State().Runs))
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		m = b.open(true)
		if err := errors.Join(m.ClosePeriods(t.Context(), []job.Unit{"2025-01"}, false, ""), m.Close()); err != nil {
			t.Fatal(err)
		}
		if one := last(); one.Run != m.Run || !one.ByHand || one.Exit != engine.ExitDone || len(m.State().Runs) != 4 {
			t.Errorf("closing: %+v", one)
		}
		if found, err := ledger.Verify(t.Context(), m.Lake); err != nil || len(found.Faults) > 0 {
			t.Errorf("%+v, %v", found, err)
		}
	}
}
