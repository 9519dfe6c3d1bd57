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
	Repeat int           // repetitions of each case; 0: 10 below 30 s, else 6
	Budget time.Duration // for everything; 0: no limit
	Dir    string        // existing directory to work in; "": the system's temporary one

	Commit  string
	Command string // as typed
	// Start provides the server that suites need which say so.
	Start func(context.Context) (Server, error)
	// Saved is called with what there is after each suite. May be nil.
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
	r := &runner{Options: o, plan: plan, random: rand.New(rand.NewPCG(o.Seed, 1))}
	r.place = Place{Rows: o.Rows, Days: o.Days, Seed: o.Seed, Owner: os.Getpid()}
	suites, err := Select(plan.Suites(r.place), o.Only)
	if err != nil {
		return nil, err
	}
	if r.place.Dir, err = workDir(o.Dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.place.Dir)) }()
	r.result = &result.Result{Schema: result.Schema, Commit: o.Commit, Command: o.Command, Started: time.Now().UTC().Truncate(time.Millisecond),
		Seed: o.Seed, Budget: o.Budget.Seconds(), Settings: []result.Pair{{Name: result.RowsADay, Value: strconv.Itoa(o.Rows)}, {Name: result.Days, Value: strconv.Itoa(o.Days)}}}
	if r.result.Machine, err = machine(ctx, r.place.Dir); err != nil {
		return nil, err
	}
	if o.Budget > 0 {
		r.ends = r.result.Started.Add(o.Budget)
	}
	err = r.all(ctx, suites)
	r.result.Finished = time.Now().UTC().Truncate(time.Millisecond)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		r.result.Ended = err.Error()
	}
	return r.result, err
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

func (r *runner) all(ctx context.Context, suites []Suite) (err error) {
	if slices.ContainsFunc(suites, func(s Suite) bool { return s.Server }) {
		server, started := r.Start(ctx)
		if started != nil {
			return started
		}
		defer func() { err = errors.Join(err, server.Close(context.WithoutCancel(ctx))) }()
		r.place.Server = server.URL().Reveal()
		defer func() { err = errors.Join(err, dropDatabases(context.WithoutCancel(ctx), r.place)) }()
	}
	if r.result.Versions, err = versions(ctx, r.place.Server); err != nil {
		return err
	}
	own, err := settings(ctx, r.place.Server)
	if err != nil {
		return err
	}
	r.result.Settings = append(r.result.Settings, own...)
	if r.plan.Peers != nil {
		r.result.Versions = append(r.result.Versions, r.plan.Peers(ctx)...)
	}
	r.Progress(fmt.Sprintf("data: %d rows a day, %d days", r.Rows, r.Days))
	answer, err := r.alone(ctx, request{Do: doData})
	if err != nil {
		return err
	}
	r.result.Data = answer.Data
	weights := 0
	for _, s := range suites {
		weights += s.Weight
	}
	for _, s := range suites {
		ends := time.Time{}
		if left := time.Until(r.ends); !r.ends.IsZero() {
			ends = time.Now().Add(left * time.Duration(s.Weight) / time.Duration(max(weights, 1)))
		}
		weights -= s.Weight
		if err := r.suite(ctx, s, ends); err != nil {
			return err
		}
		if r.Saved != nil {
			if err := r.Saved(r.result); err != nil {
				return err
			}
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
	over     bool // nothing more is asked of it
}

// suite measures a suite's cases, and only fails where nothing more can be done.
func (r *runner) suite(ctx context.Context, s Suite, ends time.Time) error {
	out := result.Suite{Name: s.Name, Answers: s.Answers}
	for _, c := range s.Cases {
		out.Cases = append(out.Cases, r.describe(s, c))
	}
	r.result.Suites = append(r.result.Suites, out)
	cases := make([]*running, len(s.Cases))
	for i, c := range s.Cases {
		cases[i] = &running{Case: c, result: &out.Cases[i]}
	}
	if s.Prepare != nil && time.Now().Before(cmp.Or(ends, time.Now().Add(time.Hour))) {
		r.Progress(s.Name + ": prepare")
		if _, err := r.alone(ctx, request{Do: doPrepare, Suite: s.Name}); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			err = fmt.Errorf("prepare %s: %w", s.Name, err)
			r.faults = append(r.faults, err)
			for _, c := range cases {
				c.result.Skipped = err.Error()
			}
			return nil
		}
	}
	t := &taker{runner: r, suite: s, ends: ends, hashes: map[string]expected{}}
	err := t.take(ctx, cases)
	return errors.Join(err, t.close())
}

// describe is a case before its first sample.
func (r *runner) describe(s Suite, c Case) result.Case {
	out := result.Case{Name: c.Name, Answers: c.Answers, Parameters: c.Parameters, Warmups: 1}
	for _, a := range c.Against {
		if slices.ContainsFunc(s.Cases, func(o Case) bool { return o.Name == a.Case }) {
			out.Against = append(out.Against, a)
		}
	}
	// What it is compared with is measured in turns with it.
	names := []string{s.Name + "/" + c.Name}
	for _, a := range out.Against {
		names = append(names, s.Name+"/"+a.Case)
	}
	out.Command = fmt.Sprintf("ledgermill bench run --rows %d --days %d --seed %d --repeat %d --budget 0 %s", r.Rows, r.Days, r.Seed, r.Repeat, quoted(names))
	return out
}

func quoted(names []string) string {
	for i, n := range names {
		if strings.ContainsAny(n, " *?$'\"()&;|<>") {
			names[i] = "'" + strings.ReplaceAll(n, "'", `'\''`) + "'"
		}
	}
	return strings.Join(names, " ")
}
