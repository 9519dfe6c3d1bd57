package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ledgermill/bench/result"
)

// OtherRunError is a result of another run than the one that was to go on.
type OtherRunError struct {
	What string // in which they differ
}

func (e *OtherRunError) Error() string {
	return fmt.Sprintf("what was measured before has another %s", e.What)
}

// ExitCode is that of a wrong use.
func (e *OtherRunError) ExitCode() int { return 2 }

// Try says what to do about it.
func (e *OtherRunError) Try() string { return "begin anew, with another --output" }

// goOn makes sure that what was measured before is of a run like this one.
func (r *runner) goOn() error {
	before, now := r.Before, r.result
	if before == nil {
		return nil
	}
	rows, days, err := before.Sizes()
	switch {
	case err != nil:
		return err
	case before.Commit != now.Commit:
		return &OtherRunError{"commit"}
	case before.Program != now.Program:
		return &OtherRunError{"build of the program"}
	case before.Machine != now.Machine:
		return &OtherRunError{"machine"}
	case before.Seed != r.Seed || rows != r.Rows || days != r.Days:
		return &OtherRunError{"seed, or number of rows or days"}
	}
	now.Started, now.Data, now.Budget, now.Runs = before.Started, before.Data, before.Budget+now.Budget, max(before.Runs, 1)+1
	// Until this run knows its own: what ends before that must not forget them.
	now.Versions, now.Settings = before.Versions, before.Settings
	if strings.HasSuffix(before.Command, now.Command) {
		now.Command = before.Command
	} else {
		now.Command = before.Command + " && " + now.Command
	}
	return nil
}

// ground notes the versions and settings that bear on time, and makes sure that what was
// measured before had the same. Those that this run has no need of are kept: of a server,
// or a peer.
func (r *runner) ground(ctx context.Context) error {
	found, err := versions(ctx, r.place.Server)
	if err != nil {
		return err
	}
	own, err := settings(ctx, r.place)
	if err != nil {
		return err
	}
	if r.plan.Peers != nil {
		found = append(found, r.plan.Peers(ctx)...)
	}
	before, now := r.Before, r.result
	now.Versions, now.Settings = found, append(r.sizes(), own...)
	if before == nil {
		return nil
	}
	for _, list := range []struct {
		now  *[]result.Pair
		then []result.Pair
	}{{&now.Versions, before.Versions}, {&now.Settings, before.Settings}} {
		for _, p := range list.then {
			i := slices.IndexFunc(*list.now, func(q result.Pair) bool { return p.Name == q.Name })
			switch {
			case i < 0:
				*list.now = append(*list.now, p)
			case (*list.now)[i].Value != p.Value:
				return &OtherRunError{fmt.Sprintf("%s: %s, and now %s", p.Name, p.Value, (*list.now)[i].Value)}
			}
		}
	}
	return nil
}

// find is a case of a result, nil if it is not there, or there is no result.
func find(r *result.Result, suite, name string) *result.Case {
	if r == nil {
		return nil
	}
	s := r.Suite(suite)
	if s == nil {
		return nil
	}
	return s.Case(name)
}

// whole tells whether a suite was measured before, all of it.
func (t *taker) whole() bool {
	return !slices.ContainsFunc(t.cases, func(c *running) bool { return !c.over })
}

// remember takes over what was measured of the suite before, asked for now or not: what
// comes must answer alike, and is later in time.
func (t *taker) remember() {
	i := slices.IndexFunc(t.known, func(s Suite) bool { return s.Name == t.suite.Name })
	for _, c := range t.known[i].Cases {
		before := find(t.Before, t.suite.Name, c.Name)
		if before == nil {
			continue
		}
		for _, s := range before.Samples {
			t.order = max(t.order, s.Order+1)
		}
		if _, known := t.hashes[c.group()]; !known && before.Counts() {
			t.hashes[c.group()] = expected{c.Name, before.Samples[0].Rows, before.Samples[0].Hash}
		}
	}
}

// restore gives a case what was measured of it before. What was skipped or void then is
// tried again, and so is what ran once and cold: until then it is told as it was.
func (t *taker) restore(c *running) {
	before := find(t.Before, t.suite.Name, c.Name)
	if before == nil {
		return
	}
	if !before.Counts() || before.Warmups == 0 && !c.Single {
		c.result.Samples, c.result.Wanted, c.result.Times, c.result.Warmups = before.Samples, before.Wanted, before.Times, before.Warmups
		c.result.Skipped, c.result.Void = before.Skipped, before.Void
		c.again = true
		return
	}
	wanted := before.Wanted
	if t.Repeat > 0 || wanted < timesLonger {
		wanted = t.wanted(c.Case, before.Samples[0].Wall)
	}
	c.wanted = max(wanted, len(before.Samples))
	c.result.Samples, c.result.Wanted, c.result.Times, c.result.Warmups = before.Samples, c.wanted, before.Times, before.Warmups
	c.over = len(before.Samples) == c.wanted
	t.compare(c, before.Samples[0])
}

// otherCases are those of a suite that were measured before and are not asked for now.
func (r *runner) otherCases(s result.Suite) (all []result.Case) {
	if r.Before == nil || r.Before.Suite(s.Name) == nil {
		return nil
	}
	for _, c := range r.Before.Suite(s.Name).Cases {
		if s.Case(c.Name) == nil {
			all = append(all, c)
		}
	}
	return all
}

// keepOthers keeps the suites that were measured before and are not asked for now.
func (r *runner) keepOthers() {
	if r.Before == nil {
		return
	}
	for _, s := range r.Before.Suites {
		if r.result.Suite(s.Name) == nil {
			r.result.Suites = append(r.result.Suites, s)
		}
	}
}

// saved hands over what there is.
func (r *runner) saved() error {
	if r.Saved == nil {
		return nil
	}
	return r.Saved(r.result)
}
