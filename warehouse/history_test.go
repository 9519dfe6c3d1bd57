package warehouse_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"ledgermill/warehouse"
)

// historySchema declares, by SQL alone, a history of people and members of it
// that payments know first.
const historySchema = `
alter table people add column is_inferred boolean not null default false;
create table people_history (
  id text not null, valid_from date not null default '1900-01-01', valid_to date not null default '9999-12-31', is_current boolean not null default true,
  attribute_hash text not null, name text, city text, is_inferred boolean not null default false,
  primary key (id, valid_from), check (valid_from < valid_to), check (is_current = (valid_to = '9999-12-31'))
);
create unique index on people_history (id) where is_current;
insert into ledgermill.dimension_keys values ('payment_totals', 'currency', 'people', 'id', '{none,nobody''s}');
`

func (f *fixture) versions() []string {
	f.t.Helper()
	return f.all(`select id, valid_from, valid_to, name, city, is_inferred from people_history order by id, valid_from`)
}

// whole fails unless each key's versions follow each other without gap or
// overlap, and exactly one is current.
func (f *fixture) whole() {
	f.t.Helper()
	diff(f.t, "gaps, overlaps", []string{}, f.all(`
		select id, valid_from, valid_to, next from (
		  select *, lead(valid_from) over (partition by id order by valid_from) as next,
		         count(*) filter (where is_current) over (partition by id) as current,
		         min(valid_from) over (partition by id) as first
		  from people_history) h
		where valid_to is distinct from coalesce(next, '9999-12-31') or current <> 1 or first <> '1900-01-01'`))
	diff(f.t, "the current version is the dimension's row", []string{}, f.all(`
		select p.id from people p left join people_history h on h.id = p.id and h.is_current
		where row(h.name, h.city, h.is_inferred) is distinct from row(p.name, p.city, p.is_inferred)`))
}

func TestHistoryOfADimension(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.exec(historySchema)
	f.load(people(record("1", "Ann", "Ulm", "1.00"), record("2", "Bob", "~", "~")), day(date("2025-01-10")))
	first := []string{"1|1900-01-01|9999-12-31|Ann|Ulm|f", "2|1900-01-01|9999-12-31|Bob|~|f"}
	diff(t, "first", first, f.versions())
	hashes := f.all("select attribute_hash from people_history order by id")

	// What is not tracked makes no version, nor does the same again.
	f.load(people(record("1", "Ann", "Ulm", "2.00"), record("2", "Bob", "~", "~")), day(date("2025-01-11")))
	diff(t, "score alone", first, f.versions())
	diff(t, "hashes", hashes, f.all("select attribute_hash from people_history order by id"))

	f.load(people(record("1", "Ann", "Bonn", "2.00"), record("2", "Bob", "", "~"), record("3", "Cem", "Bern", "~")), day(date("2025-01-12")))
	second := []string{"1|1900-01-01|2025-01-12|Ann|Ulm|f", "1|2025-01-12|9999-12-31|Ann|Bonn|f",
		"2|1900-01-01|2025-01-12|Bob|~|f", "2|2025-01-12|9999-12-31|Bob||f", "3|1900-01-01|9999-12-31|Cem|Bern|f"}
	diff(t, "second", second, f.versions())

	// Corrected on the same date: no version of no length. A key that goes stays
	// as it was last known, and comes back as another version.
	f.load(people(record("1", "Ann", "Köln", "2.00"), record("3", "Cem", "Bern", "~")))
	second[1] = "1|2025-01-12|9999-12-31|Ann|Köln|f"
	diff(t, "corrected", second, f.versions())
	f.load(people(record("1", "Ann", "Köln", "2.00"), record("2", "Bob", "Rom", "~"), record("3", "Cem", "Bern", "~")), day(date("2025-01-20")))
	second = append(second[:3], "2|2025-01-12|2025-01-20|Bob||f", "2|2025-01-20|9999-12-31|Bob|Rom|f", second[4])
	diff(t, "come back", second, f.versions())
	f.whole()
	diff(t, "joined to the version of its time", []string{"2025-01-10|Ulm", "2025-01-11|Ulm", "2025-01-12|Köln", "2025-01-20|Köln"},
		f.all("select booked_on, city from payments join people_history h on h.id = '1' and valid_from <= booked_on and booked_on < valid_to order by 1"))
}

// What is in no lake comes back from a backup: restored into an empty database before
// the first load, versions and closed rows are what they were.
func TestHistoryIsRestoredBeforeALoad(t *testing.T) {
	t.Parallel()
	lost := open(t)
	lost.exec(historySchema)
	facts := []warehouse.Part{day(date("2025-01-10")), totals("2025-01-10", "2025-01-10", "2025-01-11", record("2", "2025-01-10", "1.00", "1"))}
	lost.load(append(facts, people(record("1", "Ann", "Ulm", "1.00"), record("2", "Bob", "Rom", "1.00")))...)
	now := []warehouse.Part{day(date("2025-01-11")), people(record("1", "Ann", "Bonn", "1.00"))}
	lost.load(now...)
	rows := func(f *fixture) []string {
		return f.all("select id, name, city, is_inferred, closed_at from people order by id")
	}
	states, err := lost.Partitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var alone []string
	for _, s := range states {
		alone = append(alone, s.Alone...)
	}
	diff(t, "tables to back up", []string{"people", "people_history"}, alone)

	bare, restored := open(t), open(t)
	bare.exec(historySchema)
	restored.exec(historySchema)
	for _, name := range alone {
		kept := lost.one("select jsonb_agg(x) from " + name + " x")
		restored.exec("insert into "+name+" select * from jsonb_populate_recordset(null::"+name+", $1)", kept)
	}
	bare.load(append(facts, now...)...)
	restored.load(append(facts, now...)...)
	diff(t, "versions", lost.versions(), restored.versions())
	diff(t, "rows", rows(lost), rows(restored))
	restored.whole()
	diff(t, "without the backup", []string{"1|1900-01-01|9999-12-31|Ann|Bonn|f", "2|1900-01-01|9999-12-31|~|~|t"}, bare.versions())
}

// A record with a mistyped date, in a unit of its own, moves nothing that is
// counted from the last date; where all dates lie ahead, they are meant so.
func TestMistypedDateIsNotTheLast(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.exec(historySchema)
	counted := func(want string) {
		t.Helper()
		latest, found, err := f.LatestDate(t.Context())
		if err != nil || !found || latest.Format("2006-01-02") != want {
			t.Errorf("latest date is %v, %v, %v, want %s", latest, found, err, want)
		}
		kept, err := f.Retain(t.Context(), warehouse.Retention{Months: 1})
		if err != nil || kept.Floor != want[:8]+"01" {
			t.Errorf("floor is %s, %v, want that of %s", kept.Floor, err, want)
		}
	}
	f.load(people(record("1", "Ann", "Ulm", "~")), day(date("2099-01-01")))
	counted("2099-01-01")
	f.load(people(record("1", "Ann", "Bonn", "~")), day(date("2025-01-10")))
	f.load(people(record("1", "Ann", "Rom", "~")), day(date("2025-01-11")))
	diff(t, "versions", []string{"1|1900-01-01|2025-01-10|Ann|Ulm|f", "1|2025-01-10|2025-01-11|Ann|Bonn|f", "1|2025-01-11|9999-12-31|Ann|Rom|f"}, f.versions())
	counted("2025-01-11")
	f.whole()

	// The date of tomorrow is somewhere today's.
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Truncate(24 * time.Hour)
	f.load(people(record("1", "Ann", "Bern", "~")), day(tomorrow))
	counted(tomorrow.Format("2006-01-02"))
	diff(t, "version", "1|"+tomorrow.Format("2006-01-02")+"|9999-12-31|Ann|Bern|f", f.versions()[3])
}

// Many nights of changes, corrections and older dates leave no gap.
func TestHistoryHasNoGaps(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.exec(historySchema)
	at := date("2025-01-01")
	for night := range 12 {
		var rows [][]*string
		for id := range 8 {
			if (id+night)%5 != 0 {
				rows = append(rows, record(fmt.Sprint(id), "n", fmt.Sprint((id*7+night*night)%3), "~"))
			}
		}
		f.load(people(rows...), day(at.AddDate(0, 0, night/2*(1+night%3))))
		f.whole()
	}
}

func TestInferredMembers(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.exec(historySchema)
	members := func() []string {
		return f.all("select id, name, closed_at is null, is_inferred from people order by id")
	}
	at := date("2025-01-10")
	bad := dayTotals(at, "1")
	bad.Rows++
	if _, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{bad}}); err == nil {
		t.Fatal("no error")
	}
	diff(t, "after a unit that did not balance", []string{}, members())
	// Keys that come with the same load are none to infer, though their rows are
	// the last to come.
	late, balanced := people(record("1", "Ann", "Ulm", "~")), make(chan struct{})
	csv := late.CSV
	late.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		<-balanced
		return csv(ctx, columns)
	}
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{late,
		totals("2025-01-10", "2025-01-10", "2025-01-11", record("EUR", "2025-01-10", "1.00", "1"), record("1", "2025-01-10", "1.00", "1"),
			record("none", "2025-01-10", "1.00", "1"), record("nobody's", "2025-01-10", "1.00", "1"))},
		Progress: func(e warehouse.Event) {
			if e.Table == "payment_totals" && e.Step == warehouse.StepReconcile {
				close(balanced)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, "inferred", []string{"1|Ann|t|f", "EUR|~|t|t"}, members())
	diff(t, "versions", []string{"1|1900-01-01|9999-12-31|Ann|Ulm|f", "EUR|1900-01-01|9999-12-31|~|~|t"}, f.versions())
	f.whole()

	f.load(people(record("1", "Ann", "Ulm", "~"), record("2", "Bob", "Ulm", "~")))
	diff(t, "not closed by a load without it", []string{"1|Ann|t|f", "2|Bob|t|f", "EUR|~|t|t"}, members())
	f.load(people(record("1", "Ann", "Ulm", "~"), record("2", "Bob", "Ulm", "~"), record("EUR", "Eve", "Rom", "~")), day(date("2025-02-01")))
	diff(t, "repaired", []string{"1|Ann|t|f", "2|Bob|t|f", "EUR|Eve|t|f"}, members())
	diff(t, "its version is corrected, not followed", "EUR|1900-01-01|9999-12-31|Eve|Rom|f", f.versions()[2])
	f.whole()

	f.exec("insert into ledgermill.dimension_keys values ('payments', 'currency', 'codes', 'code')")
	_, err = f.Load(t.Context(), warehouse.Request{Run: "r", Parts: days("2025-03-01", 1)})
	if layout := asLayout(t, err); layout.Try() == "" {
		t.Error(layout)
	}
}
