package report

import (
	"cmp"
	"fmt"
	"slices"

	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// EmptyError is results that nothing can be said of.
type EmptyError struct {
	Void, Skipped int // cases that have a reason for it
}

func (e *EmptyError) Error() string {
	if e.Void+e.Skipped == 0 {
		return "no case has a sample"
	}
	return fmt.Sprintf("no case has a sample that counts: %d void, %d skipped", e.Void, e.Skipped)
}

// Try says what to do about it.
func (e *EmptyError) Try() string {
	return "ledgermill bench run, without a limit that ends it before the first sample"
}

// TwiceError is a suite that stands in two results.
type TwiceError struct{ Suite string }

func (e *TwiceError) Error() string { return fmt.Sprintf("suite %s is in two of the files", e.Suite) }

// Try says what to do about it.
func (e *TwiceError) Try() string {
	return "report one of them, or compare both: ledgermill bench compare"
}

// ExitCode is that of a wrong use.
func (e *TwiceError) ExitCode() int { return 2 }

// bench is results with their suites side by side.
type bench struct {
	results []*result.Result
	suites  []*result.Suite
	suiteOf map[*result.Case]*result.Suite
	ratios  map[asked]stats.Ratio // that were asked for
}

// newBench puts results together. The error is an [EmptyError] or a [TwiceError].
func newBench(results []*result.Result) (*bench, error) {
	b := &bench{results: results, suiteOf: map[*result.Case]*result.Suite{}, ratios: map[asked]stats.Ratio{}}
	known, counted, empty := map[string]bool{}, 0, &EmptyError{}
	for _, r := range results {
		for i := range r.Suites {
			s := &r.Suites[i]
			if known[s.Name] {
				return nil, &TwiceError{Suite: s.Name}
			}
			known[s.Name] = true
			b.suites = append(b.suites, s)
			for j := range s.Cases {
				c := &s.Cases[j]
				b.suiteOf[c] = s
				switch {
				case c.Counts():
					counted++
				case c.Void != "":
					empty.Void++
				default:
					empty.Skipped++
				}
			}
		}
	}
	if counted == 0 {
		return nil, empty
	}
	return b, nil
}

func (b *bench) id(c *result.Case) string { return b.suiteOf[c].Name + "/" + c.Name }

// suite is the suite of that name, nil without it.
func (b *bench) suite(name string) *result.Suite {
	i := slices.IndexFunc(b.suites, func(s *result.Suite) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return b.suites[i]
}

// differences are in what results differ that are reported together.
func (b *bench) differences() (list []string) {
	for _, r := range b.results[1:] {
		for _, d := range Differences(b.results[0], r) {
			list = append(list, d.String())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// comparison is a case beside another one.
type comparison struct {
	bench   *bench
	of, by  *result.Case
	kind    string
	promise string
}

// comparisons are those of a suite whose cases both count, in order.
func (b *bench) comparisons(s *result.Suite, kinds ...string) (list []comparison) {
	for i := range s.Cases {
		c := &s.Cases[i]
		for _, a := range c.Against {
			by := s.Case(a.Case)
			if c.Counts() && by != nil && by.Counts() && (len(kinds) == 0 || slices.Contains(kinds, a.Kind)) {
				list = append(list, comparison{bench: b, of: c, by: by, kind: a.Kind, promise: a.Promise})
			}
		}
	}
	return list
}

// faster is how many times faster this case is than the other.
func (c comparison) faster() estimate { return c.estimate(Wall, true) }

// slower is how many times the other's time this case takes.
func (c comparison) slower() estimate { return c.estimate(Wall, false) }

// estimate is the ratio of a field with its figures and, of times, its verdict;
// inverse is the other's by this case's.
func (c comparison) estimate(f Field, inverse bool) estimate {
	of, by := c.of, c.by
	if inverse {
		of, by = by, of
	}
	e := estimate{ratio: c.bench.ratio(of, by, f), field: f, of: []string{c.bench.id(of)}, by: []string{c.bench.id(by)}}
	times := e.ratio
	if inverse {
		times = times.Inverse()
	}
	e.verdict = stats.SameRun().Judge(times, 0)
	return e
}

// asked is a ratio that somebody has asked for.
type asked struct {
	of, by *result.Case
	field  Field
}

// ratio is a figure of one case by that of another. It is resampled once.
func (b *bench) ratio(of, by *result.Case, f Field) stats.Ratio {
	key := asked{of, by, f}
	r, known := b.ratios[key]
	if !known {
		r = stats.RatioOf(samples(of, f), samples(by, f), inOrder(of, by))
		b.ratios[key] = r
	}
	return r
}

// estimate is a ratio with where it comes from and, of times, its verdict.
type estimate struct {
	ratio   stats.Ratio
	field   Field
	of, by  []string
	verdict stats.Verdict
}

func (e estimate) figure(how How, v float64, less bool) *Figure {
	f := &Figure{Value: v, How: how, Field: e.field, Of: e.of, By: e.by, Less: less, Text: times(v)}
	if less {
		f.Text = percent(1 - 1/v)
	}
	return f
}

func (e estimate) value() *Figure { return e.figure(Value, e.ratio.Value, false) }

// interval is the interval in words, or why there is none.
func (e estimate) interval(less bool) Text {
	switch e.ratio.Basis {
	case stats.Counted:
		return Text{plain("exact")}
	case stats.Single:
		return Text{plain("one run")}
	}
	text := Text{figure(e.figure(Low, e.ratio.Low, less)), plain("\u00a0to "), figure(e.figure(High, e.ratio.High, less))}
	if e.ratio.Basis == stats.Range {
		text = append(text, plain(", range"))
	}
	return text
}

// note is the ratio and its interval in one line, for a picture.
func (e estimate) note() string {
	if e.ratio.Basis == stats.Counted || e.ratio.Basis == stats.Single {
		return e.value().Text
	}
	return fmt.Sprintf("%s (%s to %s)", e.value().Text, three(e.ratio.Low), three(e.ratio.High))
}

// label is what a case is called beside the others of its suite.
func label(c *result.Case) string {
	return cmp.Or(c.Parameter(result.Optimisation), c.Name)
}

// and joins names as a sentence does.
func and(list []Text) (joined Text) {
	for i, t := range list {
		switch {
		case i > 0 && i == len(list)-1:
			joined = append(joined, plain(" and "))
		case i > 0:
			joined = append(joined, plain(", "))
		}
		joined = append(joined, t...)
	}
	return joined
}
