package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/job"
)

// small is a project of one feed and the given models.
func small(models map[string]string) fstest.MapFS {
	files := fstest.MapFS{"sql/contracts/raw_a.sql": {Data: []byte(`-- business date: d
-- key conflict: latest by n
-- control: sum(n)
-- objects: a/*.csv
create table raw_a (d date not null, id varchar not null, n integer not null, primary key (id));
`)}}
	for name, text := range models {
		files["sql/models/"+name+".sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func (b *bench) days(n int) {
	b.t.Helper()
	for i := 1; i <= n; i++ {
		b.write(fmt.Sprintf("a/%d.csv", i), fmt.Sprintf("d,id,n\n2025-01-%02d,x%d,1\n2025-01-%02d,x%d,1\n", i, i, i, i))
	}
}

// TestGrantsAcrossBatches reads more of a contract than the unit: what an earlier
// batch has landed and released is read again, and settled.
func TestGrantsAcrossBatches(t *testing.T) {
	t.Parallel()
	models := map[string]string{
		"seen": "-- grain: d\n-- reads raw_a: previous\nselect business_date as d, count(*) as records from raw_a, business_day group by business_date",
		"all":  "-- publish: whole\nselect cast(count(*) as integer) as records from raw_a",
		"runs": "-- grain: d\n-- reads runs: previous\nselect d, cast(sum(n) as bigint) + coalesce((select max(total) from runs), 0) as total from raw_a group by d",
	}
	var first map[string]string
	for _, batch := range []int{1, 2, 30} {
		b := newBench(t, small(models))
		b.batchDays, b.budget = batch, 1
		b.days(5)
		b.run(engine.Selection{})
		b.days(6)
		b.run(engine.Selection{})
		b.run(engine.Selection{Full: true})
		got := map[string]string{}
		for _, dataset := range []string{"seen", "all", "runs"} {
			columns := map[string][]string{"seen": {"d", "records"}, "all": {"records"}, "runs": {"d", "total"}}[dataset]
			got[dataset] = fmt.Sprint(b.lakeRows(dataset, columns))
		}
		want := map[string]string{
			"seen": "[[2025-01-01 1] [2025-01-02 2] [2025-01-03 2] [2025-01-04 2] [2025-01-05 2] [2025-01-06 2]]",
			"all":  "[[6]]",
			"runs": "[[2025-01-01 1] [2025-01-02 2] [2025-01-03 3] [2025-01-04 4] [2025-01-05 5] [2025-01-06 6]]",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("batches of %d (-want +got):\n%s", batch, d)
		}
		if files := lakeBytes(t, b); first == nil {
			first = files
		} else if d := cmp.Diff(first, files); d != "" {
			t.Errorf("batches of %d have other bytes:\n%s", batch, d)
		}
	}
}

// TestUndatedObject: an object that loses every record is refused by the limit,
// though no unit could say so.
func TestUndatedObject(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{"m": "-- grain: id\nselect d, id, n from raw_a"})
	files["sql/contracts/raw_a.sql"].Data = append([]byte("-- reject limit: 1 %\n"), files["sql/contracts/raw_a.sql"].Data...)
	b := newBench(t, files)
	b.days(1)
	b.write("a/2.csv", "d,id,n\n02/01/2025,y,1\n")
	report := b.run(engine.Selection{})
	if report.Exit != engine.ExitRefused {
		t.Errorf("exit %d, want %d", report.Exit, engine.ExitRefused)
	}
	if d := cmp.Diff([]job.Unit{"2025-01-01"}, madeUnits(report, "m")); d != "" {
		t.Errorf("made (-want +got):\n%s", d)
	}
}

// TestUndatedUnderOtherLimits: what refuses an object is the limit of today, and not the
// one that it was read under, be it by a run or by a plan.
func TestUndatedUnderOtherLimits(t *testing.T) {
	t.Parallel()
	const contract = "sql/contracts/raw_a.sql"
	files := small(map[string]string{"m": "-- grain: id\nselect d, id, n from raw_a"})
	files[contract].Data = append([]byte("-- reject limit: 1 %\n"), files[contract].Data...)
	b := newBench(t, files)
	b.cache = t.TempDir()
	b.days(2)
	b.run(engine.Selection{})
	refusal := func() string {
		if o := b.open(false).State().Objects["raw_a"]["a/2.csv"]; o.Refused != nil {
			return o.Refused.Reason + ": " + o.Refused.Detail
		}
		return ""
	}
	b.write("a/2.csv", "d,id,n\n02/01/2025,y,1\n")
	planned := b.plan(engine.Selection{}) // reads the object and keeps what it has found
	refused := b.run(engine.Selection{})
	if planned.Exit != engine.ExitRefused || refused.Exit != engine.ExitRefused || refusal() == "" {
		t.Fatalf("exit %d planned, %d made, want %d: %s", planned.Exit, refused.Exit, engine.ExitRefused, refusal())
	}
	if got := b.lakeRows("m", []string{"id"}); len(got) != 2 {
		t.Errorf("refused, and the lake holds %v", got)
	}
	replace(t, files, contract, "limit: 1 %", "limit: 99 %")
	if again := b.run(engine.Selection{}); again.Exit != engine.ExitRefused {
		t.Errorf("a limit that is still too low: exit %d", again.Exit)
	}
	replace(t, files, contract, "limit: 99 %", "limit: 100 %")
	allowed := b.run(engine.Selection{})
	if allowed.Exit != engine.ExitDone || refusal() != "" || len(allowed.Plan.Objects) != 1 || allowed.Plan.Objects[0].Change != engine.AllowedObject {
		t.Errorf("allowed: exit %d, %s, %+v", allowed.Exit, refusal(), allowed.Plan.Objects)
	}
	if got := fmt.Sprint(b.lakeRows("m", []string{"id"})); got != "[[x1]]" {
		t.Errorf("the lake holds %s: the object has no date any more", got)
	}
	if idle := b.run(engine.Selection{}); !idle.NothingToDo() || len(idle.Plan.Objects) > 0 {
		t.Errorf("and again: %+v", idle.Plan.Objects)
	}

	// Planned under a limit that allows it, and run under one that does not.
	b.write("a/3.csv", "d,id,n\n03/01/2025,z,1\n")
	if planned := b.plan(engine.Selection{}); planned.Exit != engine.ExitDone {
		t.Errorf("planned: exit %d", planned.Exit)
	}
	replace(t, files, contract, "limit: 100 %", "limit: 1 %")
	if made := b.run(engine.Selection{}); made.Exit != engine.ExitRefused {
		t.Errorf("under a lower limit: exit %d", made.Exit)
	}
	// Touched, and allowed.
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(b.input, "a", "3.csv"), later, later); err != nil {
		t.Fatal(err)
	}
	replace(t, files, contract, "limit: 1 %", "limit: 100 %")
	if made := b.run(engine.Selection{}); made.Exit != engine.ExitDone {
		t.Errorf("touched and allowed: exit %d", made.Exit)
	}
}

// TestHivePath: a raw key that looks like a partition says nothing of the records.
func TestHivePath(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{"m": "-- grain: id\nselect d, id, n from raw_a"})
	files["sql/contracts/raw_a.sql"].Data = []byte(`-- business date: d
-- objects: a/**.csv
create table raw_a (d date not null, id varchar not null, n integer not null, primary key (id));
`)
	b := newBench(t, files)
	b.write("a/n=7/d=2024-01-01/x.csv", "d,id,n\n2025-01-01,y,1\n")
	b.run(engine.Selection{})
	if got := fmt.Sprint(b.lakeRows("m", []string{"d", "id", "n"})); got != "[[2025-01-01 y 1]]" {
		t.Error(got)
	}
}
