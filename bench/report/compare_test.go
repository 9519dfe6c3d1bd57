package report_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"ledgermill/bench/report"
	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// slowed multiplies the times of a case.
func slowed(c *result.Case, by float64) {
	for i := range c.Samples {
		c.Samples[i].Wall *= by
	}
}

func compared(t *testing.T, a, b *result.Result) (*report.Comparison, string) {
	t.Helper()
	c, err := report.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := c.Text(&text); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	return c, text.String()
}

// TestCompareItself: a result and itself are no difference, but for cases that are
// too noisy in any company.
func TestCompareItself(t *testing.T) {
	t.Parallel()
	c, text := compared(t, sample(t), sample(t))
	noisy := 0
	for _, one := range c.Changes {
		switch one.Verdict {
		case stats.TooNoisy:
			noisy++
		case stats.NoDifference:
		default:
			t.Errorf("%+v", one)
		}
	}
	if len(c.Regressions())+len(c.Differences)+len(c.OnlyA)+len(c.OnlyB)+len(c.Answers) > 0 || noisy*20 > len(c.Changes) {
		t.Errorf("%d of %d too noisy\n%s", noisy, len(c.Changes), text)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	a, b := sample(t), sample(t)
	slowed(b.Suite("ladder").Case("product"), 1.4)
	slowed(b.Suite("ladder").Case("naive"), 0.7)
	slowed(b.Suite("floors").Case("lake"), 1.05)
	for i := range b.Suite("storage").Case("csv").Samples {
		b.Suite("storage").Case("csv").Samples[i].Written *= 2
	}
	for i := range b.Suite("scale").Case("rows-10000-days-7").Samples {
		b.Suite("scale").Case("rows-10000-days-7").Samples[i].PeakRSS *= 2
	}
	b.Suite("floors").Case("load").Samples[0].Hash = "other"
	b.Suite("floors").Case("pipe").Void = "wrong"
	b.Suite("floors").Cases = append(b.Suite("floors").Cases, result.Case{Name: "new", Samples: a.Suites[0].Cases[0].Samples})
	b.Suite("floors").Case("lake").Times = 20
	b.Commit, b.Machine.Kernel = "fedcba", "linux 7"
	c, text := compared(t, a, b)
	at := map[string]report.Change{}
	for _, one := range c.Changes {
		at[one.Case+" "+string(one.Field)] = one
	}
	for _, want := range []struct {
		key        string
		verdict    stats.Verdict
		regression bool
	}{
		{"ladder/product wall", stats.Slower, true},
		{"ladder/naive wall", stats.Faster, false},
		{"floors/lake wall", stats.NoDifference, false},
		{"storage/csv written", stats.Slower, true},
		{"scale/rows-10000-days-7 peak_rss", stats.Slower, false},
	} {
		if got := at[want.key]; got.Verdict != want.verdict || got.Regression != want.regression {
			t.Errorf("%s: %+v", want.key, got)
		}
	}
	if len(c.Regressions()) != 2 || len(c.Answers) != 1 || c.Answers[0] != "floors/load" || len(c.OnlyA) != 1 || c.OnlyA[0] != "floors/pipe" || len(c.OnlyB) != 1 || c.OnlyB[0] != "floors/new" {
		t.Errorf("%+v", c)
	}
	if len(c.Differences) != 2 || c.Differences[0].String() != "system: linux 6.1.0 x86_64 and linux 7" ||
		c.Differences[1].String() != "number of times that a repetition of floors/lake does the work: 1 and 20" {
		t.Errorf("%v", c.Differences)
	}
	for _, want := range []string{"REGRESSION", "floors/load: another answer", "2 regressions", "fedcba", "peak memory"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestCompareStrangers(t *testing.T) {
	t.Parallel()
	a, b := sample(t), sample(t)
	a.Suites, b.Suites = a.Suites[:1], b.Suites[1:2]
	var strangers *report.StrangersError
	if _, err := report.Compare(a, b); !errors.As(err, &strangers) || strangers.Try() == "" {
		t.Errorf("%v", err)
	}
}

// TestDifferences: everything that lies outside the program is named.
func TestDifferences(t *testing.T) {
	t.Parallel()
	a, b := sample(t), sample(t)
	b.Data, b.Seed, b.Machine = "x", 1, result.Machine{}
	b.Versions[0].Value, b.Versions[1].Name, b.Settings = "go2", "other", nil
	var names []string
	for _, d := range report.Differences(a, b) {
		names = append(names, d.What)
	}
	want := "data, seed, processor, cores, memory, memory limit, disk, system, version of go, version of duckdb, version of other, setting rows, setting days"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
