package report

import (
	"fmt"

	"ledgermill/bench/report/chart"
	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// ladder is the way from the naive pipeline up, rung by rung.
func (b *bench) ladder() *Section {
	all := b.rungs()
	if len(all) == 0 {
		return nil
	}
	w := chart.Waterfall{Title: "time, logarithmic: equal lengths are equal ratios", Unit: tickSeconds}
	t := Table{Columns: []Column{{Title: "rung"}, {Title: "time", Numbers: true}, {Title: "faster than the one before", Numbers: true}, {Title: "95 % interval", Numbers: true},
		{Title: "verdict"}, {Title: "memory", Numbers: true}, {Title: "variation", Numbers: true}, {Title: "what it is"}}}
	first := all[0].by
	t.Rows = append(t.Rows, []Cell{cell(b.link(first)), number(b.median(first, Wall)), words("–"), words("–"), words("–"), number(b.median(first, Memory)), number(b.variation(first)), words(first.Answers)})
	start := b.median(first, Wall)
	w.Steps = append(w.Steps, chart.Step{Row: chart.Row{Label: label(first), Note: start.Text, Tone: chart.Same}, To: start.Value, Low: start.Value, High: start.Value})
	for _, c := range all {
		e, before, now := c.faster(), b.median(c.by, Wall), b.median(c.of, Wall)
		t.Rows = append(t.Rows, []Cell{cell(b.link(c.of)), number(now), number(e.value()), {Text: e.interval(false)}, cell(judged(e.verdict)),
			number(b.median(c.of, Memory)), number(b.variation(c.of)), words(c.of.Answers)})
		w.Steps = append(w.Steps, chart.Step{Row: chart.Row{Label: label(c.of), Note: now.Text + ", " + e.note(), Tone: toned(e.verdict), Once: e.ratio.Basis == stats.Single},
			From: before.Value, To: now.Value, Low: before.Value / e.ratio.High, High: before.Value / e.ratio.Low})
	}
	s := &Section{ID: "ladder", Title: "The ladder", Blocks: []Block{
		Text{plain(fmt.Sprintf("From the naive pipeline to today's, one optimisation at a time, with %s rows: what costs the same for any number weighs more the fewer they are. What a rung gives depends on what stands below it: the next section takes each alone.", thousands(float64(first.Samples[0].Rows))))},
		Picture{Name: "ladder", Label: "Waterfall of the time of each rung of the ladder", Chart: w,
			Caption: Text{plain("Each bar goes from the time of the rung before to the dot, the time of this one; the line through the dot is the interval of the change.")}},
		t,
	}}
	if beside := b.beside(); beside != nil {
		s.Blocks = append(s.Blocks, *beside)
	}
	return s
}

// beside is what stands beside the ladder to be seen and not climbed.
func (b *bench) beside() *List {
	var list List
	for _, c := range b.comparisons(b.suite("ladder"), result.Naive) {
		if c.of.Baseline(result.Previous) != "" || c.of.Parameter(result.Optimisation) != "" {
			continue
		}
		e := c.slower()
		text := Text{b.link(c.of), plain(": " + c.of.Answers + "; it takes "), figure(b.median(c.of, Wall)), plain(", "), figure(e.value()), plain(" the time of "), b.link(c.by), plain(" (")}
		list = append(list, append(append(text, e.interval(false)...), plain(").")))
	}
	if len(list) == 0 {
		return nil
	}
	return &list
}

func (b *bench) variation(c *result.Case) *Figure {
	values := samples(c, Wall)
	if len(values) < 2 {
		return nil
	}
	v := stats.Variation(values)
	return &Figure{Text: percent(v), Value: v, How: Variation, Field: Wall, Of: []string{b.id(c)}}
}

// alone is each optimisation added to the naive pipeline, and taken from the full one.
func (b *bench) alone() *Section {
	s := b.suite("ladder")
	if s == nil {
		return nil
	}
	added, taken := map[string]comparison{}, map[string]comparison{}
	var names []string
	for _, c := range b.comparisons(s, result.Naive, result.Full) {
		name := c.of.Parameter(result.Optimisation)
		if name == "" {
			continue
		}
		if _, known := added[name]; c.kind == result.Naive && !known {
			added[name] = c
			names = append(names, name)
		} else if c.kind == result.Full {
			taken[name] = c
			if !known {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	f := chart.Forest{Title: "times faster with it, logarithmic", Unit: tickTimes}
	t := Table{Columns: []Column{{Title: "optimisation"}, {Title: "added alone", Numbers: true}, {Title: "95 % interval", Numbers: true}, {Title: "verdict"},
		{Title: "lost without it", Numbers: true}, {Title: "95 % interval", Numbers: true}, {Title: "verdict"}}}
	var heads [2][]chart.Estimate
	var mixed List
	for _, name := range names {
		row := []Cell{words(name)}
		for i, of := range []map[string]comparison{added, taken} {
			c, ok := of[name]
			if !ok {
				row = append(row, words("–"), words("–"), words("–"))
				continue
			}
			e := c.faster()
			if i == 1 {
				e = c.slower()
				e.verdict = mirrored(e.verdict)
			}
			row = append(row, number(e.value()), Cell{Text: e.interval(false)}, cell(judged(e.verdict)))
			heads[i] = append(heads[i], estimated(name, e))
		}
		row[0] = cell(b.optimisation(name, added, taken)...)
		t.Rows = append(t.Rows, row)
		if text := b.interaction(name, added, taken); text != nil {
			mixed = append(mixed, text)
		}
	}
	for i, title := range []string{"Added alone to the naive pipeline", "Lost when taken alone from the full one"} {
		if len(heads[i]) > 0 {
			f.Estimates = append(append(f.Estimates, chart.Estimate{Row: chart.Row{Label: title, Head: true}}), heads[i]...)
		}
	}
	section := &Section{ID: "alone", Title: "Each alone", Blocks: []Block{
		Picture{Name: "alone", Label: "Forest plot of what each optimisation gives alone", Chart: f,
			Caption: Text{plain("Right of the line at 1 an optimisation makes it faster. A dot is the ratio of medians, the line through it its interval.")}},
		t,
	}}
	if len(mixed) == 0 {
		mixed = List{Text{plain("No optimisation gives more than a fifth more or less beside the others than alone, as far as these samples can tell.")}}
	}
	section.Blocks = append(section.Blocks, mixed)
	return section
}

// mirrored is the verdict of the pipeline with an optimisation beside the one without.
func mirrored(v stats.Verdict) stats.Verdict {
	switch v {
	case stats.Slower:
		return stats.Faster
	case stats.Faster:
		return stats.Slower
	}
	return v
}

// optimisation is its name, linked to the case that adds it, else takes it.
func (b *bench) optimisation(name string, from ...map[string]comparison) []Span {
	for _, of := range from {
		if c, ok := of[name]; ok {
			return []Span{{Words: name, Case: b.id(c.of)}}
		}
	}
	return []Span{plain(name)}
}

func estimated(name string, e estimate) chart.Estimate {
	return chart.Estimate{Row: chart.Row{Label: name, Note: e.note(), Tone: toned(e.verdict), Once: e.ratio.Basis == stats.Single},
		Value: e.ratio.Value, Low: e.ratio.Low, High: e.ratio.High}
}

// interaction names an optimisation that gives more or less beside the others.
func (b *bench) interaction(name string, added, taken map[string]comparison) Text {
	one, alone := added[name]
	two, last := taken[name]
	if !alone || !last {
		return nil
	}
	paired := inOrder(one.of, one.by) && inOrder(two.of, two.by) && inOrder(one.of, two.of)
	i := stats.Interact(samples(one.by, Wall), samples(one.of, Wall), samples(two.of, Wall), samples(two.by, Wall), paired)
	if !i.Named() {
		return nil
	}
	e := estimate{ratio: i.By, field: Wall, of: []string{b.id(two.of), b.id(one.of)}, by: []string{b.id(two.by), b.id(one.by)}}
	less := "more"
	if i.By.Value < 1 {
		less = "less"
	}
	f := e.figure(Differ, i.By.Value, false)
	text := Text{strong(name), plain(" interacts: beside the others it gives "), figure(f), plain(" what it gives alone, " + less + " by more than a fifth (")}
	low, high := e.figure(DifferLow, i.By.Low, false), e.figure(DifferHigh, i.By.High, false)
	return append(text, figure(low), plain(" to "), figure(high), plain(")."))
}
