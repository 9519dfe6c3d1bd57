package report

import (
	"fmt"
	"slices"

	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// promise is what the pipeline promises, and by how many times it must be better.
type promise struct {
	name, title, asked string
	bar                float64
	less               bool // told as what is saved, in percent
	fields             []Field
	more               bool // the field grows as things get better
}

// promises are those of the reference job, in the order in which people ask.
func promises() []promise {
	return []promise{
		{name: result.Time, title: "Time of the whole", asked: "2 hours to 30 minutes: 75 % less", bar: 4, less: true, fields: []Field{Wall}},
		{name: result.Rate, title: "Records a second", asked: "140 to 560: 4×", bar: 4, fields: []Field{Rate}, more: true},
		{name: result.Storage, title: "Storage", asked: "70 % less", bar: 1 / 0.3, less: true, fields: []Field{Written}},
		{name: result.Queries, title: "Named queries", asked: "5× to 10× faster", bar: 5, fields: []Field{Wall}},
		{name: result.Pruning, title: "Read by queries, with partitions", asked: "80 % less", bar: 5, less: true, fields: []Field{Read, Blocks}},
		{name: result.Indexes, title: "Look-ups by an index", asked: "10× to 100× faster", bar: 10, fields: []Field{Wall}},
	}
}

// Outcome is what became of a promise.
type Outcome string

// Outcomes. A promise holds if the whole interval is beyond its bar.
const (
	Holds       Outcome = "holds"
	Fails       Outcome = "fails"
	NotSure     Outcome = "not sure"
	NotMeasured Outcome = "not measured"
)

// kept is a promise with what was measured of it.
type kept struct {
	promise
	estimate
	place   string // warehouse or lake, where it was measured on several
	outcome Outcome
	reached []string // cases that reach the bar by themselves
	all     []string
	missing []string // cases that should have told
}

// keep measures every promise: one line each, or one for each place.
func (b *bench) keep() (list []kept) {
	for _, p := range promises() {
		var places []string
		byPlace := map[string][]comparison{}
		missing := map[string][]string{}
		for _, s := range b.suites {
			for i := range s.Cases {
				c := &s.Cases[i]
				for _, a := range c.Against {
					if a.Promise != p.name {
						continue
					}
					place := c.Parameter(result.On)
					if !slices.Contains(places, place) {
						places = append(places, place)
					}
					if by := s.Case(a.Case); c.Counts() && by != nil && by.Counts() && p.measurable(c, by) != "" {
						byPlace[place] = append(byPlace[place], comparison{bench: b, of: c, by: by, kind: a.Kind, promise: a.Promise})
					} else {
						missing[place] = append(missing[place], b.id(c))
					}
				}
			}
		}
		if len(places) == 0 {
			places = []string{""}
		}
		for _, place := range places {
			k := kept{promise: p, place: place, outcome: NotMeasured, missing: missing[place]}
			if len(byPlace[place]) > 0 {
				k.measure(byPlace[place])
			}
			list = append(list, k)
		}
	}
	return list
}

// measurable is the first of the promise's fields that both cases have, or "".
func (p promise) measurable(of, by *result.Case) Field {
	for _, f := range p.fields {
		if samples(of, f) != nil && samples(by, f) != nil {
			return f
		}
	}
	return ""
}

// measure sets what the comparisons come to, as times better.
func (k *kept) measure(all []comparison) {
	var pairs []stats.Pair
	for _, c := range all {
		f := k.measurable(c.of, c.by)
		e := c.estimate(f, !k.more)
		of, by := c.by, c.of
		if k.more {
			of, by = by, of
		}
		pairs = append(pairs, stats.Pair{Of: samples(of, f), By: samples(by, f), Paired: inOrder(of, by)})
		k.ratio = e.ratio
		k.of, k.by, k.field = append(k.of, e.of...), append(k.by, e.by...), f
		if e.ratio.Value >= k.bar {
			k.reached = append(k.reached, c.bench.id(c.of))
		}
		k.all = append(k.all, c.bench.id(c.of))
	}
	if len(pairs) > 1 {
		k.ratio = stats.Mean(pairs)
	}
	switch {
	case k.ratio.Basis == stats.Single:
		k.outcome = NotSure
	case k.ratio.Low >= k.bar:
		k.outcome = Holds
	case k.ratio.High < k.bar:
		k.outcome = Fails
	default:
		k.outcome = NotSure
	}
}

// heading is the promise's title with its place.
func (k kept) heading() string {
	if k.place == "" {
		return k.title
	}
	return fmt.Sprintf("%s, %s", k.title, k.place)
}

// share says how many of several cases reach the bar by themselves.
func (k kept) share() Text {
	if len(k.all) < 2 {
		return nil
	}
	text := Text{plain("mean of "), figure(count(k.all)), plain("; ")}
	if len(k.reached) == 0 {
		return append(text, plain("none reaches it"))
	}
	return append(text, figure(count(k.reached)), plain(verb(len(k.reached), " reaches it", " reach it")))
}

// count is how many cases; there is one at least.
func count(cases []string) *Figure {
	return &Figure{Text: fmt.Sprint(len(cases)), Value: float64(len(cases)), How: Count, Of: cases}
}

// mark colours an outcome.
func (o Outcome) mark() Mark {
	return map[Outcome]Mark{Holds: Good, Fails: Bad, NotSure: Unsure, NotMeasured: Neutral}[o]
}
