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
	Place Place  `json:"place"`
	Do    string `json:"do"` // one of the words below
	Suite string `json:"suite"`
	Case  string `json:"case"`
	Times int    `json:"times"` // repetitions
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
			if r.Do == doPrepare {
				return s.Prepare(ctx)
			}
			for _, c := range s.Cases {
				if c.Name == r.Case {
					a.Samples, err = try(ctx, s, c, r.Times)
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

// try runs a case so many times, in one trial.
func try(ctx context.Context, s Suite, c Case, times int) (samples []result.Sample, err error) {
	t, err := c.Ready(ctx)
	if err != nil {
		return nil, fmt.Errorf("get ready: %w", err)
	}
	if t.Close != nil {
		defer func() { err = errors.Join(err, t.Close(context.WithoutCancel(ctx))) }()
	}
	for range times {
		sample, err := once(ctx, t, !s.Shared)
		if err != nil {
			return samples, err
		}
		samples = append(samples, sample)
	}
	return samples, nil
}

// once is one repetition. alone says that the process is the case's own.
func once(ctx context.Context, t *Trial, alone bool) (s result.Sample, err error) {
	if alone {
		forgetPeak()
	}
	busy, began := cpuTime(), time.Now()
	if err := t.Run(ctx, &s); err != nil {
		return s, fmt.Errorf("run: %w", err)
	}
	took := time.Since(began)
	if s.Wall == 0 {
		s.Wall = took.Seconds()
	}
	if alone {
		s.CPU = (cpuTime() - busy).Seconds()
		if s.PeakRSS == 0 {
			s.PeakRSS = peak()
		}
	}
	if err := t.Check(ctx, &s); err != nil {
		return s, fmt.Errorf("check: %w", err)
	}
	return s, nil
}
