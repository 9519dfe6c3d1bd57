package report

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// grid is queries by the layouts that they were run on.
type grid struct {
	place   string
	layouts []string
	names   []string
	at      map[[2]string]*result.Case // by query and layout
}

// grids are those of each place, warehouse and lake.
func (b *bench) grids(s *result.Suite) (list []*grid) {
	byPlace := map[string]*grid{}
	for i := range s.Cases {
		c := &s.Cases[i]
		name, layout, place := c.Parameter(result.Query), c.Parameter(result.Layout), c.Parameter(result.On)
		if name == "" || layout == "" {
			continue
		}
		g := byPlace[place]
		if g == nil {
			g = &grid{place: place, at: map[[2]string]*result.Case{}}
			byPlace[place] = g
			list = append(list, g)
		}
		if !slices.Contains(g.layouts, layout) {
			g.layouts = append(g.layouts, layout)
		}
		if !slices.Contains(g.names, name) {
			g.names = append(g.names, name)
		}
		g.at[[2]string{name, layout}] = c
	}
	return list
}

// queries is each named query on each layout: how long, and how much was read.
func (b *bench) queries() *Section {
	s := b.suite("queries")
	if s == nil {
		return nil
	}
	section := &Section{ID: "queries", Title: "Queries"}
	for _, g := range b.grids(s) {
		section.Blocks = append(section.Blocks, Text{strong(fmt.Sprintf("On the %s: ", g.place)), plain("time of each query, and how many times faster than on the first layout.")},
			b.heat(s, g), b.unhelped(s, g))
		if t := b.reading(s, g); t != nil {
			section.Blocks = append(section.Blocks, Text{strong(fmt.Sprintf("Read on the %s: ", g.place)), plain("counted by what reads, and how much less than on the first layout.")}, *t)
		}
	}
	if len(section.Blocks) == 0 {
		return nil
	}
	return section
}

func (g *grid) table() Table {
	t := Table{Columns: []Column{{Title: "query"}}}
	for _, l := range g.layouts {
		t.Columns = append(t.Columns, Column{Title: l, Numbers: true})
	}
	return t
}

// plainOf is a case beside the same query on the plain layout; false without.
func (b *bench) plainOf(s *result.Suite, c *result.Case) (comparison, bool) {
	by := s.Case(c.Baseline(result.Plain))
	return comparison{bench: b, of: c, by: by}, by != nil && by.Counts() && c.Counts()
}

// heat is the table of times, coloured by what a layout gives.
func (b *bench) heat(s *result.Suite, g *grid) Table {
	t := g.table()
	for _, name := range g.names {
		row := []Cell{words(name)}
		for i, l := range g.layouts {
			c := g.at[[2]string{name, l}]
			if i == 0 && c != nil {
				row[0] = cell(Span{Words: name, Case: b.id(c)})
			}
			switch {
			case c == nil:
				row = append(row, words(""))
			case !c.Counts():
				row = append(row, cell(Span{Words: reason(c), Case: b.id(c), Mark: Unsure}))
			default:
				row = append(row, b.heated(s, c))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (b *bench) heated(s *result.Suite, c *result.Case) Cell {
	text := Text{figure(b.median(c, Wall))}
	beside, ok := b.plainOf(s, c)
	if !ok {
		return Cell{Text: text}
	}
	e := beside.faster()
	text = append(text, plain(", "), figure(e.value()))
	switch {
	case e.verdict == stats.Slower:
		return Cell{Text: text, Heat: -1}
	case e.verdict != stats.Faster:
		return Cell{Text: text}
	case e.ratio.Value >= 10:
		return Cell{Text: text, Heat: 3}
	case e.ratio.Value >= 3:
		return Cell{Text: text, Heat: 2}
	}
	return Cell{Text: text, Heat: 1}
}

// unhelped names the queries that no layout makes faster, as far as that is known.
func (b *bench) unhelped(s *result.Suite, g *grid) Text {
	var names, noisy []string
	known := 0
	for _, name := range g.names {
		helped, measured, unsure := false, false, false
		for _, l := range g.layouts {
			if c := g.at[[2]string{name, l}]; c != nil {
				if beside, ok := b.plainOf(s, c); ok {
					measured = true
					verdict := beside.faster().verdict
					helped = helped || verdict == stats.Faster
					unsure = unsure || verdict == stats.TooNoisy
				}
			}
		}
		switch {
		case measured && !helped && unsure:
			noisy = append(noisy, name)
		case measured && !helped:
			names = append(names, name)
		}
		if measured {
			known++
		}
	}
	var text Text
	switch {
	case known == 0:
		return Text{plain("No query was measured on two layouts.")}
	case len(names)+len(noisy) == 0:
		return Text{plain("Each of them is faster on one layout at least.")}
	case len(names) > 0:
		text = Text{plain("No layout makes faster: "), strong(strings.Join(names, ", ")), plain(".")}
	}
	if len(noisy) > 0 {
		if text != nil {
			text = append(text, plain(" "))
		}
		text = append(text, plain("Too noisy to tell: "+strings.Join(noisy, ", ")+"."))
	}
	return text
}

// reading is the table of what was read, nil if nothing counted it.
func (b *bench) reading(s *result.Suite, g *grid) *Table {
	t, found := g.table(), false
	for _, name := range g.names {
		row := []Cell{words(name)}
		for i, l := range g.layouts {
			c := g.at[[2]string{name, l}]
			if c == nil || !c.Counts() {
				row = append(row, words(""))
				continue
			}
			if i == 0 {
				row[0] = cell(Span{Words: name, Case: b.id(c)})
			}
			field := Read
			if samples(c, Read) == nil {
				field = Blocks
			}
			f := b.median(c, field)
			found = found || f != nil
			text := Text{figure(f)}
			if beside, ok := b.plainOf(s, c); ok && f != nil && samples(beside.by, field) != nil {
				e := beside.estimate(field, true)
				text = append(text, plain(", "), figure(e.figure(Value, e.ratio.Value, true)))
			}
			row = append(row, Cell{Text: text})
		}
		t.Rows = append(t.Rows, row)
	}
	if !found {
		return nil
	}
	return &t
}

// reason is why a case does not count, in a word.
func reason(c *result.Case) string {
	switch {
	case c.Void != "":
		return "void"
	case c.Skipped != "":
		return "skipped"
	}
	return "not measured"
}
