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

// lockWait is how long a reader may wait for a lock. The server itself ends a query
// that waits longer. To it comes what the slowest query takes without any load: on a
// busy machine a process that holds a lock waits for its turn too. Beside all other
// tests the bound is a loose one.
func lockWait() time.Duration {
	if warehousetest.Long() {
		return 100 * time.Millisecond
	}
	return 2 * time.Second
}

// practice is how many queries each reader makes to find that out.
const practice = 200

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
	conns := make([]*pgx.Conn, readers)
	for i := range conns {
		conns[i] = connect(t, url)
		c.group.Go(func() error {
			for range practice {
				if _, err := c.once(ctx, conns[i], rows); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := c.group.Wait(); err != nil {
		t.Fatal(err)
	}
	alone := time.Duration(c.slowest.Swap(0))
	bound := lockWait() + alone
	t.Logf("the slowest query without a load %s, so readers may wait %s", alone.Round(time.Millisecond), bound.Round(time.Millisecond))
	c.group = new(errgroup.Group)
	for i, conn := range conns {
		if _, err := conn.Exec(t.Context(), fmt.Sprintf("set lock_timeout = '%dms'", bound.Milliseconds())); err != nil {
			t.Fatal(err)
		}
		c.group.Go(func() error {
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
		edition, err := c.once(ctx, conn, rows)
		if err != nil {
			return err
		}
		if counts && edition != last {
			c.seen.Add(1)
			last = edition
		}
	}
	return nil
}

// once reads the day and returns its edition.
func (c *crowd) once(ctx context.Context, conn *pgx.Conn, rows int) (string, error) {
	var n int
	var first, final string
	begun := time.Now()
	// A query that is under way when the test ends is finished.
	err := conn.QueryRow(context.WithoutCancel(ctx), "select count(*), min(note), max(note) from payments where booked_on = '2025-01-31'").Scan(&n, &first, &final)
	if err != nil {
		return "", fmt.Errorf("reader: %w", err)
	}
	if n != rows || first != final {
		return "", fmt.Errorf("a reader saw %d rows of editions %s to %s, want %d of one", n, first, final, rows)
	}
	took := time.Since(begun).Nanoseconds()
	for slowest := c.slowest.Load(); took > slowest && !c.slowest.CompareAndSwap(slowest, took); slowest = c.slowest.Load() {
	}
	c.queries.Add(1)
	return first, nil
}

func (c *crowd) disperse(t *testing.T) {
	t.Helper()
	c.stop()
	if err := c.group.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("%d queries, the slowest %s, one reader saw %d editions", c.queries.Load(), time.Duration(c.slowest.Load()).Round(time.Millisecond), c.seen.Load())
}

// dayEdition is an edition of one day.
func dayEdition(n, rows int) []warehouse.Part {
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
	f.load(dayEdition(0, rows)...)
	c := gather(t, f.url, rows)
	for n := range loads {
		f.load(dayEdition(n+1, rows)...)
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
	f.load(dayEdition(0, rows)...)
	long := connect(t, f.url)
	if _, err := long.Exec(t.Context(), "begin; select count(*) from payments where booked_on = '2025-01-31'"); err != nil {
		t.Fatal(err)
	}
	c := gather(t, f.url, rows)
	done := make(chan error, 1)
	go func() {
		_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: dayEdition(1, rows)})
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
