package bench

import (
	"context"
	"fmt"
	"path"
	"strings"

	"ledgermill/bench/result"
)

// Suite is cases that answer one question. Cases of a suite may share what is made
// once for all of them.
type Suite struct {
	Name    string
	Answers string // the question, as a sentence
	Weight  int    // its share of the budget, beside those of the other suites
	Server  bool   // it needs PostgreSQL
	// Shared runs all repetitions in one process, where a case is too short for one of
	// its own, or what it needs too long to open: no memory and no processor time is
	// known then.
	Shared bool
	Cases  []Case
	// Prepare makes what all cases need, once, in a process of its own. May be nil.
	Prepare func(ctx context.Context) error
	// Close ends what a process of the suite holds open. May be nil.
	Close func() error
}

// Case is one thing that is measured.
type Case struct {
	Name       string
	Answers    string // what it is, as a sentence
	Parameters []result.Pair
	Against    []result.Comparison
	// Same is a word that cases have in common whose rows must be the same. Empty: the
	// case is compared with itself.
	Same string
	// Single is for what takes too long for more: its one repetition, cold, is its sample.
	Single bool
	// Repeats is for what warms up slowly: how often a trial has done the work when it is
	// ready. All samples are then of one trial. 0: each is of its own.
	Repeats int
	// Again says that a trial's Run may be called again and does the same then. Where it
	// is short, a repetition does the work so often that its sample is long enough.
	Again bool
	// Missing tells why it cannot be run on this machine; "" if it can. May be nil.
	Missing func() string
	// Prepare makes what this case needs and others do not, once, in a process of its own,
	// before its first repetition. May be nil.
	Prepare func(ctx context.Context) error
	// Ready makes a repetition that may run. It is not timed.
	Ready func(ctx context.Context) (*Trial, error)
}

// group names the cases whose rows must be the same as this one's.
func (c Case) group() string {
	if c.Same == "" {
		return "case " + c.Name
	}
	return "same as " + c.Same
}

// Trial is one repetition, ready to run. Only Run is timed, and called more than once
// for one that may be run Again.
type Trial struct {
	// Run does the work. It sets Wall itself where it knows better than the clock
	// around it.
	Run func(ctx context.Context, s *result.Sample) error
	// Check notes what came out: at least rows and hash. An error voids the case.
	Check func(ctx context.Context, s *result.Sample) error
	// Close cleans up, whatever has happened. May be nil.
	Close func(ctx context.Context) error
}

// Place is what the cases of a run work in.
type Place struct {
	Dir    string `json:"dir"`    // everything is below it; any user may read there
	Server string `json:"server"` // connection string of PostgreSQL's administrator; "" without
	Rows   int    `json:"rows"`   // a day
	Days   int    `json:"days"`
	Seed   uint64 `json:"seed"`
	Memory int64  `json:"memory"` // bytes that the engine may use before it spills
	Owner  int    `json:"owner"`  // process that the run belongs to: databases have it in their names
}

// Plan is what can be measured.
type Plan struct {
	// Suites are all suites in such a place.
	Suites func(Place) []Suite
	// Data makes the data that most cases read, and returns their SHA-256.
	Data func(context.Context, Place) (string, error)
	// Peers are the versions of other programs that are found here. May be nil.
	Peers func(context.Context) []result.Pair
}

// VoidError is an answer that must not be timed.
type VoidError struct{ Reason string }

func (e *VoidError) Error() string { return e.Reason }

// UnknownError is a name that no suite and no case has.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string { return fmt.Sprintf("no suite and no case is named %q", e.Name) }

// ExitCode is that of a wrong use.
func (e *UnknownError) ExitCode() int { return 2 }

// Try says where the names are.
func (e *UnknownError) Try() string { return "ledgermill bench list" }

// Select keeps the suites and cases that patterns name: SUITE, SUITE/CASE, or either
// with * and ?. All are kept without one. The error is an [UnknownError].
func Select(suites []Suite, patterns []string) ([]Suite, error) {
	if len(patterns) == 0 {
		return suites, nil
	}
	used := make([]bool, len(patterns))
	var kept []Suite
	for _, s := range suites {
		var cases []Case
		for _, c := range s.Cases {
			wanted := false
			for i, pattern := range patterns {
				if matches(pattern, s.Name, c.Name) {
					wanted, used[i] = true, true
				}
			}
			if wanted {
				cases = append(cases, c)
			}
		}
		if len(cases) > 0 {
			s.Cases = cases
			kept = append(kept, s)
		}
	}
	for i, pattern := range patterns {
		if !used[i] {
			return nil, &UnknownError{pattern}
		}
	}
	return kept, nil
}

func matches(pattern, suite, name string) bool {
	of, one, divided := strings.Cut(pattern, "/")
	inSuite, err := path.Match(of, suite)
	if err != nil || !inSuite {
		return false
	}
	if !divided {
		return true
	}
	// A case's own name may have strokes in it, which * covers as well.
	found, err := path.Match(strings.ReplaceAll(one, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return err == nil && found
}
