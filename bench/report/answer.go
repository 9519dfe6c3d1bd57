package report

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// answer is what people read first: three sentences and one table.
func (b *bench) answer() []Block {
	all := b.keep()
	blocks := []Block{b.held(all), b.gave(), b.gaveNothing()}
	blocks = append(blocks, promiseTable(all))
	if list := b.differences(); len(list) > 0 {
		blocks = append(blocks, Text{strong("Figures of different runs stand beside each other: "), plain(strings.Join(list, "; ") + ".")})
	}
	for _, r := range b.results {
		switch {
		case r.Ended != "":
			blocks = append(blocks, Text{strong("The run ended before its time: "), plain(r.Ended + ".")})
		case r.Finished.IsZero():
			blocks = append(blocks, Text{strong("The run was cut off: "), plain("nothing says how.")})
		}
	}
	return blocks
}

// held is the first sentence: did the promise hold, and by how much.
func (b *bench) held(all []kept) Text {
	counts := map[Outcome]int{}
	for _, k := range all {
		counts[k.outcome]++
	}
	var parts []Text
	for _, o := range []Outcome{Holds, Fails, NotSure, NotMeasured} {
		if n := counts[o]; n > 0 {
			parts = append(parts, Text{Span{Words: fmt.Sprintf("%d %s", n, map[Outcome]string{Holds: verb(n, "holds", "hold"), Fails: verb(n, "fails", "fail"),
				NotSure: verb(n, "is", "are") + " not sure", NotMeasured: verb(n, "was", "were") + " not measured"}[o]), Mark: o.mark()}})
		}
	}
	text := Text{plain(fmt.Sprintf("Of %d promises, on this machine, ", len(all)))}
	text = append(text, and(parts)...)
	for _, k := range all {
		if k.heading() == promises()[0].title && k.outcome != NotMeasured {
			of, by := b.byID(k.of[0]), b.byID(k.by[0])
			text = append(text, plain(": the whole takes "), figure(b.median(by, Wall)), plain(" instead of "), figure(b.median(of, Wall)), plain(", "),
				figure(k.value()), plain(direction(k.ratio.Value)+" ("))
			text = append(text, k.interval(false)...)
			text = append(text, plain(")"))
		}
	}
	return append(text, plain("."))
}

// direction is what a ratio of times means.
func direction(ratio float64) string {
	if ratio < 1 {
		return ", and so slower"
	}
	return " faster"
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// byID is the case SUITE/CASE.
func (b *bench) byID(id string) *result.Case {
	for c, s := range b.suiteOf {
		if s.Name+"/"+c.Name == id {
			return c
		}
	}
	return nil
}

// rungs are the steps of the ladder that count, from the naive pipeline up.
func (b *bench) rungs() (list []comparison) {
	if s := b.suite("ladder"); s != nil {
		list = b.comparisons(s, result.Previous)
	}
	return list
}

// optimisations are the rungs without a program of its own: the mill, which is the
// pipeline and more, is no optimisation of it.
func (b *bench) optimisations() []comparison {
	return slices.DeleteFunc(b.rungs(), func(c comparison) bool {
		return c.of.Parameter(result.Program) != ""
	})
}

// gave is the second sentence: what gave most of it.
func (b *bench) gave() Text {
	var best []comparison
	if len(b.optimisations()) == 0 {
		return Text{plain("What gave it is not known: no two rungs of the ladder count.")}
	}
	for _, c := range b.optimisations() {
		if c.faster().verdict == stats.Faster {
			best = append(best, c)
		}
	}
	if len(best) == 0 {
		return Text{plain("No rung of the ladder is known to have given anything.")}
	}
	slices.SortStableFunc(best, func(x, y comparison) int {
		if x.faster().ratio.Value > y.faster().ratio.Value {
			return -1
		}
		return 1
	})
	var parts []Text
	for _, c := range best[:min(3, len(best))] {
		parts = append(parts, Text{b.link(c.of), plain(" "), figure(c.faster().value())})
	}
	return append(append(Text{plain("Most was given by ")}, and(parts)...), plain("."))
}

// gaveNothing is the third sentence: what gave nothing, or took something.
func (b *bench) gaveNothing() Text {
	var none, worse, unsure []Text
	if len(b.optimisations()) == 0 {
		return Text{plain("What gave nothing is not known either.")}
	}
	for _, c := range b.optimisations() {
		e := c.faster()
		part := Text{b.link(c.of), plain(" "), figure(e.value())}
		switch e.verdict {
		case stats.NoDifference:
			none = append(none, part)
		case stats.Slower:
			worse = append(worse, part)
		case stats.TooNoisy:
			unsure = append(unsure, Text{b.link(c.of)})
		}
	}
	text := Text{plain("No rung of the ladder is known to have given nothing")}
	if len(none) > 0 {
		text = append(Text{plain("Nothing was given by ")}, and(none)...)
	}
	if len(worse) > 0 {
		text = append(append(text, plain("; it became slower with ")), and(worse)...)
	}
	if len(unsure) > 0 {
		text = append(append(text, plain("; too noisy to tell of ")), and(unsure)...)
	}
	return append(text, plain("."))
}

// promiseTable is the table that answers whether each promise held.
func promiseTable(all []kept) Table {
	t := Table{Cards: true, Columns: []Column{{Title: "promise"}, {Title: "promised"}, {Title: "measured", Numbers: true}, {Title: "95 % interval", Numbers: true}, {Title: "outcome"}, {Title: "cases"}}}
	for _, k := range all {
		row := []Cell{cell(strong(k.heading())), words(k.asked)}
		outcome := Span{Words: string(k.outcome), Mark: k.outcome.mark()}
		if k.outcome == NotMeasured {
			t.Rows = append(t.Rows, append(row, words("–"), words("–"), cell(outcome), Cell{Text: k.absent()}))
			continue
		}
		measured := Text{figure(k.estimate.figure(Value, k.ratio.Value, k.less))}
		if k.less {
			measured = append(measured, plain(" less, "), figure(k.value()))
		}
		t.Rows = append(t.Rows, append(row, Cell{Text: measured}, Cell{Text: k.estimate.interval(k.less)}, cell(outcome), Cell{Text: k.cases()}))
	}
	return t
}

// absent is why a promise was not measured.
func (k kept) absent() Text {
	if len(k.missing) == 0 {
		return Text{plain("no case of these results tells")}
	}
	return append(Text{plain("does not count: ")}, k.list(k.missing)...)
}

// cases names what a promise was measured by.
func (k kept) cases() (text Text) {
	if len(k.all) == 1 {
		text = Text{named(k.all[0]), plain(" beside "), named(other(k.all[0], k.of[0], k.by[0]))}
	} else {
		text = k.share()
	}
	if len(k.missing) > 0 {
		text = append(append(text, plain("; not counted: ")), k.list(k.missing)...)
	}
	return text
}

func other(one, a, b string) string {
	if one == a {
		return b
	}
	return a
}

func (k kept) list(ids []string) Text {
	var parts []Text
	for _, id := range ids {
		parts = append(parts, Text{named(id)})
	}
	return and(parts)
}
