package report

import (
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
	cases []*result.Case
	sizes []float64 // rows of each
}

// allSeries are one day of growing size, and growing numbers of days of one size.
func (b *bench) allSeries(s *result.Suite) (list []*series) {
	byName := map[string]*series{}
	for i := range s.Cases {
		c := &s.Cases[i]
		rows, errRows := strconv.ParseFloat(c.Parameter(result.RowsADay), 64)
		days, errDays := strconv.ParseFloat(c.Parameter(result.Days), 64)
		if errRows != nil || errDays != nil || !c.Counts() {
			continue
		}
		name := "one day"
		if days > 1 {
			name = fmt.Sprintf("days of %s rows", thousands(rows))
		}
		one := byName[name]
		if one == nil {
			one = &series{name: name}
			byName[name] = one
			list = append(list, one)
		}
		one.cases, one.sizes = append(one.cases, c), append(one.sizes, rows*days)
	}
	for _, one := range list {
		slices.SortFunc(one.cases, func(x, y *result.Case) int {
			if size(x) < size(y) {
				return -1
			}
			return 1
		})
		slices.Sort(one.sizes)
	}
	return list
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
	speed, memory := chart.Panel{Title: "rows a second", Unit: short}, chart.Panel{Title: "peak memory", Unit: bytes}
	t := Table{Columns: []Column{{Title: "case"}, {Title: "rows", Numbers: true}, {Title: "time", Numbers: true}, {Title: "rows a second", Numbers: true}, {Title: "peak memory", Numbers: true}, {Title: "variation", Numbers: true}}}
	var fits List
	for _, one := range b.allSeries(s) {
		for i, c := range one.cases {
			t.Rows = append(t.Rows, []Cell{cell(named(b.id(c))), words(thousands(one.sizes[i])), number(b.median(c, Wall)), number(b.median(c, Rate)), number(b.median(c, Memory)), number(b.variation(c))})
		}
		speed.Curves = append(speed.Curves, b.curve(one, Rate))
		if c := b.curve(one, Memory); len(c.X) > 0 {
			memory.Curves = append(memory.Curves, c)
		}
		fits = append(fits, b.growth(one)...)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	curves := chart.Curves{Title: "rows, both axes logarithmic", Unit: short, Panels: []chart.Panel{speed}}
	if len(memory.Curves) > 0 {
		curves.Panels = append(curves.Panels, memory)
	}
	return &Section{ID: "scale", Title: "Scale", Blocks: []Block{
		Picture{Name: "scale", Label: "Rows a second and peak memory against rows, logarithmic", Chart: curves,
			Caption: Text{plain("Level in the upper part and level in the lower one would be perfect: time grows with the rows, and memory not at all.")}},
		t, fits,
	}}
}

func (b *bench) curve(one *series, f Field) (c chart.Curve) {
	c.Name = one.name
	for i, of := range one.cases {
		if v := b.median(of, f); v != nil {
			c.X, c.Y = append(c.X, one.sizes[i]), append(c.Y, v.Value)
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

// short is a number in thousands, millions or thousands of millions.
func short(v float64) string {
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	switch {
	case v < 1e3:
		return text(v)
	case v < 1e6:
		return text(v/1e3) + " k"
	case v < 1e9:
		return text(v/1e6) + " M"
	}
	return text(v/1e9) + " G"
}
