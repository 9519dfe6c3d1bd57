package bench_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ledgermill/bench"
	"ledgermill/bench/result"
)

// toys are suites whose cases do next to nothing, each in its way.
func toys() bench.Plan {
	answer := func(rows int64, hash string) func(context.Context) (*bench.Trial, error) {
		return func(context.Context) (*bench.Trial, error) {
			return &bench.Trial{
				Run: func(_ context.Context, s *result.Sample) error { s.Rows = rows; return nil },
				Check: func(_ context.Context, s *result.Sample) error {
					s.Hash = hash
					return nil
				}}, nil
		}
	}
	run := func(do func(context.Context) error) func(context.Context) (*bench.Trial, error) {
		return func(context.Context) (*bench.Trial, error) {
			return &bench.Trial{Run: func(ctx context.Context, _ *result.Sample) error { return do(ctx) },
				Check: func(context.Context, *result.Sample) error { return nil }}, nil
		}
	}
	// again says that it takes so long, in one stage, and answers the first time and
	// from then on.
	again := func(wall float64, first, later string) func(context.Context) (*bench.Trial, error) {
		return func(context.Context) (*bench.Trial, error) {
			n := int64(0)
			return &bench.Trial{
				Run: func(_ context.Context, s *result.Sample) error {
					s.Wall, s.Hash, s.Stages = wall, first, []result.Stage{{Name: "all", Wall: wall}}
					if n++; n > 1 {
						s.Hash = later
					}
					return nil
				},
				Check: func(_ context.Context, s *result.Sample) error { s.Written = n; return nil }}, nil
		}
	}
	return bench.Plan{
		Data: func(_ context.Context, p bench.Place) (string, error) {
			return "feed", os.WriteFile(filepath.Join(p.Dir, "data"), nil, 0o600)
		},
		Suites: func(p bench.Place) []bench.Suite {
			n := 0
			return []bench.Suite{
				{Name: "fine", Answers: "Is all well?", Weight: 1, Cases: []bench.Case{
					{Name: "first", Same: "rows", Ready: answer(7, "ab")},
					{Name: "second", Same: "rows", Ready: answer(7, "ab"), Against: []result.Comparison{{Kind: result.Naive, Case: "first"}, {Kind: result.Floor, Case: "nowhere"}}},
					{Name: "made before", Ready: run(func(context.Context) error { _, err := os.Stat(filepath.Join(p.Dir, "prepared")); return err })},
					{Name: "readable", Ready: run(func(context.Context) error {
						path := filepath.Join(p.Dir, "readable")
						if err := os.WriteFile(path, nil, 0o666); err != nil {
							return err
						}
						info, err := os.Stat(path)
						if err == nil && info.Mode().Perm()&0o044 != 0o044 {
							err = fmt.Errorf("another user cannot read it: %v", info.Mode())
						}
						return err
					})},
					{Name: "of its own", Ready: run(func(context.Context) error {
						if n++; n > 1 {
							return errors.New("the process had run a repetition already")
						}
						return nil
					})},
				}, Prepare: func(context.Context) error { return os.WriteFile(filepath.Join(p.Dir, "prepared"), nil, 0o600) }},
				{Name: "shared", Weight: 1, Shared: true, Cases: []bench.Case{
					{Name: "counts", Ready: func(ctx context.Context) (*bench.Trial, error) {
						n++
						return &bench.Trial{Run: func(_ context.Context, s *result.Sample) error { s.Wall = float64(n); return nil },
							Check: func(context.Context, *result.Sample) error { return nil }}, nil
					}},
				}},
				{Name: "brief", Weight: 1, Cases: []bench.Case{
					{Name: "three", Again: true, Ready: again(0.003, "ab", "ab")},
					{Name: "long", Again: true, Ready: again(0.1, "ab", "ab")},
					{Name: "once", Ready: again(0.003, "ab", "ab")},
					{Name: "single", Single: true, Ready: again(0.003, "ab", "ab")},
					{Name: "wavers", Again: true, Ready: again(0.003, "ab", "cd")},
				}},
				{Name: "bad", Weight: 1, Cases: []bench.Case{
					{Name: "right", Same: "rows", Ready: answer(7, "ab")},
					{Name: "wrong", Same: "rows", Ready: answer(7, "cd")},
					{Name: "short", Same: "rows", Ready: answer(6, "ab")},
					{Name: "refused", Ready: func(context.Context) (*bench.Trial, error) { return nil, &bench.VoidError{Reason: "a row is missing"} }},
					{Name: "fails", Ready: run(func(context.Context) error { return errors.New("the disk is full\nand more") })},
					{Name: "dies", Ready: run(func(context.Context) error { os.Exit(3); return nil })},
					{Name: "nowhere", Missing: func() string { return "Spork is not installed" }},
				}},
				{Name: "endless", Weight: 1, Cases: []bench.Case{
					{Name: "quick", Ready: answer(1, "ef")},
					{Name: "never", Ready: run(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })},
					{Name: "after", Ready: answer(1, "ef")},
				}},
				{Name: "made", Weight: 1, Cases: []bench.Case{
					{Name: "own", Prepare: func(context.Context) error {
						f, err := os.OpenFile(filepath.Join(p.Dir, "own"), os.O_CREATE|os.O_EXCL, 0o600)
						if err != nil {
							return err // made twice
						}
						return f.Close()
					}, Ready: run(func(context.Context) error { _, err := os.Stat(filepath.Join(p.Dir, "own")); return err })},
					{Name: "refused", Prepare: func(context.Context) error { return &bench.VoidError{Reason: "no room"} }, Ready: answer(1, "ef")},
					{Name: "late", Prepare: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, Ready: answer(1, "ef")},
				}},
				{Name: "served", Weight: 1, Server: true, Cases: []bench.Case{{Name: "any", Ready: answer(1, "ef")}}},
				{Name: "broken", Weight: 1, Prepare: func(context.Context) error { return errors.New("no room") }, Cases: []bench.Case{{Name: "any", Ready: answer(1, "ef")}}},
			}
		},
	}
}

func measure(t *testing.T, o bench.Options) (*result.Result, error) {
	t.Helper()
	o.Rows, o.Days, o.Seed, o.Dir = 10, 1, 1, t.TempDir()
	r, err := bench.Run(t.Context(), toys(), o)
	if r == nil {
		t.Fatal(err)
	}
	left, readErr := os.ReadDir(o.Dir)
	if readErr != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, readErr)
	}
	return r, err
}

func TestRunTakesTurns(t *testing.T) {
	t.Parallel()
	saved := 0
	r, err := measure(t, bench.Options{Only: []string{"fine", "shared"}, Saved: func(*result.Result) error { saved++; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Data != "feed" || saved != 22 || r.Finished.IsZero() || r.Machine.Cores < 1 || r.Machine.Memory == 0 || r.Machine.Disk == "" {
		t.Errorf("data %q, saved %d times, %+v", r.Data, saved, r.Machine)
	}
	var orders []int
	for _, c := range r.Suite("fine").Cases {
		if len(c.Samples) != 10 || c.Wanted != 10 || c.Warmups != 1 || !c.Counts() {
			t.Errorf("%s: %d samples of %d: %s%s", c.Name, len(c.Samples), c.Wanted, c.Void, c.Skipped)
		}
		last := -1
		for i, s := range c.Samples {
			orders = append(orders, s.Order)
			if s.Order/5 != i || s.Order <= last {
				t.Errorf("%s: sample %d is number %d: not one a round", c.Name, i, s.Order)
			}
			last = s.Order
			if s.PeakRSS < 1<<20 || s.CPU < 0 || s.Wall <= 0 {
				t.Errorf("%s: %+v", c.Name, s)
			}
		}
	}
	slices.Sort(orders)
	if len(slices.Compact(orders)) != 50 {
		t.Errorf("two samples have one place: %v", orders)
	}
	if first := r.Suite("fine").Cases[0].Samples; !slices.ContainsFunc(first, func(s result.Sample) bool { return s.Order%5 != 0 }) {
		t.Error("the order is not shuffled")
	}
	if against := r.Suite("fine").Case("second").Against; len(against) != 1 || against[0].Case != "first" {
		t.Errorf("compared with what was not measured: %v", against)
	}
	if samples := r.Suite("shared").Cases[0].Samples; samples[0].Wall != 2 || samples[9].Wall != 11 || samples[0].PeakRSS != 0 {
		t.Errorf("one process and a clock of its own: %+v", samples)
	}
}

func TestRunVoidsWrongAnswers(t *testing.T) {
	t.Parallel()
	r, err := measure(t, bench.Options{Only: []string{"bad", "broken"}, Repeat: 2})
	if err == nil {
		t.Error("a run with wrong answers has not failed")
	}
	for _, c := range []struct{ name, void, skipped string }{
		{"right", "", ""},
		{"wrong", "7 rows with hash cd came out, and 7 with ab of right", ""},
		{"short", "6 rows with hash ab came out, and 7 with ab of right", ""},
		{"refused", "get ready: a row is missing", ""},
		{"fails", "run: the disk is full", ""},
		{"dies", "process of the bench", ""},
		{"nowhere", "", "Spork is not installed"},
	} {
		got := r.Suite("bad").Case(c.name)
		if !strings.Contains(got.Void, c.void) || (c.void == "") != (got.Void == "") || got.Skipped != c.skipped || strings.Contains(got.Void, "\n") {
			t.Errorf("%s: void %q, skipped %q", c.name, got.Void, got.Skipped)
		}
		if want := c.void == "" && c.skipped == ""; got.Counts() != want || want && len(got.Samples) != 2 {
			t.Errorf("%s counts: %t, %d samples", c.name, got.Counts(), len(got.Samples))
		}
	}
	if got := r.Suite("broken").Cases[0].Skipped; !strings.Contains(got, "no room") {
		t.Errorf("skipped: %q", got)
	}
}

func TestRunHonoursTheBudget(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r, err := measure(t, bench.Options{Only: []string{"endless"}, Budget: 8 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("8 s of budget took %v", took)
	}
	s := r.Suite("endless")
	if c := s.Case("never"); !strings.Contains(c.Skipped, "half of what was left") || len(c.Samples) > 0 {
		t.Errorf("never: %+v", c)
	}
	for _, name := range []string{"quick", "after"} {
		if c := s.Case(name); len(c.Samples) == 0 && c.Skipped == "" {
			t.Errorf("%s has neither samples nor a reason", name)
		}
	}
	r, err = measure(t, bench.Options{Only: []string{"fine"}, Budget: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Suite("fine").Cases {
		if c.Skipped == "" || len(c.Samples) > 0 {
			t.Errorf("without a budget: %+v", c)
		}
	}
}

// TestRunPreparesCases: what a case alone needs is made once, and is not its repetition.
func TestRunPreparesCases(t *testing.T) {
	t.Parallel()
	r, err := measure(t, bench.Options{Only: []string{"made"}, Budget: 6 * time.Second})
	if err == nil || !strings.Contains(err.Error(), "prepare made/refused: no room") {
		t.Errorf("%v", err)
	}
	if c := r.Suite("made").Case("refused"); c.Void != "" || c.Skipped != "prepare made/refused: no room" {
		t.Errorf("%+v", c)
	}
	if c := r.Suite("made").Case("own"); len(c.Samples) != 10 || c.Warmups != 1 {
		t.Errorf("%+v", c)
	}
	if c := r.Suite("made").Case("late"); !strings.Contains(c.Skipped, "what it needs was not made in") || c.Warmups != 0 {
		t.Errorf("%+v", c)
	}
}

func TestRunThatIsInterruptedKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	stop := errors.New("interrupted by a test")
	for _, at := range []string{"warm up", "2 of 10"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		r, err := bench.Run(ctx, toys(), bench.Options{Only: []string{"fine"}, Rows: 1, Days: 1, Dir: t.TempDir(), Progress: func(line string) {
			if strings.Contains(line, "second") && strings.Contains(line, at) {
				cancel(stop)
			}
		}})
		if !errors.Is(err, stop) || r == nil || r.Ended != stop.Error() {
			t.Fatalf("%s: %v, %+v", at, err, r)
		}
		want := map[string]int{"warm up": 0, "2 of 10": 1}[at]
		for _, c := range r.Suite("fine").Cases {
			if len(c.Samples) < want || len(c.Samples) > want+1 {
				t.Errorf("%s: %s has %d samples", at, c.Name, len(c.Samples))
			}
		}
		if err := r.Write(filepath.Join(t.TempDir(), "bench.json")); err != nil {
			t.Error(err)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	all := toys().Suites(bench.Place{})
	for _, c := range []struct {
		patterns []string
		want     string
	}{
		{nil, "fine 5 shared 1 brief 5 bad 7 endless 3 made 3 served 1 broken 1"},
		{[]string{"fine", "bad/*s*"}, "fine 5 bad 4"},
		{[]string{"*/first", "fine/second"}, "fine 2"},
		{[]string{"fine", "bad/none"}, `no suite and no case is named "bad/none"`},
		{[]string{"["}, `no suite and no case is named "["`},
	} {
		got := ""
		kept, err := bench.Select(all, c.patterns)
		for _, s := range kept {
			got += " " + s.Name + " " + string(rune('0'+len(s.Cases)))
		}
		var unknown *bench.UnknownError
		if errors.As(err, &unknown) {
			got = " " + err.Error()
			if unknown.ExitCode() != 2 || unknown.Try() == "" {
				t.Error("an unknown name is a wrong use, with a remedy")
			}
		}
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%v: %q, want %q", c.patterns, got, c.want)
		}
	}
}

func TestTextAndBenchstat(t *testing.T) {
	t.Parallel()
	r := &result.Result{Commit: "0123", Machine: result.Machine{CPU: "a CPU", Cores: 2}, Ended: "interrupted by interrupt", Suites: []result.Suite{{Name: "ladder", Answers: "What gave it?", Cases: []result.Case{
		{Name: "naive", Wanted: 2, Samples: []result.Sample{{Wall: 2, Rows: 100, Written: 3e6, BlocksRead: 4}, {Wall: 2, Rows: 100}}},
		{Name: "two words", Void: "7 rows"},
		{Name: "late", Skipped: "the budget had ended"},
	}}}}
	for name, c := range map[string]struct {
		print func(*strings.Builder) error
		want  []string
	}{
		"text": {func(b *strings.Builder) error { return bench.Text(b, r) }, []string{"ladder: What gave it?", "naive ", "2.0000 s ±  0 %   2 of  2", "50 rows/s",
			"two words  VOID: 7 rows", "late       skipped: the budget had ended", "not all was measured: interrupted"}},
		"benchstat": {func(b *strings.Builder) error { return bench.Benchstat(b, r) }, []string{"cpu: a CPU",
			"BenchmarkLadder/naive-2\t1\t2000000000 ns/op\t50 rows/s\t3000000 written-bytes\t4 blocks\nBenchmarkLadder/naive-2\t1\t2000000000 ns/op\t50 rows/s\n"}},
	} {
		var b strings.Builder
		if err := c.print(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, b.String())
			}
		}
	}
}
