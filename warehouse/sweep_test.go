package warehouse_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ledgermill/engine/config"
	"ledgermill/engine/faulttest"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// sweepDays are the units that each load of a sweep replaces, all of them.
var sweepDays = []string{"2025-01-30", "2025-01-31", "2025-02-01"}

// edition is one state of all tables: what is loaded is one edition or another.
func edition(n int) []warehouse.Part {
	var parts []warehouse.Part
	note := text(fmt.Sprint("e", n))
	for i, from := range sweepDays {
		to := append(sweepDays, "2025-02-02")[i+1]
		parts = append(parts,
			payments(from, from, to, payment{"a", fmt.Sprintf("%d.01", n+1), text("EUR"), note, nil}, payment{"b", "2.00", text("USD"), note, text("1")}),
			totals(from, from, to, record("EUR", from, fmt.Sprintf("%d.01", n+1), fmt.Sprint(n)), record("USD", from, "2.00", fmt.Sprint(n))))
	}
	return append(parts, people(record("p1", fmt.Sprint("name", n), "Paris", "1.00"), record("p2", "Bob", "~", "~")))
}

// sweep is the loader behind a proxy, and readers that go past it.
type sweep struct {
	*fixture
	proxy  *faulttest.Proxy
	behind *warehouse.Warehouse
	faults int
}

func newSweep(t *testing.T, url string) *sweep {
	t.Helper()
	s := &sweep{fixture: openAt(t, url), proxy: faulttest.NewProxy(t, url, faulttest.PostgreSQL)}
	behind, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(s.proxy.URL)})
	if err != nil {
		t.Fatal(err)
	}
	s.behind = behind
	s.load(edition(0)...)
	return s
}

// whole fails unless each day is one edition in both of its tables, and every row is
// there once.
func (s *sweep) whole(when string, editions ...int) {
	s.t.Helper()
	allowed := map[string]bool{}
	for _, n := range editions {
		allowed[fmt.Sprintf("2|e%d|e%d|2|%d|%d", n, n, n, n)] = true
	}
	for _, day := range sweepDays {
		got := s.one(`select p.rows, p.first, p.last, t.rows, t.first, t.last from
			(select count(*) as rows, min(note) as first, max(note) as last from payments where booked_on = $1::date) p,
			(select count(*) as rows, min(n) as first, max(n) as last from payment_totals where booked_on = $1::date) t`, day)
		if !allowed[got] {
			s.t.Errorf("%s: %s is %s, want one of %v", when, day, got, allowed)
		}
	}
	names := s.one("select name from people where id = 'p1'")
	if s.one("select count(*) from people") != "2" || !strings.HasPrefix(names, "name") {
		s.t.Errorf("%s: people %s", when, names)
	}
}

// once loads edition n with a fault at a message, then again without one. It returns
// false when the load did not come to that message.
func (s *sweep) once(n, at int, early bool, fault, repair func()) bool {
	s.t.Helper()
	when := fmt.Sprintf("edition %d, fault at message %d, early %v", n, at, early)
	s.proxy.Arm(at, early, fault)
	report, err := s.behind.Load(s.t.Context(), warehouse.Request{Run: "faulty", Parts: edition(n)})
	reached := s.proxy.Disarm() >= at
	repair()
	s.whole(when, n-1, n)
	if err == nil && reached && report.Units != len(sweepDays)+1 {
		s.t.Errorf("%s: no error, and %d units", when, report.Units)
	}
	if err != nil && reached {
		s.faults++
		var server *warehouse.ServerError
		var away *warehouse.UnreachableError
		if !errors.As(err, &server) && !errors.As(err, &away) {
			s.t.Errorf("%s: error without a remedy: %v", when, err)
		}
	}
	if err != nil && !reached {
		s.t.Fatalf("%s: %v", when, err)
	}
	missing, err := s.Missing(s.t.Context(), edition(n))
	if err != nil {
		s.t.Fatalf("%s: %v", when, err)
	}
	s.load(missing...)
	s.whole(when+", repaired", n)
	s.noStaged()
	if left := s.missing(edition(n)...); len(left) > 0 {
		s.t.Errorf("%s: still missing %v", when, left)
	}
	return reached
}

// run sweeps all messages of a load, or each stride-th.
func (s *sweep) run(stride int, fault, repair func()) {
	s.t.Helper()
	n := 0
	for at := 1; ; at += stride {
		n++
		if !s.once(n, at, n%2 == 0, fault, repair) {
			break
		}
		if s.t.Failed() {
			return
		}
	}
	s.t.Logf("%d points, %d loads failed and were repaired", n, s.faults)
	if s.faults == 0 {
		s.t.Error("no load failed")
	}
}

func TestConnectionsCutAtAnyPoint(t *testing.T) {
	t.Parallel()
	s := newSweep(t, warehousetest.Database(t))
	s.run(warehousetest.Stride(17, 5, 1), s.proxy.Cut, func() {})
}

func TestConnectionsRefusedFromAnyPointOn(t *testing.T) {
	t.Parallel()
	s := newSweep(t, warehousetest.Database(t))
	s.run(warehousetest.Stride(29, 11, 2), s.proxy.Refuse, func() {})
}

func TestServerKilledAtAnyPoint(t *testing.T) {
	t.Parallel()
	own := warehousetest.Own(t, map[string]string{"fsync": "on", "synchronous_commit": "on"})
	s := newSweep(t, own.URL)
	s.run(warehousetest.Stride(110, 41, 5), own.Kill, func() { own.Start(); s.reconnect(own.URL) })
}

func TestServerRestartedAtAnyPoint(t *testing.T) {
	t.Parallel()
	own := warehousetest.Own(t, nil)
	s := newSweep(t, own.URL)
	s.run(warehousetest.Stride(90, 37, 7), own.Restart, func() { s.reconnect(own.URL) })
}

// reconnect replaces what a server that went away has ended.
func (s *sweep) reconnect(url string) { s.conn = connect(s.t, url) }
