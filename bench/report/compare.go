package report

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// Regression is the share by which a figure must have grown to be one.
const Regression = 0.10

// Comparison is what changed from one result to another.
type Comparison struct {
	A           Side         `json:"a"`
	B           Side         `json:"b"`
	Differences []Difference `json:"differences,omitempty"` // between machines, data, settings: the figures may differ for these
	Changes     []Change     `json:"changes"`               // of the time of each case, and of other figures that changed
	Answers     []string     `json:"answers,omitempty"`     // cases that answer otherwise: their figures are not compared
	OnlyA       []string     `json:"only_a,omitempty"`      // cases that count in A alone
	OnlyB       []string     `json:"only_b,omitempty"`      // in B alone
}

// Side is one of two results.
type Side struct {
	Commit  string    `json:"commit"`
	Started time.Time `json:"started"`
}

// Change is a figure of a case in two results.
type Change struct {
	Case       string        `json:"case"` // SUITE/CASE
	Field      Field         `json:"field"`
	A          float64       `json:"a"` // medians
	B          float64       `json:"b"`
	Ratio      stats.Ratio   `json:"ratio"` // of B by A
	Variation  float64       `json:"variation"`
	Verdict    stats.Verdict `json:"verdict"`
	Regression bool          `json:"regression"`
}

// Compare says what changed from a to b. The error is a [StrangersError] if they share
// no case that counts.
func Compare(a, b *result.Result) (*Comparison, error) {
	c := &Comparison{A: Side{a.Commit, a.Started}, B: Side{b.Commit, b.Started}, Differences: Differences(a, b)}
	shared := 0
	for _, s := range a.Suites {
		for _, one := range s.Cases {
			id, other := s.Name+"/"+one.Name, find(b, s.Name, one.Name)
			switch {
			case !one.Counts() && !other.Counts():
			case !other.Counts():
				c.OnlyA = append(c.OnlyA, id)
			case !one.Counts():
				c.OnlyB = append(c.OnlyB, id)
			case a.Data == b.Data && one.Samples[0].Hash != other.Samples[0].Hash:
				c.Answers = append(c.Answers, id)
			default:
				shared++
				if one.Times != other.Times {
					c.Differences = append(c.Differences, Difference{What: "number of times that a repetition of " + id + " does the work",
						A: strconv.Itoa(max(one.Times, 1)), B: strconv.Itoa(max(other.Times, 1))})
				}
				c.Changes = append(c.Changes, changes(id, &one, &other)...)
			}
		}
	}
	for _, s := range b.Suites {
		for _, one := range s.Cases {
			if suite := a.Suite(s.Name); one.Counts() && (suite == nil || suite.Case(one.Name) == nil) {
				c.OnlyB = append(c.OnlyB, s.Name+"/"+one.Name)
			}
		}
	}
	if shared == 0 && len(c.Answers) == 0 {
		return nil, &StrangersError{}
	}
	return c, nil
}

// StrangersError is two results that have nothing to compare.
type StrangersError struct{}

func (*StrangersError) Error() string { return "the two share no case that counts" }

// Try says what to do about it.
func (*StrangersError) Try() string {
	return "measure the same suites twice: ledgermill bench run SUITE"
}

func find(r *result.Result, suite, name string) result.Case {
	if s := r.Suite(suite); s != nil {
		if c := s.Case(name); c != nil {
			return *c
		}
	}
	return result.Case{}
}

// changes are the time of a case and what else has changed by a regression's worth.
func changes(id string, a, b *result.Case) (list []Change) {
	for _, f := range []Field{Wall, Written, Read, Memory} {
		before, after := samples(a, f), samples(b, f)
		if before == nil || after == nil {
			continue
		}
		c := Change{Case: id, Field: f, A: stats.Median(before), B: stats.Median(after), Ratio: stats.RatioOf(after, before, false),
			Variation: max(stats.Variation(before), stats.Variation(after))}
		c.Verdict = stats.TwoRuns().Judge(c.Ratio, c.Variation)
		// Memory and what the system reads depend on the moment: they are told, and judge nobody.
		c.Regression = (f == Wall || f == Written) && c.Verdict == stats.Slower && c.Ratio.Value > 1+Regression
		if f == Wall || c.Verdict == stats.Faster || c.Verdict == stats.Slower {
			list = append(list, c)
		}
	}
	return list
}

// Regressions are the changes for the worse that are not noise.
func (c *Comparison) Regressions() (list []Change) {
	for _, one := range c.Changes {
		if one.Regression {
			list = append(list, one)
		}
	}
	return list
}

// Text writes it for people.
func (c *Comparison) Text(w io.Writer) error {
	fmt.Fprintf(w, "a  %s  %s\nb  %s  %s\n\n", c.A.Started.UTC().Format(time.DateTime), c.A.Commit, c.B.Started.UTC().Format(time.DateTime), c.B.Commit)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "case\tfigure\ta\tb\tb by a\t95 % interval\tverdict")
	counts := map[stats.Verdict]int{}
	for _, one := range c.Changes {
		write, word := unit(one.Field), string(one.Verdict)
		if one.Field == Wall {
			counts[one.Verdict]++
		} else {
			word = map[stats.Verdict]string{stats.Faster: "less", stats.Slower: "more"}[one.Verdict]
		}
		if one.Regression {
			word += ", REGRESSION"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.Case, fieldName(one.Field), write(one.A), write(one.B), times(one.Ratio.Value), spoken(one.Ratio), word)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, one := range []struct {
		title string
		cases []string
	}{{"another answer, so that nothing is compared", c.Answers}, {"counts in a alone", c.OnlyA}, {"counts in b alone", c.OnlyB}} {
		for _, id := range one.cases {
			fmt.Fprintf(w, "%s: %s\n", id, one.title)
		}
	}
	_, err := fmt.Fprintf(w, "\nof %d cases %d faster, %d slower, %d no difference, %d too noisy; %d regressions\n",
		counts[stats.Faster]+counts[stats.Slower]+counts[stats.NoDifference]+counts[stats.TooNoisy],
		counts[stats.Faster], counts[stats.Slower], counts[stats.NoDifference], counts[stats.TooNoisy], len(c.Regressions()))
	return err
}

func fieldName(f Field) string {
	return map[Field]string{Wall: "time", Written: "written", Read: "read", Memory: "peak memory"}[f]
}

// spoken is an interval in words.
func spoken(r stats.Ratio) string {
	switch r.Basis {
	case stats.Counted:
		return "exact"
	case stats.Single:
		return "one run"
	case stats.Range:
		return fmt.Sprintf("%s to %s, range", three(r.Low), three(r.High))
	}
	return fmt.Sprintf("%s to %s", three(r.Low), three(r.High))
}
