package warehouse

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// batches are the comparisons that PostgreSQL answers by one scan: the days of a
// month that is one leaf would each scan the month.
func (r *reconciliation) batches() [][]comparison {
	var batches [][]comparison
	at := map[string]int{}
	for _, c := range r.jobs {
		i, there := at[c.leaf]
		if there && c.leaf != "" && c.side.table.family(c.side.table.key) == "date" && slices.Equal(c.columns, batches[i][0].columns) {
			batches[i] = append(batches[i], c)
			continue
		}
		at[c.leaf] = len(batches)
		batches = append(batches, []comparison{c})
	}
	return batches
}

// compare compares the parts of a batch. PostgreSQL answers from one snapshot.
func (r *reconciliation) compare(ctx context.Context, conn *pgx.Conn, batch []comparison) error {
	lakes := make([]Figures, len(batch))
	for i, c := range batch {
		var err error
		if lakes[i], err = c.part.Lake.Figures(ctx, c.columns); err != nil {
			return err
		}
	}
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(pgx.Tx) error {
		answers, err := r.ask(ctx, conn, batch, lakes)
		if err != nil {
			return err
		}
		for i, c := range batch {
			if err := r.settle(ctx, conn, c, lakes[i], answers[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// answer is what PostgreSQL has of one part.
type answer struct {
	figures Figures
	buckets []Bucket
}

// ask computes the figures of all parts at once where it can: where there are many,
// and the lake has columns of the same kinds in all of them.
func (r *reconciliation) ask(ctx context.Context, conn *pgx.Conn, batch []comparison, lakes []Figures) ([]answer, error) {
	alike := func(f Figures) bool {
		return slices.EqualFunc(f.Totals, lakes[0].Totals, func(x, y Total) bool { return x.Kind == y.Kind })
	}
	if len(batch) > 1 && !slices.ContainsFunc(lakes, func(f Figures) bool { return !alike(f) }) {
		return r.askByDay(ctx, conn, batch, lakes[0])
	}
	answers := make([]answer, len(batch))
	for i, c := range batch {
		var err error
		if answers[i].figures, err = c.side.measure(ctx, conn, lakes[i].Totals, lakes[i].Controls); err != nil {
			return nil, err
		}
		if r.request.Rows {
			if answers[i].buckets, err = c.side.buckets(ctx, conn, lakes[i].Totals); err != nil {
				return nil, err
			}
		}
	}
	return answers, nil
}

func (r *reconciliation) askByDay(ctx context.Context, conn *pgx.Conn, batch []comparison, like Figures) ([]answer, error) {
	all, key := batch[0].side, quote(batch[0].side.table.key)
	first := slices.MinFunc(batch, func(a, b comparison) int { return a.part.From.Compare(b.part.From) }).part
	last := slices.MaxFunc(batch, func(a, b comparison) int { return a.part.From.Compare(b.part.From) }).part
	all.unit = fmt.Sprintf("%s to %s", first.Unit, last.Unit)
	all.condition = fmt.Sprintf("%s >= %s and %s < %s", key, literal(dateText(first.From)), key, literal(dateText(last.To)))
	figures, err := all.measureByDay(ctx, conn, like.Totals, like.Controls)
	if err != nil {
		return nil, err
	}
	var buckets map[string][]Bucket
	if r.request.Rows {
		if buckets, err = all.bucketsByDay(ctx, conn, like.Totals); err != nil {
			return nil, err
		}
	}
	answers := make([]answer, len(batch))
	for i, c := range batch {
		day := dateText(c.part.From)
		f, there := figures[day]
		if !there {
			if f, err = emptyDay(like); err != nil {
				return nil, err
			}
		}
		answers[i] = answer{figures: f, buckets: buckets[day]}
	}
	return answers, nil
}

// measureByDay computes what measure does for each day that has rows.
func (s side) measureByDay(ctx context.Context, conn *pgx.Conn, totals []Total, controls []Control) (map[string]Figures, error) {
	groups, err := s.scan(ctx, conn, totals, Control{By: []string{s.table.key}})
	if err != nil {
		return nil, err
	}
	all := map[string]Figures{}
	days, _ := byDay(groups)
	for day, own := range days {
		var f Figures
		if err := f.add(own, totals); err != nil {
			return nil, s.fault(err)
		}
		all[day] = f
	}
	for _, c := range controls {
		groups, err := s.scan(ctx, conn, nil, Control{Sum: c.Sum, Count: c.Count, By: append([]string{s.table.key}, c.By...)})
		if err != nil {
			return nil, err
		}
		days, _ := byDay(groups)
		for day, f := range all {
			f.Controls = append(f.Controls, c.with(days[day]))
			all[day] = f
		}
	}
	return all, nil
}

// emptyDay are the figures of a day without rows.
func emptyDay(like Figures) (f Figures, err error) {
	err = f.add(nil, like.Totals)
	for _, c := range like.Controls {
		f.Controls = append(f.Controls, c.with(nil))
	}
	return f, err
}

// settle compares both sides of one part.
func (r *reconciliation) settle(ctx context.Context, conn *pgx.Conn, c comparison, lake Figures, found answer) (err error) {
	u := &r.units[c.at]
	u.Rows, u.WarehouseRows = lake.Rows, found.figures.Rows
	if u.Differences, err = compare(lake, found.figures); err != nil {
		return c.side.fault(err)
	}
	c.mask(u.Differences)
	if r.request.Rows {
		if err := c.compareRows(ctx, conn, lake.Totals, found.buckets, u); err != nil {
			return err
		}
	}
	switch {
	case len(u.Differences) > 0 && u.State == Agrees:
		u.State = Differs
	case u.State == Agrees && c.part.Gone:
		u.State = Gone
	}
	return nil
}
