package main

import (
	"context"

	"github.com/shopspring/decimal"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/ledger"
	"ledgermill/warehouse"
)

// lakeSide is the lake's half of a reconciliation: DuckDB over one published file.
type lakeSide struct {
	duck *lakeReader
	part engine.Part
}

var _ warehouse.Lake = lakeSide{}

func (l lakeSide) published(ctx context.Context, columns []string) (duckdb.Published, error) {
	location, err := l.duck.location(ctx, l.part)
	return duckdb.Published{Location: location, BusinessDate: l.part.BusinessDate, Columns: columns, Control: l.part.Control}, err
}

// Figures implements warehouse.Lake.
func (l lakeSide) Figures(ctx context.Context, columns []string) (warehouse.Figures, error) {
	published, err := l.published(ctx, columns)
	if err != nil {
		return warehouse.Figures{}, err
	}
	found, err := l.duck.Figures(ctx, published)
	figures := warehouse.Figures{Rows: found.Rows}
	for _, c := range found.Columns {
		total := warehouse.Total{Column: c.Column, Kind: warehouse.Kind(c.Kind), NonNull: c.NonNull, Min: c.Min, Max: c.Max}
		if c.Sum != nil {
			total.Sum = *c.Sum
		} else if c.NonNull == 0 {
			total.Sum = "0"
		}
		figures.Totals = append(figures.Totals, total)
	}
	if l.part.Control != nil {
		figures.Controls = []warehouse.Control{controlOf(l.part, found.Control)}
	}
	return figures, err
}

// Buckets implements warehouse.Lake.
func (l lakeSide) Buckets(ctx context.Context, columns []string) ([]warehouse.Bucket, error) {
	published, err := l.published(ctx, columns)
	if err != nil {
		return nil, err
	}
	found, err := l.duck.Buckets(ctx, published)
	buckets := make([]warehouse.Bucket, len(found))
	for i, b := range found {
		buckets[i] = warehouse.Bucket(b)
	}
	return buckets, err
}

// RowsIn implements warehouse.Lake.
func (l lakeSide) RowsIn(ctx context.Context, columns, buckets []string) ([]warehouse.HashedRow, error) {
	published, err := l.published(ctx, columns)
	if err != nil {
		return nil, err
	}
	return hashedRows(l.duck.RowsIn(ctx, published, buckets))
}

// RowsOf implements warehouse.Lake.
func (l lakeSide) RowsOf(ctx context.Context, columns, key []string, keys [][]*string) ([]warehouse.HashedRow, error) {
	published, err := l.published(ctx, columns)
	if err != nil {
		return nil, err
	}
	return hashedRows(l.duck.RowsOf(ctx, published, key, keys))
}

func hashedRows(found []duckdb.HashedRow, err error) ([]warehouse.HashedRow, error) {
	rows := make([]warehouse.HashedRow, len(found))
	for i, r := range found {
		rows[i] = warehouse.HashedRow(r)
	}
	return rows, err
}

// controlOf are control totals of the lake, for the warehouse to find again.
func controlOf(p engine.Part, tally ledger.Tally) warehouse.Control {
	control := warehouse.Control{By: p.Control.By}
	var sums []int
	for i, a := range p.Control.Aggregates {
		control.Count = append(control.Count, a.Column)
		if a.Func == "sum" {
			control.Sum, sums = append(control.Sum, a.Column), append(sums, i)
		}
	}
	for _, g := range tally.Groups {
		row := warehouse.ControlRow{Count: g.Records}
		for _, by := range g.By {
			row.By = append(row.By, nullable(by))
		}
		for _, i := range sums {
			row.Sums = append(row.Sums, sumText(g, i))
		}
		for i := range p.Control.Aggregates {
			row.Counts = append(row.Counts, g.Records-g.Unreadable[i])
		}
		control.Rows = append(control.Rows, row)
	}
	return control
}

// nullable is nil for the empty text: a contract reads no empty text, so it stands
// for null.
func nullable(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func sumText(g ledger.Group, i int) string {
	if g.Unreadable[i] == g.Records {
		return ""
	}
	return g.Sums[i].String()
}

// tallyOf are control totals as the warehouse found them, in the form of the
// ledger's: what controlOf makes of a tally, taken back.
func tallyOf(p engine.Part, l warehouse.Loaded) (t ledger.Tally, err error) {
	if p.Control == nil || len(l.Controls) == 0 {
		return ledger.Tally{Records: l.Rows}, nil
	}
	for _, row := range l.Controls[0].Rows {
		g := ledger.Group{Records: row.Count}
		for _, by := range row.By {
			text := ""
			if by != nil {
				text = *by
			}
			g.By = append(g.By, text)
		}
		sums := row.Sums
		for i, a := range p.Control.Aggregates {
			value := decimal.NewFromInt(row.Counts[i])
			if a.Func == "sum" {
				value = decimal.Decimal{}
				if sums[0] != "" {
					if value, err = decimal.NewFromString(sums[0]); err != nil {
						return t, err
					}
				}
				sums = sums[1:]
			}
			g.Sums, g.Unreadable = append(g.Sums, value), append(g.Unreadable, row.Count-row.Counts[i])
		}
		t = t.Plus(ledger.Tally{Records: g.Records, Groups: []ledger.Group{g}})
	}
	return t, nil
}
