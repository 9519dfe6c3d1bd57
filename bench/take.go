package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ledgermill/bench/result"
)

// taker takes the samples of a suite.
type taker struct {
	*runner
	suite  Suite
	cases  []*running
	ends   time.Time // zero: never
	hashes map[string]expected
	shared *worker // of a suite that shares one
	order  int
}

// expected is the answer of the first case that gave one.
type expected struct {
	by   string
	rows int64
	hash string
}

func (t *taker) close() error {
	if t.shared == nil {
		return nil
	}
	w := t.shared
	t.shared = nil
	return w.close()
}

// left is how much of the suite's budget is left; much if there is none.
func (t *taker) left() time.Duration {
	if t.ends.IsZero() {
		return 1000 * time.Hour
	}
	return time.Until(t.ends)
}

// take warms up each case once and then goes round and round.
func (t *taker) take(ctx context.Context) error {
	for _, c := range t.cases {
		if c.over {
			continue
		}
		if err := t.warm(ctx, c); err != nil {
			return err
		}
	}
	for round := 1; ; round++ {
		order := t.random.Perm(len(t.cases))
		worked := false
		for _, i := range order {
			c := t.cases[i]
			if c.over || len(c.result.Samples) >= c.wanted {
				continue
			}
			if c.expected > t.left() {
				c.skip(fmt.Sprintf("one repetition takes %.1f s with what is around it, and %.1f s of the suite's budget were left", c.expected.Seconds(), max(0, t.left().Seconds())))
				continue
			}
			worked = true
			if err := t.sample(ctx, c, round); err != nil {
				return err
			}
		}
		if !worked {
			return nil
		}
		if err := t.saved(); err != nil {
			return err
		}
	}
}

// warm makes what a case needs and runs it once without counting, which tells how long
// it takes. If the run is interrupted, what is known of the case is what was.
func (t *taker) warm(ctx context.Context, c *running) (err error) {
	if c.Missing != nil {
		if why := c.Missing(); why != "" {
			t.pass(c, why)
			return nil
		}
	}
	if t.left() <= 0 {
		t.pass(c, "the suite's budget had ended")
		return nil
	}
	t.Progress(fmt.Sprintf("%s/%s: warm up", t.suite.Name, c.Name))
	was := *c.result
	defer func() {
		if err != nil {
			*c.result = was
		}
	}()
	c.anew()
	if err := t.prepareCase(ctx, c); err != nil || c.over {
		return err
	}
	if c.Repeats > 0 {
		// It warms up by itself.
		c.wanted, c.times, c.result.Warmups = max(c.wanted, t.wanted(c.Case, 0)), 1, c.Repeats
		c.result.Wanted = c.wanted
		return nil
	}
	var sample result.Sample
	late, err := t.inHalf(ctx, func(ctx context.Context) (err error) {
		sample, err = t.settle(ctx, c)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case late != "":
		c.skip("one repetition did not end " + late)
		return nil
	case err != nil:
		t.fault(c, err)
		return nil
	}
	c.wanted = max(c.wanted, t.wanted(c.Case, sample.Wall))
	c.result.Wanted = c.wanted
	t.compare(c, sample)
	if t.Once || c.Single {
		c.result.Warmups = 0
		t.keep(c, sample)
	}
	return nil
}

// pass goes past a case that is not measured now. If it answered wrongly before, that
// stands, and fails this run too.
func (t *taker) pass(c *running, why string) {
	c.skip(why)
	if c.result.Void != "" {
		t.faults = append(t.faults, fmt.Errorf("%s/%s: %s", t.suite.Name, c.Name, c.result.Void))
	}
}

// prepareCase makes what a case alone needs. It is over if that is not to be had.
func (t *taker) prepareCase(ctx context.Context, c *running) error {
	if c.Prepare == nil {
		return nil
	}
	late, err := t.inHalf(ctx, func(ctx context.Context) error {
		a, err := t.alone(ctx, request{Do: doPrepare, Suite: t.suite.Name, Case: c.Name})
		return errors.Join(err, a.void())
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case late != "":
		c.skip("what it needs was not made " + late)
	case err != nil:
		err = fmt.Errorf("prepare %s/%s: %w", t.suite.Name, c.Name, err)
		t.faults = append(t.faults, err)
		c.skip(err.Error())
	}
	return nil
}

// inHalf does something in half of what is left: one case must not keep all others from
// having a figure. late says what it was cut off by, if it was.
func (t *taker) inHalf(ctx context.Context, do func(context.Context) error) (late string, err error) {
	limit := t.left() / 2
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = do(within)
	if within.Err() != nil {
		late = fmt.Sprintf("in %.1f s, half of what was left of the suite's budget", limit.Seconds())
	}
	return late, err
}

// wanted is how often a case is to be repeated of which one repetition takes so many
// seconds.
func (t *taker) wanted(c Case, seconds float64) int {
	switch {
	case t.Once || c.Single:
		return 1
	case t.Repeat > 0:
		return t.Repeat
	case seconds >= short.Seconds():
		return timesLonger
	}
	return timesShort
}

// keep adds a sample.
func (t *taker) keep(c *running, s result.Sample) {
	s.Order = t.order
	t.order++
	c.result.Samples = append(c.result.Samples, s)
}

// sample runs a case once more and keeps what it gave.
func (t *taker) sample(ctx context.Context, c *running, round int) error {
	t.Progress(fmt.Sprintf("%s/%s: %d of %d", t.suite.Name, c.Name, round, c.wanted))
	began := time.Now()
	var samples []result.Sample
	var err error
	if c.Repeats > 0 {
		samples, err = t.row(ctx, c)
	} else {
		samples, err = t.ask(ctx, c, request{Repetitions: 1})
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		t.fault(c, err)
		return nil
	}
	c.expected = time.Since(began)
	for _, s := range samples {
		t.keep(c, s)
		t.compare(c, s)
	}
	return nil
}

// row has a case yield all its samples in a row. They may take half of what is left:
// one case must not keep all others from having a figure.
func (t *taker) row(ctx context.Context, c *running) ([]result.Sample, error) {
	limit := t.left() / 2
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// The last repetition may end later than it should: it takes as long as a warm-up.
	share := limit.Seconds() * float64(c.Repeats) / float64(c.Repeats+1)
	samples, err := t.ask(within, c, request{Repetitions: c.wanted - len(c.result.Samples), Within: share})
	c.over = true
	if within.Err() == nil {
		return samples, err
	}
	c.skip(fmt.Sprintf("%d repetitions that warm up and one that counts did not end in %.1f s, half of what was left of the suite's budget", c.Repeats, limit.Seconds()))
	return nil, nil
}

// compare voids a case that answers otherwise than those that must answer the same.
func (t *taker) compare(c *running, s result.Sample) {
	want, known := t.hashes[c.group()]
	if !known {
		t.hashes[c.group()] = expected{c.Name, s.Rows, s.Hash}
		return
	}
	if s.Rows != want.rows || s.Hash != want.hash {
		t.fault(c, &VoidError{fmt.Sprintf("%d rows with hash %s came out, and %d with %s of %s", s.Rows, s.Hash, want.rows, want.hash, want.by)})
	}
}

// fault voids a case: its times do not count, and the run has failed.
func (t *taker) fault(c *running, err error) {
	if c.result.Void == "" {
		// A database's messages may be pages long.
		text, _, _ := strings.Cut(strings.ToValidUTF8(err.Error(), "?"), "\n")
		c.result.Void = text[:min(len(text), 500)]
		err = errors.New(c.result.Void)
		t.faults = append(t.faults, fmt.Errorf("%s/%s: %w", t.suite.Name, c.Name, err))
	}
	c.over = true
}

// ask has a case run in a process of its own, or in that of the suite.
func (t *taker) ask(ctx context.Context, c *running, q request) ([]result.Sample, error) {
	q.Place, q.Do, q.Suite, q.Case, q.Times = t.place, doTry, t.suite.Name, c.Name, c.times
	if !t.suite.Shared {
		a, err := t.alone(ctx, q)
		return a.Samples, errors.Join(err, a.void())
	}
	if t.shared == nil {
		w, err := start()
		if err != nil {
			return nil, err
		}
		t.shared = w
	}
	a, err := t.shared.ask(ctx, q)
	if err != nil {
		// Nothing is known of it any more.
		err = errors.Join(err, t.shared.kill())
		t.shared = nil
		return nil, err
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	return a.Samples, a.void()
}

func (a reply) void() error {
	if a.Void == "" {
		return nil
	}
	return &VoidError{a.Void}
}
