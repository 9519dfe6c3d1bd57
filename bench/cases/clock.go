package cases

import (
	"time"

	"ledgermill/bench/result"
)

// clock parts the time of a sample into stages.
type clock struct {
	sample *result.Sample
	last   time.Time
}

func newClock(s *result.Sample) *clock { return &clock{s, time.Now()} }

// stage ends a stage, and begins the next.
func (c *clock) stage(name string) {
	now := time.Now()
	c.sample.Stages = append(c.sample.Stages, result.Stage{Name: name, Wall: now.Sub(c.last).Seconds()})
	c.last = now
}
