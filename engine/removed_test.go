package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// remove takes an object out of the input.
func (b *bench) remove(key string) {
	b.t.Helper()
	if err := os.Remove(filepath.Join(b.input, filepath.FromSlash(key))); err != nil {
		b.t.Fatal(err)
	}
}

// twoFeeds is a project of two feeds with a model each.
func twoFeeds() fstest.MapFS {
	files := small(map[string]string{"a": "-- grain: id\nselect d, id, n from raw_a", "b": "-- grain: id\nselect d, id from raw_b"})
	files["sql/contracts/raw_b.sql"] = &fstest.MapFile{Data: []byte("-- business date: d\n-- objects: b/*.csv\n" +
		"create table raw_b (d date not null, id varchar not null, primary key (id));\n")}
	return files
}

// TestRemovedWithinSelection: an object that has vanished is removed only where its
// contract and all dates that it held were asked for.
func TestRemovedWithinSelection(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2025, 1, d, 0, 0, 0, 0, time.UTC) }
	rows := func(t *testing.T, b *bench, want int) {
		t.Helper()
		if got := b.lakeRows("a", []string{"id"}); len(got) != want {
			t.Errorf("the lake holds %v, want %d rows", got, want)
		}
	}
	t.Run("of another contract", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, twoFeeds())
		b.days(2)
		b.write("b/1.csv", "d,id\n2025-01-01,y1\n")
		b.write("b/2.csv", "d,id\n2025-01-02,y2\n")
		b.run(engine.Selection{})
		b.remove("a/2.csv")
		b.remove("b/2.csv")
		b.run(engine.Selection{AcceptRemoved: true, Datasets: []string{"raw_b", "b"}})
		b.run(engine.Selection{})
		rows(t, b, 2)
		if d := cmp.Diff([][]string{{"y1"}}, b.lakeRows("b", []string{"id"})); d != "" {
			t.Errorf("b (-want +got):\n%s", d)
		}
		b.run(engine.Selection{AcceptRemoved: true, Datasets: []string{"raw_a", "a"}})
		rows(t, b, 1)
	})
	t.Run("and holds no full run of others", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, twoFeeds())
		b.days(2)
		b.write("b/1.csv", "d,id\n2025-01-01,y1\n")
		b.run(engine.Selection{})
		b.remove("b/1.csv")
		if r := b.run(engine.Selection{Full: true, Datasets: []string{"raw_a", "a"}}); r.Exit != engine.ExitDone {
			t.Errorf("exit %d: %v", r.Exit, r.Verdicts)
		}
		if r := b.run(engine.Selection{Full: true, Datasets: []string{"b"}}); r.Exit != engine.ExitHeld {
			t.Errorf("what is made of it: exit %d, want %d", r.Exit, engine.ExitHeld)
		}
	})
	t.Run("of dates that its refused version has not", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, twoFeeds())
		b.days(1)
		b.write("a/more.csv", "d,id,n\n2025-01-02,x2,1\n2025-01-03,x3,1\n")
		b.run(engine.Selection{})
		b.write("a/more.csv", "no header of the contract\n")
		if refused := b.run(engine.Selection{}); refused.Exit != engine.ExitHeld {
			t.Fatalf("exit %d, want %d", refused.Exit, engine.ExitHeld)
		}
		b.remove("a/more.csv")
		b.run(engine.Selection{AcceptRemoved: true, From: day(2), To: day(2)})
		b.run(engine.Selection{})
		rows(t, b, 3)
		b.run(engine.Selection{AcceptRemoved: true, From: day(2), To: day(3)})
		rows(t, b, 1)
	})
}
