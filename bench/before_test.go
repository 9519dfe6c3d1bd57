package bench_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ledgermill/bench"
	"ledgermill/bench/result"
)

// TestRunGoesOn: what was measured stays, the rest comes to it, and only of a run like
// this one.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	o := bench.Options{Only: []string{"fine/first", "fine/second", "shared"}, Rows: 1, Days: 1, Repeat: 3, Commit: "0123", Dir: t.TempDir(), Progress: func(line string) {
		if strings.Contains(line, "second: 2 of") {
			cancel(errors.New("interrupted by a test"))
		}
	}}
	before, err := bench.Run(ctx, toys(), o)
	if err == nil || before == nil || len(before.Suite("fine").Case("second").Samples) != 1 {
		t.Fatalf("%v, %+v", err, before)
	}
	o.Progress, o.Before = nil, before
	whole, err := bench.Run(t.Context(), toys(), o)
	if err != nil || whole.Ended != "" || !whole.Started.Equal(before.Started) {
		t.Fatalf("%v, %+v", err, whole)
	}
	seen := map[int]bool{}
	for _, c := range whole.Suite("fine").Cases {
		for i, s := range c.Samples {
			if seen[s.Order] {
				t.Errorf("%s: two samples are number %d", c.Name, s.Order)
			}
			seen[s.Order] = true
			if old := before.Suite("fine").Case(c.Name).Samples; i < len(old) && old[i].Wall != s.Wall {
				t.Errorf("%s: sample %d was %v and is %v", c.Name, i, old[i].Wall, s.Wall)
			}
		}
		if len(c.Samples) != 3 {
			t.Errorf("%s: %d samples", c.Name, len(c.Samples))
		}
	}
	o.Before, o.Only = whole, []string{"fine/second", "shared"}
	asked := ""
	o.Progress = func(line string) { asked += line + "\n" }
	again, err := bench.Run(t.Context(), toys(), o)
	if err != nil || strings.Contains(asked, "/") || again.Suite("fine").Case("first") == nil || len(again.Suite("fine").Case("second").Against) != 1 || len(again.Suite("shared").Cases[0].Samples) != 3 {
		t.Errorf("%v: measured again what was whole, or lost the rest:\n%s", err, asked)
	}
	for name, change := range map[string]func(){
		"commit": func() { o.Commit = "4567" }, "seed": func() { o.Seed = 7 }, "rows": func() { o.Rows = 2 }, "data": func() { whole.Data = "food" },
		"build": func() { o.Program = "89ab" }, "duckdb": func() { whole.Versions[1].Value = "1.0.0" },
		"engine.threads": func() { whole.Settings[3].Value = "77" },
	} {
		restore, data := o, whole.Data
		versions, settings := slices.Clone(whole.Versions), slices.Clone(whole.Settings)
		change()
		r, err := bench.Run(t.Context(), toys(), o)
		var other *bench.OtherRunError
		if !errors.As(err, &other) || !strings.Contains(err.Error(), name) || other.ExitCode() != 2 || other.Try() == "" || r != nil {
			t.Errorf("%s: %v", name, err)
		}
		o, whole.Data, whole.Versions, whole.Settings = restore, data, versions, settings
	}
}

// TestRunGoesOnWithOthers: what is not asked for any more is still what the rest must
// answer like, and came before it.
func TestRunGoesOnWithOthers(t *testing.T) {
	t.Parallel()
	before, err := measure(t, bench.Options{Only: []string{"bad/right"}, Repeat: 2})
	if err != nil {
		t.Fatal(err)
	}
	after, err := measure(t, bench.Options{Only: []string{"bad/wrong", "bad/right"}, Repeat: 2, Before: before})
	if err == nil || !strings.Contains(after.Suite("bad").Case("wrong").Void, "and 7 with ab of right") {
		t.Errorf("%v, %+v", err, after.Suite("bad").Case("wrong"))
	}
	after, err = measure(t, bench.Options{Only: []string{"bad/wrong"}, Repeat: 2, Before: before})
	if err == nil || !strings.Contains(after.Suite("bad").Case("wrong").Void, "and 7 with ab of right") || len(after.Suite("bad").Case("right").Samples) != 2 {
		t.Errorf("%v, %+v", err, after.Suite("bad"))
	}
	before, err = measure(t, bench.Options{Only: []string{"fine/first"}, Repeat: 2})
	if err != nil {
		t.Fatal(err)
	}
	after, err = measure(t, bench.Options{Only: []string{"fine/second"}, Repeat: 2, Before: before})
	if err != nil || after.Suite("fine").Case("second").Samples[0].Order != 2 {
		t.Errorf("%v, %+v", err, after.Suite("fine"))
	}
}

// TestRunGoesOnWithMore: a run that asks for more repetitions, or that is warm where the
// other was cold, gets them.
func TestRunGoesOnWithMore(t *testing.T) {
	t.Parallel()
	var before *result.Result
	for _, step := range []struct {
		name            string
		once            bool
		repeat          int
		samples, warmed int
	}{
		{"cold", true, 0, 1, 0},
		{"two, and the cold one does not count", false, 2, 2, 1},
		{"three", false, 3, 3, 2},
		{"as many as the method asks for", false, 0, 10, 3},
		{"fewer than there are", false, 2, 10, 3},
		{"what is whole", false, 0, 10, 3},
	} {
		r, err := measure(t, bench.Options{Only: []string{"fine/first"}, Once: step.once, Repeat: step.repeat, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		c := r.Suite("fine").Case("first")
		if len(c.Samples) != step.samples || c.Wanted != step.samples || c.Warmups != step.warmed {
			t.Errorf("%s: %d samples of %d after %d warm-ups", step.name, len(c.Samples), c.Wanted, c.Warmups)
		}
		if !step.once && c.Samples[0].Order == 0 {
			t.Errorf("%s: the cold sample counts", step.name)
		}
		before = r
	}
}

// TestRunGoesOnUnderWay: what is not whole keeps the number of repetitions that it was
// to have.
func TestRunGoesOnUnderWay(t *testing.T) {
	t.Parallel()
	before, err := measure(t, bench.Options{Only: []string{"fine/first"}, Repeat: 14})
	if err != nil {
		t.Fatal(err)
	}
	c := before.Suite("fine").Case("first")
	c.Samples = c.Samples[:12]
	after, err := measure(t, bench.Options{Only: []string{"fine/first"}, Before: before})
	if err != nil || len(after.Suite("fine").Case("first").Samples) != 14 || after.Suite("fine").Case("first").Wanted != 14 {
		t.Errorf("%v, %+v", err, after.Suite("fine").Case("first"))
	}
}

// TestRunGoesOnAfterWrongAnswers: a wrong answer stands until the case has been measured
// again, and fails a run that goes past it.
func TestRunGoesOnAfterWrongAnswers(t *testing.T) {
	t.Parallel()
	before, err := measure(t, bench.Options{Only: []string{"bad/right", "bad/wrong"}, Repeat: 2})
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	void := before.Suite("bad").Case("wrong").Void
	after, err := measure(t, bench.Options{Only: []string{"bad/wrong"}, Repeat: 2, Budget: time.Nanosecond, Before: before})
	if c := after.Suite("bad").Case("wrong"); err == nil || !strings.Contains(err.Error(), void) || c.Void != void || c.Skipped != "" {
		t.Errorf("out of budget: %v, %+v", err, c)
	}
	before.Suite("bad").Case("wrong").Void = "the disk was full"
	after, err = measure(t, bench.Options{Only: []string{"bad/wrong"}, Repeat: 2, Before: before})
	if c := after.Suite("bad").Case("wrong"); err == nil || c.Void != void {
		t.Errorf("measured again: %v, %+v", err, c)
	}
}

// TestRunThatNeverBegan: a run that goes on and fails before it measures keeps what the
// one before it knew, so that a third is still held to it.
func TestRunThatNeverBegan(t *testing.T) {
	t.Parallel()
	before, err := measure(t, bench.Options{Only: []string{"fine/first"}, Repeat: 2, Command: "one"})
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no server")
	r, err := measure(t, bench.Options{Only: []string{"served"}, Before: before, Command: "two", Start: func(context.Context) (bench.Server, error) { return nil, refused }})
	if !errors.Is(err, refused) || !slices.Equal(r.Versions, before.Versions) || !slices.Equal(r.Settings, before.Settings) || len(r.Suite("fine").Case("first").Samples) != 2 {
		t.Errorf("%v, %+v", err, r)
	}
	if !r.Begun() {
		t.Error("what it goes on with is forgotten")
	}
	again, err := measure(t, bench.Options{Only: []string{"fine/first"}, Before: r, Command: "two"})
	if err != nil || again.Command != "one && two" {
		t.Errorf("%v, made by %q", err, again.Command)
	}
	skipped := &result.Result{Suites: []result.Suite{{Cases: []result.Case{{Skipped: "Spork is not installed"}}}}}
	if !skipped.Begun() {
		t.Error("a run that ended says why it has nothing")
	}
	if skipped.Ended = "interrupted"; skipped.Begun() {
		t.Error("a run that was interrupted before its first sample has something to say")
	}
	fresh, err := measure(t, bench.Options{Only: []string{"served"}, Start: func(context.Context) (bench.Server, error) { return nil, refused }})
	if !errors.Is(err, refused) || fresh.Begun() {
		t.Errorf("%v, %+v", err, fresh)
	}
}
