package duckdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

const landingContract = `-- business date: booked_on
-- key conflict: latest by seq
-- control: sum(amount) by currency
-- objects: <_day>.csv
create table raw_bookings (
  id varchar not null, seq int not null, booked_on date not null, amount decimal(18, 2) not null, currency varchar default 'EUR',
  constraint small check (amount < 1000),
  primary key (id)
);`

// landings is an engine with a contract, and the directory of its objects.
type landings struct {
	*duckdb.Engine
	contract *contract.Contract
	dir      string
}

func newLandings(t *testing.T) *landings {
	t.Helper()
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	l := &landings{dir: t.TempDir()}
	if l.contract, err = contract.Parse(t.Context(), "raw_bookings.sql", landingContract, judge); err != nil {
		t.Fatal(err)
	}
	if l.Engine, err = duckdb.Open(t.Context(), duckdb.Settings{Work: l.dir, Threads: 2}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// object writes one and counts it as a mill does.
func (l *landings) object(t *testing.T, key string, lines ...string) job.Object {
	t.Helper()
	text := "id,seq,booked_on,amount,currency\n" + strings.Join(lines, "\n") + "\n"
	path := filepath.Join(l.dir, key)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var broken bytes.Buffer
	report, err := records.Scan(t.Context(), strings.NewReader(text), records.Dialect{Delimiter: ',', Quote: '"', Escape: '"'}, &broken)
	if err == nil {
		err = os.WriteFile(path+".broken", broken.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	section := l.contract.Sections[0]
	mapping, err := l.contract.Match(section, report.Header)
	if err != nil {
		t.Fatal(err)
	}
	return job.Object{Key: key, ETag: "etag of " + key, Path: path, Section: section, Mapping: mapping, Report: report, Broken: path + ".broken", NewLine: report.NewLine()}
}

func (l *landings) land(t *testing.T, objects ...job.Object) []ledger.Cell {
	t.Helper()
	cells, err := l.Land(t.Context(), l.contract, objects)
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

// history are objects of one day each, with late records, copies, conflicts and
// records that no unit can be told of.
func (l *landings) history(t *testing.T) []job.Object {
	t.Helper()
	var objects []job.Object
	for day := 1; day <= 4; day++ {
		var lines []string
		for i := range 50 {
			lines = append(lines, fmt.Sprintf("%d-%d,%d,2025-01-%02d,%d.50,", day, i, i, day, i))
		}
		lines = append(lines,
			fmt.Sprintf("late-%d,1,2025-01-01,1.25,USD", day), fmt.Sprintf("%d-0,0,2025-01-%02d,0.50,EUR", day, day),
			fmt.Sprintf("1-7,%d,2025-01-01,9.99,EUR", 100+day), fmt.Sprintf("big-%d,1,2025-01-%02d,5000,EUR", day, day), fmt.Sprintf("undated-%d,1,2025-02-30,1,EUR", day))
		o := l.object(t, fmt.Sprintf("day%d.csv", day), lines...)
		o.Order = day
		objects = append(objects, o)
	}
	return objects
}

// TestPark settles units from what is in memory and from what was parked object by
// object: the accounts, the rejects and the records without a date are the same.
func TestPark(t *testing.T) {
	t.Parallel()
	units := []job.Unit{"2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04", "2025-01-05"}
	inMemory := newLandings(t)
	inMemory.land(t, inMemory.history(t)...)
	want, err := inMemory.Settle(t.Context(), inMemory.contract, units, filepath.Join(inMemory.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}

	l := newLandings(t)
	objects := l.history(t)
	for _, o := range objects {
		l.land(t, o)
		if err := l.Park(t.Context(), l.contract); err != nil {
			t.Fatal(err)
		}
	}
	var got []job.Settled
	for _, batch := range [][]job.Unit{units[3:], units[:1], units[1:3]} {
		if err := l.Recall(t.Context(), l.contract, batch); err != nil {
			t.Fatal(err)
		}
		settled, err := l.Settle(t.Context(), l.contract, batch, filepath.Join(l.dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, settled...)
	}
	byUnit := map[job.Unit]job.Settled{}
	for _, s := range got {
		byUnit[s.Unit] = s
	}
	for _, w := range want {
		g := byUnit[w.Unit]
		if diff := cmp.Diff(w.Cells, g.Cells); diff != "" {
			t.Errorf("accounts of %s in memory and parked (-want +got):\n%s", w.Unit, diff)
		}
		if (w.Rejects == nil) != (g.Rejects == nil) {
			t.Errorf("rejects of %s: %v in memory, %v parked", w.Unit, w.Rejects, g.Rejects)
		} else if w.Rejects != nil && !sameFile(t, w.Rejects.Path, g.Rejects.Path) {
			t.Errorf("rejects of %s differ", w.Unit)
		}
	}
	for i, o := range objects {
		one, other := filepath.Join(inMemory.dir, fmt.Sprint("stray", i)), filepath.Join(l.dir, fmt.Sprint("stray", i))
		a, errA := inMemory.Strays(t.Context(), l.contract, o.Key, one)
		b, errB := l.Strays(t.Context(), l.contract, o.Key, other)
		if errA != nil || errB != nil || a == nil || b == nil || a.Rows != 1 || !sameFile(t, one, other) {
			t.Errorf("records without a date of %s: %v %v in memory, %v %v parked", o.Key, a, errA, b, errB)
		}
	}
	if err := l.Release(t.Context(), l.contract.Name); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(l.dir, "ledgermill-*", "parked", "*", "*")); left != nil {
		t.Errorf("released, and still there: %v", left)
	}
}

// TestLandAfterFault lands an object that holds another number of records than
// were counted: it is named, and the others stay as they were.
func TestLandAfterFault(t *testing.T) {
	t.Parallel()
	l := newLandings(t)
	l.land(t, l.object(t, "a.csv", "1,1,2025-01-01,1,EUR"))
	shrunk := l.object(t, "b.csv", "2,1,2025-01-01,2,EUR", "3,1,2025-01-01,3,EUR")
	shrunk.Report.Records++
	var fault *job.CountError
	if _, err := l.Land(t.Context(), l.contract, []job.Object{l.object(t, "c.csv", "4,1,2025-01-01,4,EUR"), shrunk}); !errors.As(err, &fault) || fault.Object != "b.csv" {
		t.Fatalf("landing an object of 2 records as one of 3: %v", err)
	}
	l.land(t, l.object(t, "c.csv", "4,1,2025-01-01,4,EUR"))
	settled, err := l.Settle(t.Context(), l.contract, []job.Unit{"2025-01-01"}, l.dir)
	if err != nil {
		t.Fatal(err)
	}
	if sum := ledger.Sum(settled[0].Cells).Accepted; sum.Records != 2 || sum.Groups[0].Sums[0].String() != "5" {
		t.Errorf("accepted %d records, sum %v; want 2 of 5", sum.Records, sum.Groups)
	}
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	one, errA := os.ReadFile(a)
	other, errB := os.ReadFile(b)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	return string(one) == string(other)
}
