package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// brokenBench are so many objects with a good record and so many broken ones each,
// all of one chunk.
func brokenBench(t *testing.T, objects, broken int) *bench {
	t.Helper()
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_t.sql": {Data: []byte("-- about: t\n-- business date: d\n-- control: sum(n) by c\n-- objects: *.csv\ncreate table raw_t (d date not null, n decimal(18, 2), c varchar);\n")},
		"sql/models/t.sql":        {Data: []byte("select d, n, c from raw_t\n")},
	})
	text := "d,n,c\n2025-01-31,1.00,a\n" + strings.Repeat("x\n", broken-1) + "\"y\n"
	for i := range objects {
		b.write(fmt.Sprintf("%02d.csv", i), text)
	}
	return b
}

// TestMemoryOfBrokenRecords: thirty objects of nothing but broken records cost no more
// memory than one does, and every record becomes a reject. Not parallel: it watches the
// process' heap.
func TestMemoryOfBrokenRecords(t *testing.T) {
	const objects, broken, most = 30, 20_000, 32 << 20
	b := brokenBench(t, objects, broken)
	peak := watchHeap(t)
	report := b.run(engine.Selection{})
	if used := peak(); used > most {
		t.Errorf("%d broken records took %d bytes of memory, want %d at most", objects*broken, used, most)
	}
	if report.Exit != engine.ExitDone {
		t.Errorf("exit %d: %v", report.Exit, report.Verdicts)
	}
	for key, o := range b.open(false).State().Objects["raw_t"] {
		cell := ledger.Sum(o.Cells)
		group := cell.RejectedTotal().Groups
		if len(o.Cells) != 2 || rejectedRecords(cell)["field_count"] != broken-1 || rejectedRecords(cell)["quote"] != 1 || cell.Accepted.Records != 1 {
			t.Errorf("%s: %+v", key, o.Cells)
		}
		if len(group) != 1 || group[0].Records != broken || group[0].Unreadable[0] != broken {
			t.Errorf("%s: groups %+v", key, group)
		}
	}
	rejects := "read_parquet('" + filepath.Join(b.lake, "_rejects/**/*.parquet") + "')"
	got := lakeRows(t, b, "select count(*), count(distinct (object, record)), count(distinct reject_id), sum(byte_offset), min(record), max(record) from "+rejects)
	var offsets int64
	for i := range int64(broken) {
		offsets += int64(len("d,n,c\n2025-01-31,1.00,a\n")) + 2*i
	}
	if want := fmt.Sprint([]string{fmt.Sprint(objects * broken), fmt.Sprint(objects * broken), fmt.Sprint(objects * broken), fmt.Sprint(objects * offsets), "2", fmt.Sprint(broken + 1)}); fmt.Sprint(got[0]) != want {
		t.Errorf("rejects %v, want %s", got[0], want)
	}
	texts := lakeRows(t, b, "select reason, raw, count(*) from "+rejects+" group by all order by all")
	if want := fmt.Sprintf("[[field_count x %d] [quote \"y %d]]", objects*(broken-1), objects); fmt.Sprint(texts) != want {
		t.Errorf("rejects %v, want %s", texts, want)
	}
}

// TestBrokenRecordsLeaveTheDisk: what is listed of broken records is removed with what
// was landed of their objects, and of a refused object at once. A plan of more than
// fits into memory gives each object back before the next.
func TestBrokenRecordsLeaveTheDisk(t *testing.T) {
	t.Parallel()
	b := brokenBench(t, 3, 5)
	b.write("no_header.csv", "q,n,c\nx\nx\n")
	b.budget = 1
	m := b.open(false)
	b.t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := m.Plan(t.Context(), engine.Selection{}); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(m.Work, "broken")); err != nil || len(left) > 0 {
		t.Errorf("left of the plan: %v, %v", left, err)
	}
}

// TestLostBrokenRecords: where the list of broken records is not what was counted, the
// run fails rather than publish fewer rejects.
func TestLostBrokenRecords(t *testing.T) {
	t.Parallel()
	b := brokenBench(t, 1, 5)
	b.write("01.csv", "d,n,c\n2025-01-31,1.00,a\n")
	m := b.open(true)
	b.t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	m.Progress = func(p engine.Progress) {
		lists, err := filepath.Glob(filepath.Join(m.Work, "broken", "*"))
		if err != nil {
			t.Error(err)
		}
		for _, list := range lists {
			if err := os.Truncate(list, 0); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := m.Execute(t.Context(), engine.Selection{})
	if err == nil || !strings.Contains(err.Error(), "5 broken records were counted, and 0 are listed") {
		t.Errorf("%v", err)
	}
}

// watchHeap returns what tells by how much the heap has grown at most since.
func watchHeap(t *testing.T) (peak func() int64) {
	t.Helper()
	heap := func() int64 {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		return int64(now.HeapAlloc)
	}
	runtime.GC()
	before, most := heap(), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, heap()-before)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-stopped
		t.Logf("the heap grew by %d bytes at most", most)
		return most
	}
}
