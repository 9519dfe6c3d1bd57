package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ledgermill/bench/result"
)

// childVariable tells the program that it is to run repetitions.
const childVariable = "LEDGERMILL_BENCH_CHILD"

// request is what a process of the bench is told, one JSON value after the other.
type request struct {
	Place       Place   `json:"place"`
	Do          string  `json:"do"` // one of the words below
	Suite       string  `json:"suite"`
	Case        string  `json:"case"`
	Repetitions int     `json:"repetitions"`
	Times       int     `json:"times"`            // that each repetition does the work
	Within      float64 `json:"within,omitempty"` // seconds: none but the first begins later; 0: no limit
}

const (
	doData    = "data"
	doPrepare = "prepare"
	doTry     = "try"
)

// reply is what it answers.
type reply struct {
	Data    string          `json:"data,omitempty"`
	Samples []result.Sample `json:"samples,omitempty"`
	Void    string          `json:"void,omitempty"`
	Error   string          `json:"error,omitempty"`
}

// Child does what the bench has started this process for, if it has. Call it first
// in main and in TestMain, and exit with the given code if it says handled.
func Child(plan Plan) (handled bool, exit int) {
	if os.Getenv(childVariable) == "" {
		return false, 0
	}
	// What it makes is generated, and a server that another user runs has to read it,
	// whatever the program does with a bank's own.
	syscall.Umask(0o022)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, plan, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true, 1
	}
	return true, 0
}

// serve answers requests until there are no more. Suites live as long as it does.
func serve(ctx context.Context, plan Plan, in io.Reader, out io.Writer) (err error) {
	requests, replies := json.NewDecoder(in), json.NewEncoder(out)
	var suites []Suite
	defer func() {
		for _, s := range suites {
			if s.Close != nil {
				err = errors.Join(err, s.Close())
			}
		}
	}()
	for {
		var r request
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		if suites == nil {
			suites = plan.Suites(r.Place)
		}
		if err := replies.Encode(answer(ctx, plan, suites, r)); err != nil {
			return err
		}
	}
}

func answer(ctx context.Context, plan Plan, suites []Suite, r request) (a reply) {
	err := func() (err error) {
		if r.Do == doData {
			a.Data, err = plan.Data(ctx, r.Place)
			return err
		}
		for _, s := range suites {
			if s.Name != r.Suite {
				continue
			}
			if r.Do == doPrepare && r.Case == "" {
				return s.Prepare(ctx)
			}
			for _, c := range s.Cases {
				switch {
				case c.Name != r.Case:
				case r.Do == doPrepare:
					return c.Prepare(ctx)
				default:
					a.Samples, err = try(ctx, s, c, r)
					return err
				}
			}
		}
		return &UnknownError{r.Suite + "/" + r.Case}
	}()
	var void *VoidError
	switch {
	case errors.As(err, &void):
		a.Void = err.Error()
	case err != nil:
		a.Error = err.Error()
	}
	return a
}

// try repeats a case, in one trial.
func try(ctx context.Context, s Suite, c Case, r request) (samples []result.Sample, err error) {
	began := time.Now()
	t, err := c.Ready(ctx)
	if err != nil {
		return nil, fmt.Errorf("get ready: %w", err)
	}
	if t.Close != nil {
		defer func() { err = errors.Join(err, t.Close(context.WithoutCancel(ctx))) }()
	}
	for n := range r.Repetitions {
		if n > 0 && r.Within > 0 && time.Since(began).Seconds() > r.Within {
			break
		}
		sample, err := once(ctx, t, max(r.Times, 1), !s.Shared)
		if err != nil {
			return samples, err
		}
		samples = append(samples, sample)
	}
	return samples, nil
}

// once is one repetition, which does the work so many times: times are those of one.
// alone says that the process is the case's own.
func once(ctx context.Context, t *Trial, times int, alone bool) (s result.Sample, err error) {
	if alone {
		forgetPeak()
	}
	busy := cpuTime()
	for n := range times {
		one, err := work(ctx, t)
		if err != nil {
			return s, err
		}
		if n > 0 && (one.Rows != s.Rows || one.Hash != s.Hash) {
			return s, &VoidError{fmt.Sprintf("%d rows with hash %s came out, and %d with %s the time before", one.Rows, one.Hash, s.Rows, s.Hash)}
		}
		addTimes(&one, s)
		s = one
	}
	divideTimes(&s, times)
	if alone {
		s.CPU = (cpuTime() - busy).Seconds() / float64(times)
		if s.PeakRSS == 0 {
			s.PeakRSS = peak()
		}
	}
	if err := t.Check(ctx, &s); err != nil {
		return s, fmt.Errorf("check: %w", err)
	}
	return s, nil
}

// work does the work once.
func work(ctx context.Context, t *Trial) (s result.Sample, err error) {
	began := time.Now()
	if err := t.Run(ctx, &s); err != nil {
		return s, fmt.Errorf("run: %w", err)
	}
	if s.Wall == 0 {
		s.Wall = time.Since(began).Seconds()
	}
	return s, nil
}

// addTimes adds what was before, with the same stages or none.
func addTimes(s *result.Sample, before result.Sample) {
	s.Wall += before.Wall
	for i, stage := range before.Stages {
		s.Stages[i].Wall += stage.Wall
	}
}

func divideTimes(s *result.Sample, times int) {
	s.Wall /= float64(times)
	for i := range s.Stages {
		s.Stages[i].Wall /= float64(times)
	}
}
