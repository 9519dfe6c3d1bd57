package warehouse_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ledgermill/warehouse"
)

// A month whose day is held by one table, and which is staged again without it in
// another: what fails only then is held in both.
func TestUnitThatFailsWhenStagedAgainShowsNowhere(t *testing.T) {
	t.Parallel()
	f := open(t, func(o *warehouse.Options) { o.Streams = 2 })
	var parts []warehouse.Part
	whole := make(chan struct{}) // the totals of January are staged: the next leaf has their stream
	next := sync.OnceFunc(func() { close(whole) })
	opening := func(p warehouse.Part, before func(ctx context.Context) error) warehouse.Part {
		csv := p.CSV
		p.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
			if err := before(ctx); err != nil {
				return nil, err
			}
			return csv(ctx, columns)
		}
		return p
	}
	for i := range 100 {
		at := date("2025-01-01").AddDate(0, 0, i)
		p, q := day(at, at.Format("a0102"), at.Format("b0102")), dayTotals(at, "2")
		switch at.Format("01-02") {
		case "01-05":
			p = opening(p, func(ctx context.Context) error {
				select {
				case <-whole:
				case <-ctx.Done():
				}
				return errors.New("never there")
			})
		case "01-09", "01-20":
			var opened atomic.Int64
			q = opening(q, func(context.Context) error {
				if opened.Add(1) > 1 {
					return errors.New("gone meanwhile")
				}
				return nil
			})
		}
		if at.Month() > time.January {
			p = opening(p, func(context.Context) error { next(); return nil })
		}
		parts = append(parts, p, q)
	}
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: parts})
	if err == nil || strings.Count(err.Error(), "gone meanwhile") != 2 || strings.Count(err.Error(), "never there") != 1 {
		t.Fatalf("error %v, want one of each day", err)
	}
	diff(t, "days of one table alone", []string{}, f.all(`select distinct coalesce(p.booked_on, t.booked_on)
		from payments p full join payment_totals t on t.booked_on = p.booked_on where p.booked_on is null or t.booked_on is null order by 1`))
	diff(t, "days that are held", []string{"2025-01-05", "2025-01-09", "2025-01-20"}, f.all(`select d::date from generate_series(date '2025-01-01', '2025-04-10', '1 day') d
		where not exists (select from payments where booked_on = d) order by 1`))
	f.truth("payments")
	f.noStaged()
}
