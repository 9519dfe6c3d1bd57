package engine

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// TestReport is what `test` found: of unit tests, and of data tests on what is
// published.
type TestReport struct {
	Unit []UnitTestResult `json:"unit"`
	Data *Tested          `json:"data,omitempty"` // nil: none were asked for
	Exit int              `json:"exit"`
}

// UnitTestResult is the outcome of one unit test.
type UnitTestResult struct {
	Test        string             `json:"test"`
	Model       string             `json:"model"`
	On          string             `json:"on,omitempty"`
	File        string             `json:"file"`
	Passed      bool               `json:"passed"`
	Seconds     float64            `json:"seconds"`
	Error       string             `json:"error,omitempty"` // why it could not be run
	Differences []model.Difference `json:"differences,omitempty"`
}

// RunUnitTests runs unit tests one by one. One that cannot be run has failed.
func RunUnitTests(ctx context.Context, project *model.Project, runner model.Runner, tests []*model.UnitTest) ([]UnitTestResult, error) {
	results := []UnitTestResult{}
	for _, t := range tests {
		began := time.Now()
		found, err := project.RunUnitTest(ctx, runner, t)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r := UnitTestResult{Test: t.Name, Model: t.Model, On: t.On, File: t.File, Passed: err == nil && found.Passed(),
			Seconds: time.Since(began).Seconds(), Differences: found.Differences}
		if err != nil {
			r.Error = err.Error()
		}
		results = append(results, r)
	}
	return results, nil
}

// Judge sets the exit code: 3 where a test failed that is no warning.
func (r *TestReport) Judge() {
	for _, t := range r.Unit {
		if !t.Passed {
			r.Exit = ExitRefused
		}
	}
	if r.Data == nil {
		return
	}
	for _, t := range r.Data.Results {
		if !t.Passed && !t.Warn {
			r.Exit = ExitRefused
		}
	}
}

// The marks in front of a test's line.
const (
	markPassed = "ok   "
	markWarned = "WARN "
	markFailed = "FAIL "
)

// Text writes the report for people.
func (r *TestReport) Text(w io.Writer) error {
	b := &strings.Builder{}
	passed := 0
	for _, t := range r.Unit {
		t.text(b)
		if t.Passed {
			passed++
		}
	}
	if len(r.Unit) > 0 {
		fmt.Fprintf(b, "%d unit tests: %d passed, %d failed\n", len(r.Unit), passed, len(r.Unit)-passed)
	}
	if r.Data != nil {
		r.Data.text(b)
	}
	if len(r.Unit) == 0 && r.Data == nil {
		b.WriteString("no unit tests\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t UnitTestResult) text(b *strings.Builder) {
	about := t.Model
	if t.On != "" {
		about += " on " + t.On
	}
	if t.Passed {
		fmt.Fprintf(b, "%s %s  %s\n", markPassed, t.Test, about)
		return
	}
	fmt.Fprintf(b, "%s %s  %s (%s)\n", markFailed, t.Test, about, t.File)
	if t.Error != "" {
		fmt.Fprintf(b, "      %s\n", t.Error)
		return
	}
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "      row\tcolumn\texpected\tmade")
	for i, d := range t.Differences {
		if i == maxShown {
			fmt.Fprintf(tw, "      and %d rows more\t\t\t\n", len(t.Differences)-i)
			break
		}
		for j, c := range d.Columns {
			key, expected, made := "", "no such row", "no such row"
			if j == 0 {
				key = strings.Join(d.Key, ", ")
			}
			if d.Expected != nil {
				expected = d.Expected[j]
			}
			if d.Made != nil {
				made = d.Made[j]
			}
			fmt.Fprintf(tw, "      %s\t%s\t%s\t%s\n", key, c, expected, made)
		}
	}
	_ = tw.Flush() // into memory
}

// maxShown is how many rows people are shown; more are kept.
const maxShown = 10

func (t *Tested) text(b *strings.Builder) {
	var passed, warned, failed int
	for _, r := range t.Results {
		switch {
		case r.Passed:
			passed++
		case r.Warn:
			warned++
			resultText(b, markWarned, r)
		default:
			failed++
			resultText(b, markFailed, r)
		}
	}
	for _, s := range t.Skipped {
		fmt.Fprintf(b, "skip  %s: %s: %s\n", s.Dataset, s.Test, s.Why)
	}
	if len(t.Results) == 0 {
		b.WriteString("no data tests: nothing is published that they could be run on\n")
		return
	}
	fmt.Fprintf(b, "%s of published units: %d passed, %d warned, %d failed\n", Plural(len(t.Results), "data test"), passed, warned, failed)
}

// resultText writes a test and its failing rows.
func resultText(b *strings.Builder, mark string, r job.TestResult) {
	fmt.Fprintf(b, "%s %s %s: %s: %s rows (%s)\n", mark, r.Dataset, r.Unit, r.Test, count(r.Failures), r.Place)
	if len(r.Examples) == 0 {
		return
	}
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "      "+strings.Join(r.Columns, "\t"))
	for i, row := range r.Examples {
		if i == maxShown {
			break
		}
		fmt.Fprintln(tw, "      "+strings.Join(row, "\t"))
	}
	_ = tw.Flush() // into memory
	if shown := int64(min(len(r.Examples), maxShown)); r.Failures > shown && r.Failures > int64(len(r.Examples)) || len(r.Examples) > maxShown {
		fmt.Fprintf(b, "      and %s more\n", count(max(r.Failures, int64(len(r.Examples)))-shown))
	}
}

// PastText writes the history of tests for people.
func PastText(w io.Writer, past []PastTest) error {
	b := &strings.Builder{}
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "run\tstarted\tdataset\ttest\tunits\tfailed\tfailing rows\t")
	for _, p := range past {
		mark := ""
		if p.Failed > 0 {
			mark = strings.TrimSpace(markFailed)
			if p.Warn {
				mark = strings.TrimSpace(markWarned)
			}
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", p.Run[:min(4, len(p.Run))], p.Started.Format("2006-01-02 15:04:05"), p.Dataset, p.Test, p.Units, p.Failed, count(p.Failures), mark)
	}
	_ = tw.Flush() // into memory
	for _, p := range past {
		for _, r := range p.Results {
			fmt.Fprintf(b, "run %s ", p.Run[:min(4, len(p.Run))])
			resultText(b, "left", r)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
