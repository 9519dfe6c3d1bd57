package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"ledgermill/warehouse"
)

const (
	day1, day2 = "2025-01-31", "2025-02-01"
)

func asLayout(t *testing.T, err error) *warehouse.LayoutError {
	t.Helper()
	var layout *warehouse.LayoutError
	if !errors.As(err, &layout) {
		t.Fatalf("error %v, want a LayoutError", err)
	}
	return layout
}

func TestReconcileCatches(t *testing.T) {
	t.Parallel()
	rows := []payment{{"a", "1.00", text("EUR"), text("n"), text("1")}, {"b", "2.00", text("USD"), nil, nil}, {"c", "3.00", nil, nil, nil}}
	with := func(change func(r []payment) []payment) warehouse.Part {
		return payments(day1, day1, day2, change(append([]payment(nil), rows...))...)
	}
	cases := map[string]struct {
		sent         warehouse.Part
		column, what string
	}{
		"one row less": {with(func(r []payment) []payment { return r[:2] }), "", "rows"},
		"one row more": {with(func(r []payment) []payment { return append(r, payment{"d", "0.00", nil, nil, nil}) }), "", "rows"},
		"a cent off":   {with(func(r []payment) []payment { r[0].amount = "1.01"; return r }), "amount", "sum"},
		"a null":       {with(func(r []payment) []payment { r[0].note = nil; return r }), "note", "non-null values"},
		"another fee":  {with(func(r []payment) []payment { r[0].fee = text("2"); return r }), "fee", "sum"},
		"currencies swapped": {with(func(r []payment) []payment { r[0].currency, r[1].currency = r[1].currency, r[0].currency; return r }),
			"amount", `sum for currency = `},
		"unknown currency": {with(func(r []payment) []payment { r[0].currency = text("GBP"); return r }), "", `rows for currency = `},
		"null and empty":   {with(func(r []payment) []payment { r[2].currency = text(""); r[1].currency = nil; return r }), "", `rows for currency`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
			said := payments(day1, day1, day2, rows...)
			said.CSV = c.sent.CSV
			other := payments("2025-02-01", "2025-02-01", "2025-02-02", payment{"other", "1.00", nil, nil, nil})
			report, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{said, other}})
			var found *warehouse.ReconcileError
			if !errors.As(err, &found) || !errors.Is(err, warehouse.ErrReconcile) {
				t.Fatalf("error %v, want a ReconcileError", err)
			}
			if found.Column != c.column || !strings.HasPrefix(found.What, c.what) || found.Expected == found.Found || found.Table != "payments" || found.Unit != day1 {
				t.Errorf("error %+v, want column %q and %q", found, c.column, c.what)
			}
			diff(t, "rows", []string{"old", "other"}, f.all("select id from payments order by 1"))
			diff(t, "units", 1, report.Units)
			f.noStaged()
		})
	}
}

// failing sends text and then fails.
type failing struct {
	io.Reader
	err error
}

func (r failing) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		err = r.err
	}
	return n, err
}
func (failing) Close() error { return nil }

func TestKilledProducerLeavesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
	p := payments(day1, day1, day2, payment{"new", "2.00", nil, nil, nil})
	body := strings.Repeat("new,2025-01-31,2.00,,,,2025,1,31\n", 100_000)
	killed := errors.New("producer killed")
	p.CSV = func(context.Context, []string) (io.ReadCloser, error) {
		return failing{strings.NewReader(body), killed}, nil
	}
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{p}})
	var copying *warehouse.CopyError
	if !errors.As(err, &copying) || !errors.Is(err, killed) {
		t.Fatalf("error %v, want a CopyError of the producer's", err)
	}
	diff(t, "rows", "old", f.one("select id from payments"))
	f.noStaged()
}

func TestRefusedValueNamesColumnAndLine(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		body, column string
		line         int64
		text         string
	}{
		"number":     {"a,2025-01-31,1.00,,,,2025,1,31\nb,2025-01-31,1.00,,,x7,2025,1,31\n", "fee", 2, "invalid input syntax for type integer"},
		"date":       {"a,2025-13-31,1.00,,,,2025,1,31\n", "booked_on", 1, "out of range"},
		"other unit": {"a,2025-02-01,1.00,,,,2025,1,31\n", "", 1, "payments_p20250131_bounds"},
		"check":      {"a,2025-01-31,1.00,,,-1,2025,1,31\n", "", 1, "payments_fee"},
		"null":       {"a,2025-01-31,,,,,2025,1,31\n", "amount", 1, "null value"},
		"key twice":  {"a,2025-01-31,1.00,,,,2025,1,31\na,2025-01-31,1.00,,,,2025,1,31\n", "", 0, "payments_pkey"},
		"nul byte":   {"a\x00,2025-01-31,1.00,,,,2025,1,31\n", "", 1, "invalid byte sequence"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			p := payments(day1, day1, day2)
			p.Rows, p.Totals, p.Controls = int64(strings.Count(c.body, "\n")), nil, nil
			p.CSV = func(context.Context, []string) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(c.body)), nil
			}
			_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{p}})
			var copying *warehouse.CopyError
			if !errors.As(err, &copying) {
				t.Fatalf("error %v, want a CopyError", err)
			}
			if copying.Column != c.column || copying.Line != c.line || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v (column %q line %d), want column %q line %d and %q", err, copying.Column, copying.Line, c.column, c.line, c.text)
			}
			diff(t, "rows", "0", f.one("select count(*) from payments"))
			f.noStaged()
		})
	}
}

// TestRefusedPrivateValueIsNotTold has PostgreSQL refuse values of which each has Brien or
// 4711 in it.
func TestRefusedPrivateValueIsNotTold(t *testing.T) {
	t.Parallel()
	f := open(t)
	for body, want := range map[string]string{
		"a,2025-01-31,1.00,,,\"O\"\"Brien\",2025,1,31\n":           `line 1 column fee: ERROR: invalid input syntax for type integer: "***" (SQLSTATE 22P02)`,
		"a,2025-01-31,1.00,,,\"O\nBr\"\"Brien\",2025,1,31\n":       `line 1 column fee: ERROR: invalid input syntax for type integer: "***" (SQLSTATE 22P02)`,
		"a,2025-01-31,1.00,,,471147114711,2025,1,31\n":             `line 1 column fee: ERROR: value "***" is out of range for type integer (SQLSTATE 22003)`,
		"a,2025-47-11 \"\"Brien,1.00,,,,2025,1,31\n":               `line 1 column booked_on: ERROR: `,
		"a,2025-01-31,1.00,,,-4711,2025,1,31\n":                    `line 1: ERROR: new row for relation "***", constraint payments_fee (SQLSTATE 23514)`,
		"Brien\xff,2025-01-31,1.00,,,,2025,1,31\n":                 `line 1: ERROR: invalid byte sequence for encoding "***": "***" (SQLSTATE 22021)`,
		"Brien,2025-01-31,1,,,,,,\nBrien,2025-01-31,1,,,,,,\n":     `index payments_pkey: ERROR: could not create unique index "payments_p20250131_pkey`,
		"Brien,2025-01-31,4711471147114711471147.5,,,,2025,1,31\n": `line 1 column amount: ERROR: numeric field overflow (SQLSTATE 22003)`,
	} {
		p := payments(day1, day1, day2)
		p.Rows, p.Totals, p.Controls, p.Private = int64(strings.Count(body, "\n")), nil, nil, []string{"id"}
		p.CSV = func(context.Context, []string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(body)), nil
		}
		_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{p}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		if told := fmt.Sprintf("%+v", err); strings.Contains(told, "Brien") || strings.Contains(told, "4711") {
			t.Errorf("a private value is told: %s", told)
		}
	}
}

func TestColumnsMustMatch(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := payments(day1, day1, day2)
	p.Columns = append(p.Columns[1:], warehouse.Column{Name: "surprise", Type: "VARCHAR"}, warehouse.Column{Name: "note", Type: "VARCHAR[]"})
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{p}})
	var columns *warehouse.ColumnsError
	if !errors.As(err, &columns) {
		t.Fatalf("error %v, want a ColumnsError", err)
	}
	diff(t, "error", &warehouse.ColumnsError{Table: "payments", Dataset: "payments", NotInTable: []string{"surprise"},
		NotInLake: []string{"id"}, Nested: []string{"note (VARCHAR[])"},
		Migration: []string{"alter table public.payments add column surprise text;"}}, columns)
}

func TestLayoutFaults(t *testing.T) {
	t.Parallel()
	f := open(t)
	dated := func(change func(*warehouse.Part)) warehouse.Part {
		p := payments(day1, day1, day2)
		change(&p)
		return p
	}
	cases := map[string]struct {
		part warehouse.Part
		text string
	}{
		"no table":           {dated(func(p *warehouse.Part) { p.Table = "nowhere" }), "does not exist"},
		"not partitioned":    {dated(func(p *warehouse.Part) { p.Table = "people" }), "not partitioned"},
		"other date":         {dated(func(p *warehouse.Part) { p.BusinessDate = "sent_on" }), "is partitioned by booked_on"},
		"whole, partitioned": {dated(func(p *warehouse.Part) { p.From, p.To = time.Time{}, time.Time{} }), "is published whole"},
		"whole, other key":   {func() warehouse.Part { p := people(); p.Key = []string{"name"}; return p }(), "no primary key on name"},
	}
	for name, c := range cases {
		_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{c.part}})
		if layout := asLayout(t, err); !strings.Contains(layout.Reason, c.text) || layout.Try() == "" {
			t.Errorf("%s: %v, try %q", name, err, layout.Try())
		}
	}
}

// blocking never sends anything; Close ends it.
type blocking struct {
	started chan struct{}
	closed  chan struct{}
}

func (b blocking) Read([]byte) (int, error) {
	select {
	case b.started <- struct{}{}:
	default:
	}
	<-b.closed
	return 0, io.ErrClosedPipe
}

func (b blocking) Close() error {
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	return nil
}

func TestCancelClosesStreams(t *testing.T) {
	t.Parallel()
	f := open(t)
	b := blocking{make(chan struct{}, 1), make(chan struct{})}
	p := payments(day1, day1, day2)
	p.CSV = func(context.Context, []string) (io.ReadCloser, error) {
		return onceCloser{b, make(chan struct{}, 1)}, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := f.Load(ctx, warehouse.Request{Run: "r", Parts: []warehouse.Part{p}})
		done <- err
	}()
	<-b.started
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want cancelled", err)
	}
	f.noStaged()
	diff(t, "locks left", "0", f.one("select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"))
	f.load(payments(day1, day1, day2, payment{"a", "1.00", nil, nil, nil}))
}

// onceCloser makes a concurrent second Close harmless.
type onceCloser struct {
	io.ReadCloser
	token chan struct{}
}

func (c onceCloser) Close() error {
	select {
	case c.token <- struct{}{}:
		return c.ReadCloser.Close()
	default:
		return nil
	}
}

func TestSwapWaitsForReaders(t *testing.T) {
	t.Parallel()
	waits := newSignal("swap waits for readers")
	f := open(t, func(o *warehouse.Options) { o.Log = slog.New(waits) })
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
	f.exec("begin")
	f.exec("select count(*) from payments where booked_on = '2025-01-31'")
	done := make(chan error, 1)
	var report warehouse.Report
	go func() {
		var err error
		report, err = f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments(day1, day1, day2, payment{"new", "1.00", nil, nil, nil})}})
		done <- err
	}()
	<-waits.seen
	diff(t, "while a reader holds the day", "old", f.one("select id from payments"))
	f.exec("commit")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	diff(t, "after", "new", f.one("select id from payments"))
	if report.Retries == 0 {
		t.Error("no retry reported")
	}
}

func TestSwapDeadline(t *testing.T) {
	t.Parallel()
	f := open(t, func(o *warehouse.Options) { o.SwapDeadline = 300 * time.Millisecond })
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
	f.exec("set application_name = 'slow reader'")
	f.exec("begin")
	f.exec("select count(*) from payments")
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments(day1, day1, day2, payment{"new", "1.00", nil, nil, nil})}})
	var deadline *warehouse.SwapDeadlineError
	if !errors.As(err, &deadline) || !errors.Is(err, warehouse.ErrSwapDeadline) {
		t.Fatalf("error %v, want a SwapDeadlineError", err)
	}
	if len(deadline.Blockers) != 1 || !strings.Contains(deadline.Blockers[0], "slow reader") {
		t.Errorf("blockers %q", deadline.Blockers)
	}
	f.exec("commit")
	diff(t, "rows", "old", f.one("select id from payments"))
	f.noStaged()
}

func TestUnitSwapsAllTablesOrNone(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}), totals(day1, day1, day2, record("OLD", day1, "1.00", "1")))
	bad := totals(day1, day1, day2, record("NEW", day1, "2.00", "1"))
	bad.Rows = 2
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments(day1, day1, day2, payment{"new", "2.00", nil, nil, nil}), bad}})
	if !errors.Is(err, warehouse.ErrReconcile) {
		t.Fatalf("error %v", err)
	}
	diff(t, "rows", "old|OLD", f.one("select id, t.currency from payments join payment_totals t using (booked_on)"))
	f.noStaged()
}

// A backend killed in the middle is what the server's end of a killed load
// looks like.
func TestKilledLoadIsRepairedByTheNext(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
	f.exec("create table payments_p20250131__abcdef (like payments)")
	f.exec("comment on table payments_p20250131__abcdef is 'ledgermill: staged, not yet shown'")
	f.exec("create table payments_p20250131__fedcba (like payments)")
	parts := []warehouse.Part{payments(day1, day1, day2, payment{"new", "1.00", nil, nil, nil}), totals(day1, day1, day2, record("EUR", day1, "1.00", "1"))}
	csv := parts[1].CSV
	parts[1].CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		if _, err := f.conn.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ledgermill' and datname = current_database()"); err != nil {
			return nil, err
		}
		return csv(ctx, columns)
	}
	if _, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: parts}); err == nil {
		t.Fatal("no error from a load whose backends were killed")
	}
	diff(t, "rows", "old", f.one("select id from payments"))
	parts[1].CSV = csv
	f.load(parts...)
	diff(t, "rows after", "new", f.one("select id from payments"))
	diff(t, "other people's tables", []string{"payments_p20250131__fedcba"}, f.all("select relname from pg_class where relname like 'payments%\\_\\_%' and relkind = 'r'"))
}

func TestSecondLoadIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := payments(day1, day1, day2, payment{"a", "1.00", nil, nil, nil})
	csv := p.CSV
	p.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		if _, err := f.Load(ctx, warehouse.Request{Run: "other"}); !errors.Is(err, warehouse.ErrBusy) {
			t.Errorf("second load: %v, want ErrBusy", err)
		}
		return csv(ctx, columns)
	}
	f.load(p)
}

func TestUsersViewIsNotDropped(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
	f.exec("create view mine as select * from payments_p20250131")
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments(day1, day1, day2, payment{"new", "1.00", nil, nil, nil})}})
	if layout := asLayout(t, err); !strings.Contains(layout.Reason, "mine") {
		t.Errorf("reason %q does not name the view", layout.Reason)
	}
	diff(t, "rows", "old", f.one("select id from mine"))
	f.noStaged()
}
