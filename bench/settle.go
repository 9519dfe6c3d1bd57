package bench

import (
	"context"
	"time"

	"ledgermill/bench/result"
)

// How often a repetition of a short case does the work.
const (
	sampleTime   = 100 * time.Millisecond // that a sample takes at least
	calibrations = 4                      // repetitions at most to find out
)

// settle repeats a case until it is known how often a repetition does the work: once,
// or as often as in the run that this one is to be like, or until a sample is long
// enough. The first is slower than those that follow, hence more than one step.
func (t *taker) settle(ctx context.Context, c *running) (s result.Sample, err error) {
	c.times = 1
	if like := t.like(c); c.Again && like > 0 {
		c.times = like
	}
	for range calibrations {
		began := time.Now()
		samples, err := t.ask(ctx, c, request{Repetitions: 1})
		if err != nil {
			return s, err
		}
		c.expected, s = time.Since(began), samples[0]
		c.result.Warmups++
		if !c.Again || c.Single || t.Once || t.like(c) > 0 || s.Wall*float64(c.times) >= sampleTime.Seconds() {
			break
		}
		c.times = oftenEnough(s.Wall)
	}
	if c.times > 1 {
		c.result.Times = c.times
	}
	return s, nil
}

// like is how often the run that this one goes on with, or is to be like, does a case's
// work in a repetition, 0 if neither tells.
func (t *taker) like(c *running) int {
	for _, r := range []*result.Result{t.Before, t.Like} {
		// What ran once and cold was not asked how often it should.
		if other := find(r, t.suite.Name, c.Name); other != nil && other.Counts() && other.Warmups > 0 {
			return max(other.Times, 1)
		}
	}
	return 0
}

// oftenEnough is how often something has to be done to take a sample's time and some
// more: 1, 2 or 5 by a power of ten, so that two runs of one build agree.
func oftenEnough(seconds float64) int {
	wanted := 1.25 * sampleTime.Seconds() / max(seconds, 1e-6)
	for power := 1; ; power *= 10 {
		for _, step := range []int{1, 2, 5} {
			if n := step * power; float64(n) >= wanted {
				return n
			}
		}
	}
}
