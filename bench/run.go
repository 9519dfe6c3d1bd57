package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"ledgermill/bench/result"
	"ledgermill/engine/config"
)

// Server is a PostgreSQL of the run's own.
type Server interface {
	URL() config.Secret // of its administrator
	Close(context.Context) error
}

// Options say what to measure and how thoroughly.
type Options struct {
	Only   []string      // suites and cases, as Select takes them
	Rows   int           // a day
	Days   int           // business dates
	Seed   uint64        // of data and of order
	Memory config.Size   // that the engine may use before it spills; 0: as where a command has none given
	Repeat int           // repetitions of each case; 0: 10 below 30 s, else 6
	Budget time.Duration // for everything; 0: no limit
	// Once runs each case once, without a warm-up: it shows that all run and answer
	// alike, and its times are not to be judged by.
	Once bool
	// Like is a run that this one is to be compared with: repetitions do the work as
	// often as its. May be nil.
	Like *result.Result
	// Before is what a run of the same command left that ended before its time: what it
	// has is kept, and the rest measured. May be nil.
	Before *result.Result
	Dir    string // existing directory to work in; "": the system's temporary one

	Commit  string
	Program string // hash of the executable where the commit names no build, else ""
	Command string // as typed
	// Start provides the server that suites need which say so.
	Start func(context.Context) (Server, error)
	// Saved is called with what there is after each round. May be nil.
	Saved    func(*result.Result) error
	Progress func(string) // one line a step; may be nil
}

// The method: repetitions of a case by how long one takes.
const (
	short       = 30 * time.Second
	timesShort  = 10
	timesLonger = 6
)

// runner is a run under way.
type runner struct {
	Options
	plan   Plan
	place  Place
	known  []Suite // all that there are, asked for or not
	result *result.Result
	random *rand.Rand
	ends   time.Time // zero: never
	faults []error
}

// Run measures. What it has is returned with any error: a run that is interrupted, or
// of which a case fails, has a result none the less.
func Run(ctx context.Context, plan Plan, o Options) (_ *result.Result, err error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	o.Memory = cmp.Or(o.Memory, config.Default().Engine.MemoryLimit)
	r := &runner{Options: o, plan: plan, random: rand.New(rand.NewPCG(o.Seed, 1))}
	r.place = Place{Rows: o.Rows, Days: o.Days, Seed: o.Seed, Memory: o.Memory.Bytes(), Owner: os.Getpid()}
	r.known = plan.Suites(r.place)
	suites, err := Select(r.known, o.Only)
	if err != nil {
		return nil, err
	}
	if r.place.Dir, err = workDir(o.Dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.place.Dir)) }()
	r.result = &result.Result{Schema: result.Schema, Commit: o.Commit, Program: o.Program, Command: o.Command, Started: time.Now().UTC().Truncate(time.Millisecond),
		Seed: o.Seed, Budget: o.Budget.Seconds(), Settings: r.sizes()}
	if r.result.Machine, err = machine(ctx, r.place.Dir); err != nil {
		return nil, err
	}
	if err := r.goOn(); err != nil {
		return nil, err
	}
	if o.Budget > 0 {
		r.ends = time.Now().Add(o.Budget)
	}
	takers := make([]*taker, len(suites))
	for i, s := range suites {
		takers[i] = r.taker(s)
	}
	r.keepOthers()
	err = r.all(ctx, takers)
	var other *OtherRunError
	if errors.As(err, &other) {
		return nil, err // what it has is not to be kept
	}
	r.result.Finished = time.Now().UTC().Truncate(time.Millisecond)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		r.result.Ended = err.Error()
	}
	return r.result, err
}

// sizes are the settings that say how much data there is.
func (r *runner) sizes() []result.Pair {
	return []result.Pair{{Name: result.RowsADay, Value: strconv.Itoa(r.Rows)}, {Name: result.Days, Value: strconv.Itoa(r.Days)}}
}

// workDir makes a directory that any user may read in: the server may be another one.
func workDir(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "ledgermill-bench-")
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", errors.Join(fmt.Errorf("bench: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

func (r *runner) all(ctx context.Context, suites []*taker) (err error) {
	if slices.ContainsFunc(suites, func(t *taker) bool { return t.suite.Server }) {
		server, started := r.Start(ctx)
		if started != nil {
			return started
		}
		defer func() { err = errors.Join(err, server.Close(context.WithoutCancel(ctx))) }()
		r.place.Server = server.URL().Reveal()
		defer func() { err = errors.Join(err, dropDatabases(context.WithoutCancel(ctx), r.place)) }()
	}
	if err := r.ground(ctx); err != nil {
		return err
	}
	r.Progress(fmt.Sprintf("data: %d rows a day, %d days", r.Rows, r.Days))
	answer, err := r.alone(ctx, request{Do: doData})
	if err != nil {
		return err
	}
	if r.Before != nil && r.Before.Data != "" && r.Before.Data != answer.Data {
		return &OtherRunError{"data"}
	}
	r.result.Data = answer.Data
	suites = slices.DeleteFunc(suites, func(t *taker) bool { return t.whole() })
	weights := 0
	for _, t := range suites {
		weights += t.suite.Weight
	}
	for _, t := range suites {
		if left := time.Until(r.ends); !r.ends.IsZero() {
			t.ends = time.Now().Add(left * time.Duration(t.suite.Weight) / time.Duration(max(weights, 1)))
		}
		weights -= t.suite.Weight
		if err := r.suite(ctx, t); err != nil {
			return err
		}
		if err := r.saved(); err != nil {
			return err
		}
	}
	return errors.Join(r.faults...)
}

// alone asks a process that ends with its answer.
func (r *runner) alone(ctx context.Context, q request) (a reply, err error) {
	w, err := start()
	if err != nil {
		return a, err
	}
	q.Place = r.place
	if a, err = w.ask(ctx, q); err != nil {
		return a, errors.Join(err, w.kill())
	}
	err = w.close()
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a, err
}

// running is a case of a suite under way.
type running struct {
	Case
	result   *result.Case
	expected time.Duration // of one repetition, with all that is around it
	wanted   int
	times    int  // that a repetition does the work
	over     bool // nothing more is asked of it
	again    bool // what is known of it is to be measured anew
}

// anew forgets what is to be measured anew.
func (c *running) anew() {
	if c.again {
		c.again = false
		c.result.Samples, c.result.Wanted, c.result.Times, c.result.Warmups = nil, 0, 0, 0
		c.result.Skipped, c.result.Void = "", ""
	}
}

// skip ends a case, and says why if it has neither a sample nor a wrong answer.
func (c *running) skip(why string) {
	c.over = true
	if len(c.result.Samples) == 0 && c.result.Void == "" {
		c.result.Skipped = why
	}
}

// taker gets a suite's cases ready to be measured, with what is known of them before.
func (r *runner) taker(s Suite) *taker {
	out := result.Suite{Name: s.Name, Answers: s.Answers}
	for _, c := range s.Cases {
		out.Cases = append(out.Cases, r.describe(s, c))
	}
	out.Cases = append(out.Cases, r.otherCases(out)...)
	r.result.Suites = append(r.result.Suites, out)
	t := &taker{runner: r, suite: s, hashes: map[string]expected{}}
	t.remember()
	for i, c := range s.Cases {
		t.cases = append(t.cases, &running{Case: c, result: &out.Cases[i]})
		t.restore(t.cases[i])
	}
	return t
}

// suite measures a suite's cases, and only fails where nothing more can be done.
func (r *runner) suite(ctx context.Context, t *taker) error {
	s := t.suite
	if s.Prepare != nil && time.Now().Before(cmp.Or(t.ends, time.Now().Add(time.Hour))) {
		r.Progress(s.Name + ": prepare")
		if _, err := r.alone(ctx, request{Do: doPrepare, Suite: s.Name}); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			err = fmt.Errorf("prepare %s: %w", s.Name, err)
			r.faults = append(r.faults, err)
			for _, c := range t.cases {
				c.skip(err.Error())
			}
			return nil
		}
	}
	err := t.take(ctx)
	return errors.Join(err, t.close())
}

// describe is a case before its first sample.
func (r *runner) describe(s Suite, c Case) result.Case {
	out := result.Case{Name: c.Name, Answers: c.Answers, Parameters: c.Parameters}
	for _, a := range c.Against {
		if slices.ContainsFunc(s.Cases, func(o Case) bool { return o.Name == a.Case }) || find(r.Before, s.Name, a.Case) != nil {
			out.Against = append(out.Against, a)
		}
	}
	// What it is compared with is measured in turns with it.
	names := []string{s.Name + "/" + c.Name}
	for _, a := range out.Against {
		names = append(names, s.Name+"/"+a.Case)
	}
	out.Command = fmt.Sprintf("ledgermill bench run --rows %d --days %d --seed %d --memory %s --repeat %d --budget 0 %s%s", r.Rows, r.Days, r.Seed, r.Memory, r.Repeat, map[bool]string{true: "--once "}[r.Once], ShellLine(names))
	return out
}

// ShellLine is a command line of words as a shell reads it.
func ShellLine(words []string) string {
	line := make([]string, len(words))
	for i, w := range words {
		line[i] = w
		if w == "" || strings.ContainsAny(w, " *?[]{}~#!$`\"'\\()&;|<>\t\n") {
			line[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(line, " ")
}
