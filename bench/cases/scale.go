package cases

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"

	"ledgermill/bench"
	"ledgermill/bench/result"
)

// mostRows is the largest day that is tried.
const mostRows = 10_000_000

// sizes are what the mill is tried with, from a hundredth of the run's rows: more rows
// in one day, and more days of few rows. The first is the smallest of both.
func sizes(p bench.Place) (all [][2]int) {
	least := max(p.Rows/100, 10)
	for rows, n := least, 0; n < 4 && rows <= mostRows; rows, n = rows*10, n+1 {
		all = append(all, [2]int{rows, 1})
	}
	for _, days := range []int{7, 30, 90, 365} {
		all = append(all, [2]int{least, days})
	}
	return all
}

func sizeName(s [2]int) string { return fmt.Sprintf("rows-%d-days-%d", s[0], s[1]) }

// scale runs the mill, lake and load, over sizes. Each size is compared with the one
// before it in its row: that of rows a day, or that of days.
func scale(p bench.Place, project fs.FS) bench.Suite {
	s := bench.Suite{Name: "scale", Weight: 5, Server: true, Answers: "How do time and memory of the mill grow with the rows of a day, and with the days?"}
	all := sizes(p)
	for i, one := range all {
		d := data{p, one[0], one[1]}
		c := bench.Case{Name: sizeName(one), Answers: fmt.Sprintf("the mill makes the lake and loads the warehouse: %d rows a day, %d days", one[0], one[1]),
			Parameters: []result.Pair{{Name: result.RowsADay, Value: strconv.Itoa(one[0])}, {Name: result.Days, Value: strconv.Itoa(one[1])}},
			Prepare: func(ctx context.Context) error {
				if err := d.make(ctx); err != nil {
					return err
				}
				return d.makeTemplate(ctx, project)
			},
			Ready: func(ctx context.Context) (*bench.Trial, error) { return d.productTrial(ctx, project) }}
		if i > 0 {
			smaller := all[i-1]
			if one[1] > 1 && smaller[1] == 1 {
				smaller = all[0]
			}
			c.Against = []result.Comparison{{Kind: result.Smaller, Case: sizeName(smaller)}}
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}
