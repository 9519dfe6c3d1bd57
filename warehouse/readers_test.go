package warehouse_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// readers is how many connections query the day while it is loaded again.
const readers = 8

// lockWait is how long the server lets a reader wait for a lock before it ends the
// query: what a reader may lose to a swap. Where the machine is shared with other
// tests the bound is a loose one.
func lockWait() string {
	if warehousetest.Long() {
		return "100ms"
	}
	return "1s"
}

// crowd reads the day in a loop until stopped and fails on anything but one whole
// edition.
type crowd struct {
	group   *errgroup.Group
	stop    context.CancelFunc
	queries atomic.Int64
	seen    atomic.Int64 // editions, counted by one reader
	slowest atomic.Int64 // nanoseconds
	failed  atomic.Bool
}

func gather(t *testing.T, url string, rows int) *crowd {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &crowd{stop: stop, group: new(errgroup.Group)}
	for i := range readers {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "set lock_timeout = '"+lockWait()+"'"); err != nil {
			t.Fatal(err)
		}
		c.group.Go(func() error {
			defer func() { _ = conn.Close(context.Background()) }()
			err := c.read(ctx, conn, rows, i == 0)
			if err != nil {
				c.failed.Store(true)
			}
			return err
		})
	}
	return c
}

func (c *crowd) read(ctx context.Context, conn *pgx.Conn, rows int, counts bool) error {
	last := ""
	for ctx.Err() == nil {
		var n int
		var first, final string
		begun := time.Now()
		// A query that is under way when the test ends is finished.
		err := conn.QueryRow(context.WithoutCancel(ctx), "select count(*), min(note), max(note) from payments where booked_on = '2025-01-31'").Scan(&n, &first, &final)
		if err != nil {
			return fmt.Errorf("reader: %w", err)
		}
		if n != rows || first != final {
			return fmt.Errorf("a reader saw %d rows of editions %s to %s, want %d of one", n, first, final, rows)
		}
		took := time.Since(begun).Nanoseconds()
		for slowest := c.slowest.Load(); took > slowest && !c.slowest.CompareAndSwap(slowest, took); slowest = c.slowest.Load() {
		}
		c.queries.Add(1)
		if counts && first != last {
			c.seen.Add(1)
			last = first
		}
	}
	return nil
}

func (c *crowd) disperse(t *testing.T) {
	t.Helper()
	c.stop()
	if err := c.group.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("%d queries, the slowest %s, one reader saw %d editions", c.queries.Load(), time.Duration(c.slowest.Load()).Round(time.Millisecond), c.seen.Load())
}

// day is an edition of one day.
func day(n, rows int) []warehouse.Part {
	note := text(fmt.Sprintf("e%03d", n))
	list := make([]payment, rows)
	for i := range list {
		list[i] = payment{fmt.Sprint("p", i), fmt.Sprintf("%d.00", n+1), text("EUR"), note, nil}
	}
	return []warehouse.Part{payments(day1, day1, day2, list...), totals(day1, day1, day2, record("EUR", day1, "1.00", fmt.Sprint(n)))}
}

func TestReadersSeeWholeDays(t *testing.T) {
	t.Parallel()
	loads := 12
	if warehousetest.Long() {
		loads = 50
	}
	const rows = 500
	f := open(t)
	f.load(day(0, rows)...)
	c := gather(t, f.url, rows)
	for n := range loads {
		f.load(day(n+1, rows)...)
	}
	c.disperse(t)
	if c.seen.Load() < 2 {
		t.Error("the readers never saw another edition")
	}
}

// A long query holds the swap up. The swap gives up its place in the queue again and
// again, so other readers get past it.
func TestLongQueryDelaysTheSwapAlone(t *testing.T) {
	t.Parallel()
	waits := newSignal("swap waits for readers")
	f := open(t, func(o *warehouse.Options) { o.Log = slog.New(waits) })
	const rows = 500
	f.load(day(0, rows)...)
	long := connect(t, f.url)
	if _, err := long.Exec(t.Context(), "begin; select count(*) from payments where booked_on = '2025-01-31'"); err != nil {
		t.Fatal(err)
	}
	c := gather(t, f.url, rows)
	done := make(chan error, 1)
	go func() {
		_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: day(1, rows)})
		done <- err
	}()
	tries := 3
	if warehousetest.Long() {
		tries = 20
	}
	for range tries {
		<-waits.seen
		before := c.queries.Load()
		for c.queries.Load() < before+readers { // they go on meanwhile
			if c.failed.Load() {
				c.disperse(t)
				t.FailNow()
			}
			time.Sleep(time.Millisecond)
		}
	}
	diff(t, "while the long query runs", "e000", f.one("select max(note) from payments where booked_on = '2025-01-31'"))
	if _, err := long.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.disperse(t)
	diff(t, "after it", "e001", f.one("select max(note) from payments where booked_on = '2025-01-31'"))
}
