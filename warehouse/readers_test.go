package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// readers is how many connections query the day while it is loaded again.
const readers = 8

// lockNotAvailable is how the server says that a query waited too long.
const lockNotAvailable = "55P03"

// lockWait is how long a reader may wait for a lock. The server itself ends a query
// that waits longer, so that this measures the wait alone, and not the query.
const lockWait = 100 * time.Millisecond

// stuck is how long a test waits for readers that do not get on at all.
const stuck = time.Minute

// crowd reads the day in a loop until stopped and fails on anything but one whole
// edition.
//
// On a busy machine the process that holds a lock waits for its turn, and so do those
// behind it. Two things keep that from failing a test: a reader that waited too long
// is counted, by swap, and some may be late; and a watch that touches no lock
// counts how often the machine itself let it wait as long.
type crowd struct {
	group   *errgroup.Group
	stop    context.CancelFunc
	queries atomic.Int64
	seen    atomic.Int64 // editions, counted by one reader
	slowest atomic.Int64 // nanoseconds
	stalls  atomic.Int64 // times that the machine kept the watch waiting
	failed  atomic.Bool
	swap    atomic.Int64 // which one is under way

	mu   sync.Mutex
	late map[int64]int // readers that waited too long, by swap
}

func gather(t *testing.T, url string, rows int) *crowd {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &crowd{stop: stop, group: new(errgroup.Group), late: map[int64]int{}}
	for i := range readers {
		conn := connect(t, url)
		if _, err := conn.Exec(t.Context(), fmt.Sprintf("set lock_timeout = '%dms'", lockWait.Milliseconds())); err != nil {
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
	conn := connect(t, url)
	c.group.Go(func() error { return c.watch(ctx, conn) })
	return c
}

// watch counts how often an answer that waits for nothing takes as long as a lock may.
func (c *crowd) watch(ctx context.Context, conn *pgx.Conn) error {
	for ctx.Err() == nil {
		begun := time.Now()
		if _, err := conn.Exec(context.WithoutCancel(ctx), "select pg_sleep(0.002)"); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		if time.Since(begun) > lockWait {
			c.stalls.Add(1)
		}
	}
	return nil
}

func (c *crowd) read(ctx context.Context, conn *pgx.Conn, rows int, counts bool) error {
	last := ""
	for ctx.Err() == nil {
		swap := c.swap.Load()
		edition, err := c.once(ctx, conn, rows)
		if refused := new(pgconn.PgError); errors.As(err, &refused) && refused.Code == lockNotAvailable {
			c.mu.Lock()
			c.late[swap]++
			c.mu.Unlock()
			continue
		}
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

// disperse ends the readers, and fails if one of them was late at half of the swaps,
// beyond what the machine stalled: a swap that holds its locks for too long, or waits
// too long in the queue for them, does so nearly every time.
func (c *crowd) disperse(t *testing.T, swaps int) {
	t.Helper()
	c.stop()
	if err := c.group.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("%d queries, the slowest %s, one reader saw %d editions; readers late at %d of %d swaps, %d stalls of the machine",
		c.queries.Load(), time.Duration(c.slowest.Load()).Round(time.Millisecond), c.seen.Load(), len(c.late), swaps, c.stalls.Load())
	if allowed := (swaps-1)/2 + int(c.stalls.Load()); len(c.late) > allowed {
		t.Errorf("readers waited over %s for a lock at %d of %d swaps, allowed are %d: %v", lockWait, len(c.late), swaps, allowed, c.late)
	}
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
		c.swap.Store(int64(n))
		f.load(dayEdition(n+1, rows)...)
	}
	c.disperse(t, loads)
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
	patience := time.After(stuck)
	for n := range tries {
		select {
		case <-patience:
			t.Fatal("the swap does not give up its place")
		case <-waits.seen:
		}
		c.swap.Store(int64(n))
		before := c.queries.Load()
		for c.queries.Load() < before+readers { // they go on meanwhile
			select {
			case <-patience:
				t.Fatalf("the readers do not get past the swap that waits: %d queries", c.queries.Load())
			case <-time.After(time.Millisecond):
			}
			if c.failed.Load() {
				c.disperse(t, tries)
				t.FailNow()
			}
		}
	}
	diff(t, "while the long query runs", "e000", f.one("select max(note) from payments where booked_on = '2025-01-31'"))
	if _, err := long.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.disperse(t, tries)
	diff(t, "after it", "e001", f.one("select max(note) from payments where booked_on = '2025-01-31'"))
}
