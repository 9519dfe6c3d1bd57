package layout

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Options say how thoroughly to compare.
type Options struct {
	Least  int           // rounds, whatever they take; 0: 3
	Most   int           // rounds, however short they are; 0: 21
	Budget time.Duration // after which no round of a case begins, the least apart; 0: 30 s
	Plans  string        // existing directory that gets the plans, as JSON and as text; "": none are kept
}

func (o Options) defaults() Options {
	if o.Least == 0 {
		o.Least = 3
	}
	if o.Most == 0 {
		o.Most = 21
	}
	if o.Budget == 0 {
		o.Budget = 30 * time.Second
	}
	return o
}

// Comparison is a case on all layouts.
type Comparison struct {
	Case
	Rows    int64               `json:"rows"`
	Hash    string              `json:"hash"` // of the answer, the same on all layouts and in all runs
	Figures map[Layout]*Figures `json:"figures"`
}

// Figures are a case on one layout.
type Figures struct {
	Samples []time.Duration `json:"samples"` // one a round, in the same rounds as the other layouts'
	Plan    Plan            `json:"plan"`
}

// Compare runs a case on all layouts in turns, each round in another order, after
// one run that does not count. A layout with another answer is a [*DifferentError].
func (t *Tables) Compare(ctx context.Context, c Case, o Options) (*Comparison, error) {
	o = o.defaults()
	result := &Comparison{Case: c, Figures: map[Layout]*Figures{}}
	layouts := All()
	var first Answer
	for i, l := range layouts {
		answer, err := t.Run(ctx, l, c.SQL)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		if i == 0 {
			first = answer
		}
		if err := same(c, l, answer, first); err != nil {
			return nil, err
		}
		figures := &Figures{}
		if figures.Plan, err = t.keepPlan(ctx, c, l, o.Plans); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		result.Figures[l] = figures
	}
	result.Rows, result.Hash = first.Rows, first.Hash
	began := time.Now()
	for round := 0; round < o.Most && (round < o.Least || time.Since(began) < o.Budget); round++ {
		for i := range layouts {
			l := layouts[(i+round)%len(layouts)]
			answer, err := t.Run(ctx, l, c.SQL)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			if err := same(c, l, answer, first); err != nil {
				return nil, err
			}
			result.Figures[l].Samples = append(result.Figures[l].Samples, answer.Took)
		}
	}
	return result, nil
}

func same(c Case, l Layout, got, want Answer) error {
	if got.Rows == want.Rows && got.Hash == want.Hash {
		return nil
	}
	return &DifferentError{Case: c.Name, Wrong: l, Right: All()[0], Got: got, Want: want}
}

// keepPlan explains a case, twice where both forms are wanted: PostgreSQL gives one
// of them a run.
func (t *Tables) keepPlan(ctx context.Context, c Case, l Layout, dir string) (Plan, error) {
	plan, err := t.Explain(ctx, l, c.SQL)
	if err != nil || dir == "" {
		return plan, err
	}
	text, err := t.ExplainText(ctx, l, c.SQL)
	if err != nil {
		return plan, err
	}
	name := filepath.Join(dir, c.Name+"."+string(l))
	if err := os.WriteFile(name+".json", plan.JSON, 0o644); err != nil {
		return plan, err
	}
	return plan, os.WriteFile(name+".txt", []byte(c.SQL+"\n\n"+text), 0o644)
}

// Ratio is how many times as fast a layout is as the bare one: above 1 is faster.
type Ratio struct {
	Median float64 `json:"median"` // of bare by median of the layout
	Low    float64 `json:"low"`    // the least of a round
	High   float64 `json:"high"`   // the greatest
}

// noise is a difference that is not spoken of.
const noise = 0.05

// Verdict is "faster" or "slower" where every round says so, else "no difference".
func (r Ratio) Verdict() string {
	switch {
	case r.Low > 1+noise:
		return "faster"
	case r.High < 1-noise:
		return "slower"
	}
	return "no difference"
}

// Faster compares a layout with the bare one.
func (c *Comparison) Faster(l Layout) Ratio {
	bare, other := c.Figures[Bare].Samples, c.Figures[l].Samples
	r := Ratio{Median: median(bare).Seconds() / median(other).Seconds()}
	for i := range bare {
		one := bare[i].Seconds() / other[i].Seconds()
		if i == 0 || one < r.Low {
			r.Low = one
		}
		r.High = max(r.High, one)
	}
	return r
}

// median is the middle of a sample that is not empty.
func median(sample []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(sample))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
