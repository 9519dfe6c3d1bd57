package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"ledgermill/bench/report/chart"
	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// series is cases that differ in their size alone.
type series struct {
	name  string
	cases []*result.Case // by size
}

// allSeries are one day of growing size, and growing numbers of days of one size.
func (b *bench) allSeries(s *result.Suite) []*series {
	day := &series{name: "one day"}
	list := []*series{day}
	byRows := map[string]*series{}
	for i := range s.Cases {
		c := &s.Cases[i]
		rows := c.Parameter(result.RowsADay)
		switch {
		case !c.Counts() || size(c) == 0:
			continue
		case c.Parameter(result.Days) == "1":
			day.cases = append(day.cases, c)
			continue
		case byRows[rows] == nil:
			byRows[rows] = &series{name: "days of " + rows + " rows"}
			list = append(list, byRows[rows])
		}
		byRows[rows].cases = append(byRows[rows].cases, c)
	}
	// The one day of so many rows is where their days begin.
	for _, c := range day.cases {
		if days := byRows[c.Parameter(result.RowsADay)]; days != nil {
			days.cases = append(days.cases, c)
		}
	}
	for _, one := range list {
		slices.SortStableFunc(one.cases, func(x, y *result.Case) int { return cmp.Compare(size(x), size(y)) })
	}
	return slices.DeleteFunc(list, func(one *series) bool { return len(one.cases) == 0 })
}

// size is the rows of a case by its parameters.
func size(c *result.Case) float64 {
	rows, err := strconv.ParseFloat(c.Parameter(result.RowsADay), 64)
	days, errDays := strconv.ParseFloat(c.Parameter(result.Days), 64)
	if err != nil || errDays != nil {
		return 0
	}
	return rows * days
}

// scale is how time and memory grow with the rows.
func (b *bench) scale() *Section {
	s := b.suite("scale")
	if s == nil {
		return nil
	}
	speed, memory := chart.Panel{Title: "rows a second", Unit: tickCount}, chart.Panel{Title: "peak memory", Unit: tickBytes}
	t := Table{Columns: []Column{{Title: "case"}, {Title: "rows", Numbers: true}, {Title: "time", Numbers: true}, {Title: "rows a second", Numbers: true}, {Title: "peak memory", Numbers: true}, {Title: "variation", Numbers: true}}}
	var fits List
	for i := range s.Cases {
		if c := &s.Cases[i]; c.Counts() && size(c) > 0 {
			t.Rows = append(t.Rows, []Cell{cell(b.link(c)), words(thousands(size(c))), number(b.median(c, Wall)), number(b.median(c, Rate)), number(b.median(c, Memory)), number(b.variation(c))})
		}
	}
	for _, one := range b.allSeries(s) {
		speed.Curves = append(speed.Curves, b.curve(one, Rate))
		if c := b.curve(one, Memory); len(c.X) > 0 {
			memory.Curves = append(memory.Curves, c)
		}
		fits = append(fits, b.growth(one)...)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	curves := chart.Curves{Title: "rows, both axes logarithmic", Unit: tickCount, Panels: []chart.Panel{speed}}
	if len(memory.Curves) > 0 {
		curves.Panels = append(curves.Panels, memory)
	}
	return &Section{ID: "scale", Title: "Scale", Blocks: []Block{
		Picture{Name: "scale", Label: "Rows a second and peak memory against rows, logarithmic", Chart: curves,
			Caption: Text{plain("Dots are medians, dashed lines what was fitted to them. Both level would be perfect: time grows with the rows, and memory not at all.")}},
		t, fits,
	}}
}

// curve is a field of a series, with what was fitted to it.
func (b *bench) curve(one *series, f Field) (c chart.Curve) {
	c.Name = one.name
	for _, of := range one.cases {
		if v := b.median(of, f); v != nil {
			c.X, c.Y = append(c.X, size(of)), append(c.Y, v.Value)
		}
	}
	if g, ok := stats.Fit(c.X, c.Y); ok {
		for _, x := range c.X {
			c.Fit = append(c.Fit, g.At(x))
		}
	}
	return c
}

// growth is the fitted exponent of time and of memory.
func (b *bench) growth(one *series) (list List) {
	for _, f := range []Field{Wall, Memory} {
		c := b.curve(one, f)
		g, ok := stats.Fit(c.X, c.Y)
		if !ok {
			continue
		}
		var ids []string
		for _, of := range one.cases {
			ids = append(ids, b.id(of))
		}
		fig := func(how How, v float64) Span {
			return figure(&Figure{Text: fmt.Sprintf("%.2f", v), Value: v, How: how, Field: f, Of: ids})
		}
		what := map[Field]string{Wall: "Time", Memory: "Peak memory"}[f]
		list = append(list, Text{strong(one.name + ": "), plain(what + " grows with the rows to the power of "), fig(Exponent, g.Exponent),
			plain(" (95 % interval "), fig(ExpLow, g.Low), plain(" to "), fig(ExpHigh, g.High), plain(", fitted to "), figure(count(ids)), plain(" sizes).")})
	}
	if len(list) == 0 {
		list = List{Text{strong(one.name + ": "), plain("too few sizes to fit an exponent.")}}
	}
	return list
}
