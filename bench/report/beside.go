package report

import (
	"ledgermill/bench/report/chart"
	"ledgermill/bench/result"
)

// floors is each stage beside what the machine allows for the same work.
func (b *bench) floors() *Section {
	var all []comparison
	for _, s := range b.suites {
		all = append(all, b.comparisons(s, result.Floor)...)
	}
	if len(all) == 0 {
		return nil
	}
	f := chart.Forest{Title: "times the floor's time, logarithmic", Unit: tickTimes}
	t := Table{Columns: []Column{{Title: "stage"}, {Title: "time", Numbers: true}, {Title: "floor"}, {Title: "its time", Numbers: true}, {Title: "of the floor", Numbers: true}, {Title: "95 % interval", Numbers: true}, {Title: "variation", Numbers: true}}}
	for _, c := range all {
		e := c.slower()
		t.Rows = append(t.Rows, []Cell{cell(b.link(c.of)), number(b.median(c.of, Wall)), cell(b.link(c.by)), number(b.median(c.by, Wall)), number(e.value()), {Text: e.interval(false)}, number(b.variation(c.of))})
		one := estimated(label(c.of)+" by "+label(c.by), e)
		one.Tone = chart.Series // more than its floor is not slower than it should be
		f.Estimates = append(f.Estimates, one)
	}
	return &Section{ID: "floors", Title: "Floors", Blocks: []Block{
		Text{plain("Each stage beside the plainest program that does its work on this machine, in the same run; what the floor does is told with its case, below. The ratio is the figure to watch: it does not move with the machine.")},
		Picture{Name: "floors", Label: "Forest plot of stages in units of their floors", Chart: f, Caption: Text{plain("At the line at 1 a stage takes as long as its floor. Left of it, it does better than the floor, which one connection or one thread may be.")}},
		t,
	}}
}

// peers is the same work by other programs.
func (b *bench) peers() *Section {
	var all []comparison
	for _, s := range b.suites {
		all = append(all, b.comparisons(s, result.Peer)...)
	}
	if len(all) == 0 {
		return nil
	}
	f := chart.Forest{Title: "times faster than the peer, logarithmic", Unit: tickTimes}
	t := Table{Columns: []Column{{Title: "peer"}, {Title: "its time", Numbers: true}, {Title: "the mill"}, {Title: "its time", Numbers: true}, {Title: "the mill is faster", Numbers: true}, {Title: "95 % interval", Numbers: true}, {Title: "verdict"}, {Title: "what the peer does"}}}
	for _, c := range all {
		// The ratio is the peer's time by the mill's.
		e := c.slower()
		e.verdict = mirrored(e.verdict)
		t.Rows = append(t.Rows, []Cell{cell(b.link(c.of)), number(b.median(c.of, Wall)), cell(b.link(c.by)), number(b.median(c.by, Wall)), number(e.value()), {Text: e.interval(false)}, cell(judged(e.verdict)), words(c.of.Answers)})
		f.Estimates = append(f.Estimates, estimated("beside "+label(c.of), e))
	}
	return &Section{ID: "peers", Title: "Peers", Blocks: []Block{
		Text{plain("The same work by other programs on the same machine. Outputs were compared by row hash before any time counted.")},
		Picture{Name: "peers", Label: "Forest plot of how much faster the mill is than its peers", Chart: f, Caption: Text{plain("Right of the line at 1 the mill is faster than its peer.")}},
		t,
	}}
}
