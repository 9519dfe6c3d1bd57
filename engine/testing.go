package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Tested is what the tests of published units have found.
type Tested struct {
	Results []job.TestResult `json:"results"`
	Skipped []SkippedTest    `json:"skipped,omitempty"`
}

// SkippedTest is a test that only a run can make, and why.
type SkippedTest struct {
	Dataset string `json:"dataset"`
	Test    string `json:"test"`
	Why     string `json:"why"`
}

// TestPublished runs data tests on published units: those of the selection's dates,
// or the newest of each dataset where it names none. Of the data tests that are files
// it runs those that are named, all where named is nil. It changes nothing.
func (m *Mill) TestPublished(ctx context.Context, sel Selection, named []string) (*Tested, error) {
	m.Engine.Use(m.Project.Contracts, m.Project.Models)
	t := &tester{Mill: m, found: &Tested{Results: []job.TestResult{}}, sel: sel}
	for _, name := range m.Project.Order {
		if one := m.Project.Models[name]; one != nil && (sel.Datasets == nil || slices.Contains(sel.Datasets, name)) {
			if err := t.model(ctx, one); err != nil {
				return nil, err
			}
		}
	}
	for _, d := range m.Project.DataTests {
		if named == nil || slices.Contains(named, d.Name) {
			if err := t.dataTest(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	t.found.Results = m.masked(t.found.Results)
	return t.found, nil
}

type tester struct {
	*Mill
	sel   Selection
	found *Tested
}

// units are the published units of a dataset that are asked for, in order.
func (t *tester) units(dataset string) []job.Unit {
	var units []job.Unit
	for _, name := range t.State().UnitNames(dataset) {
		record, _ := t.State().Unit(dataset, name)
		if u := job.Unit(name); record.Key != "" && !record.Lost && t.sel.covers(u) {
			units = append(units, u)
		}
	}
	return units
}

// asked are the units of which dates are asked for; the newest, where none are.
func (t *tester) asked(units []job.Unit) []job.Unit {
	if t.sel.From.IsZero() && t.sel.To.IsZero() && len(units) > 1 {
		return units[len(units)-1:]
	}
	return units
}

func (t *tester) skip(dataset, test, why string) {
	s := SkippedTest{dataset, test, why}
	if !slices.Contains(t.found.Skipped, s) {
		t.found.Skipped = append(t.found.Skipped, s)
	}
}

func (t *tester) model(ctx context.Context, one *model.Model) error {
	here := *one
	here.Tests = slices.DeleteFunc(slices.Clone(one.Tests), func(test model.Test) bool {
		raw := test.Kind == model.Relationship && t.Project.Contracts[test.Target] != nil
		if raw {
			t.skip(one.Name, test.Text, "it reads "+test.Target+", whose records are there while a run makes them")
		}
		return raw
	})
	if err := t.clocked(ctx, one); err != nil {
		return err
	}
	for _, u := range t.asked(t.units(one.Name)) {
		record, _ := t.State().Unit(one.Name, string(u))
		task := job.Task{Unit: u, Previous: t.previous(one.Name, u), Model: &here, Inputs: job.Inputs{Contracts: map[string][]job.Unit{}, Files: t.published(one.References(), u)}}
		results, err := t.Engine.Test(ctx, task, job.File{Dataset: one.Name, Unit: u, Path: t.Lake.Location(record.Key), Rows: record.Rows})
		if err != nil {
			return err
		}
		results = append(results, volumes(one, u, record.Rows, func(v job.Unit) (int64, bool) {
			before, ok := t.State().Unit(one.Name, string(v))
			return before.Rows, ok && !before.Lost
		})...)
		t.found.Results = append(t.found.Results, results...)
	}
	return nil
}

// previous is the last business date of the latest unit of a dataset before u.
func (t *tester) previous(dataset string, u job.Unit) time.Time {
	names := t.State().UnitNames(dataset)
	i, _ := slices.BinarySearch(names, string(u))
	if i == 0 || u == job.Whole {
		return time.Time{}
	}
	return job.Unit(names[i-1]).Last()
}

// published are the files of datasets on a unit, or of all of a whole one.
func (t *tester) published(datasets []string, u job.Unit) map[string][]string {
	files := map[string][]string{}
	for _, name := range datasets {
		for _, v := range []job.Unit{u, job.Whole} {
			if record, ok := t.State().Unit(name, string(v)); ok && record.Key != "" && !record.Lost {
				files[name] = []string{t.Lake.Location(record.Key)}
				break
			}
		}
	}
	return files
}

// clocked holds a dataset against the clock: how old its newest unit is, or the newest
// value of a column of a whole one.
func (t *tester) clocked(ctx context.Context, one *model.Model) error {
	for _, test := range one.Tests {
		units := t.State().UnitNames(one.Name)
		if !test.Clocked() || len(units) == 0 {
			continue
		}
		newest := job.Unit(units[len(units)-1])
		record, _ := t.State().Unit(one.Name, string(newest))
		limit := t.Now().UTC().Add(-test.Age)
		result := job.TestResult{Dataset: one.Name, Unit: newest, Test: test.Text, Place: test.Pos.String(), Warn: test.Warn}
		if len(test.Columns) > 0 {
			at := "max(" + sqltext.QuoteName(test.Columns[0]) + ")"
			sql := fmt.Sprintf("select %s as newest from %s having %s is null or cast(%s as timestamp) < timestamp '%s'", at, sqltext.QuoteName(one.Name), at, at, limit.Format("2006-01-02 15:04:05"))
			d := &model.DataTest{Name: test.Text, File: one.File, SQL: sql, Inputs: []string{one.Name}, On: []string{one.Name}}
			found, err := t.Engine.Audit(ctx, job.Audit{Unit: newest, Test: d, Inputs: job.Inputs{Files: t.published(d.Inputs, newest)}})
			if err != nil {
				return err
			}
			result.Failures, result.Columns, result.Examples = found.Failures, found.Columns, found.Examples
		} else {
			_, end := newest.Bounds()
			if end.IsZero() {
				end = record.At
			}
			if end.Before(limit) {
				result.Failures, result.Columns, result.Examples = 1, []string{"newest"}, [][]string{{end.Format(time.RFC3339)}}
			}
		}
		result.Passed = result.Failures == 0
		t.found.Results = append(t.found.Results, result)
	}
	return nil
}

// dataTest runs a file on the units on which all that it reads is published.
func (t *tester) dataTest(ctx context.Context, d *model.DataTest) error {
	units, dated := []job.Unit{job.Whole}, false
	for _, name := range d.Inputs {
		if t.Project.Contracts[name] != nil {
			t.skip(strings.Join(d.On, ", "), d.Name, "it reads "+name+", whose records are there while a run makes them")
			return nil
		}
		here := t.units(name)
		switch {
		case len(here) == 0:
			return nil
		case here[0] == job.Whole:
		case !dated:
			units, dated = here, true
		default:
			units = slices.DeleteFunc(units, func(u job.Unit) bool { return !slices.Contains(here, u) })
		}
	}
	for _, u := range t.asked(units) {
		var previous time.Time
		for _, name := range d.Inputs {
			if before := t.previous(name, u); before.After(previous) {
				previous = before
			}
		}
		result, err := t.Engine.Audit(ctx, job.Audit{Unit: u, Previous: previous, Test: d, Inputs: job.Inputs{Files: t.published(d.Inputs, u)}})
		if err != nil {
			return err
		}
		t.found.Results = append(t.found.Results, result)
	}
	return nil
}

// PastTest is what became of a test in one run.
type PastTest struct {
	Run      string           `json:"run"`
	Started  time.Time        `json:"started"`
	Dataset  string           `json:"dataset"`
	Test     string           `json:"test"`
	Units    int              `json:"units"`    // it ran on
	Failed   int              `json:"failed"`   // units of them
	Failures int64            `json:"failures"` // rows
	Warn     bool             `json:"warn"`
	Results  []job.TestResult `json:"results,omitempty"` // those with failing rows, which are kept with them
}

// TestHistory is what became of tests in the last runs that are recorded, newest
// first. Asked says which tests.
func (m *Mill) TestHistory(ctx context.Context, last int, asked func(dataset, test string) bool) ([]PastTest, error) {
	past := []PastTest{}
	runs := m.State().Runs
	for _, summary := range slices.Backward(runs[max(0, len(runs)-last):]) {
		var report Report
		err := readReport(ctx, m.Lake, summary.Run, &report)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, &StoreError{Op: "read the record of run " + summary.Run + " of", URL: m.Lake.URL(), Err: err}
		}
		past = append(past, pastTests(report, asked)...)
	}
	return past, nil
}

func pastTests(report Report, asked func(dataset, test string) bool) []PastTest {
	at := map[string]int{}
	var past []PastTest
	for _, t := range report.Tests {
		if !asked(t.Dataset, t.Test) {
			continue
		}
		key := t.Dataset + "\x00" + t.Test
		i, known := at[key]
		if !known {
			i = len(past)
			at[key] = i
			past = append(past, PastTest{Run: report.Run, Started: report.Started, Dataset: t.Dataset, Test: t.Test, Warn: t.Warn})
		}
		past[i].Units++
		past[i].Failures += t.Failures
		if !t.Passed {
			past[i].Failed++
		}
		if t.Failures > 0 {
			past[i].Results = append(past[i].Results, t)
		}
	}
	slices.SortStableFunc(past, func(a, b PastTest) int { return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Test, b.Test)) })
	return past
}
