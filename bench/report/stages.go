package report

import (
	"slices"

	"ledgermill/bench/report/chart"
	"ledgermill/bench/result"
)

// stages is what the time of each rung is made of.
func (b *bench) stages() *Section {
	var cases []*result.Case
	for i, c := range b.rungs() {
		if i == 0 {
			cases = append(cases, c.by)
		}
		cases = append(cases, c.of)
	}
	cases = slices.DeleteFunc(cases, func(c *result.Case) bool { return len(c.Samples[0].Stages) == 0 })
	names := stageNames(cases)
	if len(names) == 0 {
		return nil
	}
	stacked := chart.Stacked{Names: names, Title: "time", Unit: tickSeconds}
	t := Table{Columns: []Column{{Title: "rung"}}}
	for _, name := range names {
		t.Columns = append(t.Columns, Column{Title: name, Numbers: true})
	}
	for _, c := range cases {
		stack := chart.Stack{Row: chart.Row{Label: label(c), Note: b.median(c, Wall).Text}, Parts: make([]float64, len(names))}
		row := []Cell{cell(b.link(c))}
		for i, name := range names {
			f := b.median(c, Field(stagePrefix+name))
			if f != nil {
				stack.Parts[i] = f.Value
			}
			row = append(row, number(f))
		}
		stacked.Stacks = append(stacked.Stacks, stack)
		t.Rows = append(t.Rows, row)
	}
	return &Section{ID: "stages", Title: "Stages", Blocks: []Block{
		Picture{Name: "stages", Label: "Stacked bars of the stages of each rung", Chart: stacked,
			Caption: Text{plain("Medians of the stages of each rung; stages that overlap in time, or work between them, make the sum differ from the whole, which stands above the bar.")}},
		t,
	}}
}

// stageNames are the stages of cases in order of their first appearance.
func stageNames(cases []*result.Case) (names []string) {
	for _, c := range cases {
		for _, s := range c.Samples[0].Stages {
			if !slices.Contains(names, s.Name) && samples(c, Field(stagePrefix+s.Name)) != nil {
				names = append(names, s.Name)
			}
		}
	}
	return names
}
