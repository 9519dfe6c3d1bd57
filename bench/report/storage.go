package report

import (
	"ledgermill/bench/report/chart"
	"ledgermill/bench/result"
)

// storage is the size of each form beside the time that it takes.
func (b *bench) storage() *Section {
	s := b.suite("storage")
	if s == nil {
		return nil
	}
	t := Table{Columns: []Column{{Title: "form"}, {Title: "size", Numbers: true}, {Title: "less than CSV", Numbers: true}, {Title: "write", Numbers: true}, {Title: "read", Numbers: true}, {Title: "variation", Numbers: true}}}
	write := chart.Scatter{TitleX: "size, both axes logarithmic", TitleY: "time to write", UnitX: tickBytes, UnitY: tickSeconds}
	read := chart.Scatter{TitleX: "size, both axes logarithmic", TitleY: "time to read", UnitX: tickBytes, UnitY: tickSeconds}
	for i := range s.Cases {
		c := &s.Cases[i]
		size := b.median(c, Written)
		if !c.Counts() || size == nil {
			continue
		}
		writes, reads := b.median(c, stagePrefix+"write"), b.median(c, stagePrefix+"read")
		if writes == nil && reads == nil {
			writes = b.median(c, Wall)
		}
		less := words("–")
		if by := s.Case(c.Baseline(result.Plain)); by != nil && by.Counts() && samples(by, Written) != nil {
			e := comparison{bench: b, of: c, by: by}.estimate(Written, true)
			less = number(e.figure(Value, e.ratio.Value, true))
		}
		t.Rows = append(t.Rows, []Cell{cell(b.link(c)), number(size), less, number(writes), number(reads), number(b.variation(c))})
		for _, one := range []struct {
			to *chart.Scatter
			f  *Figure
		}{{&write, writes}, {&read, reads}} {
			if one.f != nil {
				one.to.Points = append(one.to.Points, chart.Point{Label: label(c), Group: group(c), X: size.Value, Y: one.f.Value})
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	section := &Section{ID: "storage", Title: "Storage"}
	for _, one := range []struct {
		name string
		of   chart.Scatter
	}{{"write", write}, {"read", read}} {
		if len(one.of.Points) > 1 {
			section.Blocks = append(section.Blocks, Picture{Name: "storage-" + one.name, Label: "Scatter of size and time to " + one.name, Chart: one.of,
				Caption: Text{plain("Size and time to " + one.name + ": best is at the lower left.")}})
		}
	}
	section.Blocks = append(section.Blocks, t)
	return section
}

// group is what forms of storage are told apart by at a glance.
func group(c *result.Case) string {
	switch codec := c.Parameter(result.Codec); {
	case codec != "" && c.Parameter(result.Format) != "":
		return c.Parameter(result.Format) + " " + codec
	case c.Parameter(result.Format) != "":
		return c.Parameter(result.Format)
	}
	return "forms"
}
