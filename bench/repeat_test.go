package bench_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"ledgermill/bench"
)

// TestShortCasesDoMore: a repetition does the work so often that its sample is long
// enough, or as often as another run's; its times are those of one.
func TestShortCasesDoMore(t *testing.T) {
	t.Parallel()
	r, err := measure(t, bench.Options{Only: []string{"brief"}, Repeat: 2})
	if err == nil {
		t.Error("an answer that wavers is not void")
	}
	want := map[string]int{"three": 50, "long": 0, "once": 0}
	for name, times := range want {
		c := r.Suite("brief").Case(name)
		if c.Times != times || len(c.Samples) != 2 {
			t.Errorf("%s: the work is done %d times in each of %d repetitions", name, c.Times, len(c.Samples))
		}
		for _, s := range c.Samples {
			if s.Written != int64(max(times, 1)) || math.Abs(s.Wall-s.Stages[0].Wall) > 1e-12 || math.Abs(s.Wall-map[string]float64{"three": 0.003, "once": 0.003, "long": 0.1}[name]) > 1e-9 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
	if c := r.Suite("brief").Case("wavers"); !strings.Contains(c.Void, "hash cd came out, and 0 with ab the time before") {
		t.Errorf("void %q", c.Void)
	}
	if c := r.Suite("brief").Case("single"); len(c.Samples) != 1 || c.Wanted != 1 || c.Warmups != 0 {
		t.Errorf("a case of one repetition: %+v", c)
	}
	r.Suite("brief").Case("three").Times = 7
	like, err := measure(t, bench.Options{Only: []string{"brief/three", "brief/long"}, Repeat: 2, Like: r})
	if err != nil || like.Suite("brief").Case("three").Times != 7 || like.Suite("brief").Case("long").Times != 0 {
		t.Errorf("%v, %+v", err, like.Suite("brief"))
	}
}

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

// TestOnce: each case runs once, without a warm-up.
func TestOnce(t *testing.T) {
	t.Parallel()
	r, err := measure(t, bench.Options{Only: []string{"fine", "brief/three"}, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			if len(c.Samples) != 1 || c.Wanted != 1 || c.Warmups != 0 || c.Times != 0 {
				t.Errorf("%s: %+v", c.Name, c)
			}
		}
	}
}
