package duckdb

import (
	"context"
	"fmt"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// maxExamples is how many failing rows of a test are kept; people are shown fewer.
const maxExamples = 100

// tests runs the tests of a model on the file that was made. Those that are a
// boolean over a row are counted in one scan.
func (m *making) tests(ctx context.Context, one *model.Model, file *job.File) ([]job.TestResult, error) {
	if len(one.Tests) == 0 {
		return nil, nil
	}
	if err := m.views(ctx, one.References()); err != nil {
		return nil, err
	}
	if err := m.fileView(ctx, one.Name, []string{file.Path}); err != nil {
		return nil, err
	}
	failures, err := m.countFailures(ctx, one)
	if err != nil {
		return nil, err
	}
	var results []job.TestResult
	for i, t := range one.Tests {
		if !t.ByRows() {
			continue
		}
		r := job.TestResult{Dataset: one.Name, Unit: m.unit, Test: t.Text, Place: t.Pos.String(), Failures: failures[i],
			Warn: t.Warn, Passed: t.Passes(failures[i], file.Rows)}
		if failures[i] > 0 {
			if r.Columns, r.Examples, err = m.examples(ctx, t.Failing(sqltext.QuoteName(one.Name))); err != nil {
				return nil, fmt.Errorf("%s: test %s: %w", t.Pos, t.Text, err)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

func (m *making) countFailures(ctx context.Context, one *model.Model) ([]int64, error) {
	failures := make([]int64, len(one.Tests))
	var list []string
	var dest []any
	for i, t := range one.Tests {
		if !t.ByRows() {
			continue
		}
		if condition := t.Fails(); condition != "" {
			list = append(list, "count(*) filter (where "+condition+")")
			dest = append(dest, &failures[i])
			continue
		}
		if t.Kind == model.Unique {
			// As many hashes as rows: no two keys are equal. It is cheaper than to group
			// the keys themselves, which only a repeated hash asks for.
			var repeated int64
			query := fmt.Sprintf("select count(*) - count(distinct hash(%s)) from %s", quoteNames(t.Columns), sqltext.QuoteName(one.Name))
			err := m.session.rows(ctx, query, []any{&repeated}, func() error { return nil })
			if err != nil {
				return nil, fmt.Errorf("%s: test %s: %w", t.Pos, t.Text, err)
			}
			if repeated == 0 {
				continue
			}
		}
		query := t.Count(sqltext.QuoteName(one.Name))
		if err := m.session.rows(ctx, query, []any{&failures[i]}, func() error { return nil }); err != nil {
			return nil, fmt.Errorf("%s: test %s: %w", t.Pos, t.Text, err)
		}
	}
	if list == nil {
		return failures, nil
	}
	query := "select " + strings.Join(list, ", ") + " from " + sqltext.QuoteName(one.Name) + " as t"
	if err := m.session.rows(ctx, query, dest, func() error { return nil }); err != nil {
		return nil, fmt.Errorf("%s: tests: %w", one.File, err)
	}
	return failures, nil
}

// examples are the first failing rows, as text.
func (m *making) examples(ctx context.Context, query string) ([]string, [][]string, error) {
	result, err := m.session.texts(ctx, fmt.Sprintf("select * from (%s) order by all limit %d", query, maxExamples))
	return result.Columns, result.Rows, err
}

func (m *making) dataTest(ctx context.Context, d *model.DataTest) (job.TestResult, error) {
	r := job.TestResult{Dataset: strings.Join(d.On, ", "), Unit: m.unit, Test: d.Name, Place: d.File, Warn: d.Warn}
	if err := m.views(ctx, d.Inputs); err != nil {
		return r, err
	}
	query := "select count(*) from (\n" + d.SQL + "\n)"
	if err := m.session.rows(ctx, query, []any{&r.Failures}, func() error { return nil }); err != nil {
		return r, err
	}
	r.Passed = r.Failures <= d.AtMost
	var err error
	if r.Failures > 0 {
		r.Columns, r.Examples, err = m.examples(ctx, d.SQL)
	}
	return r, err
}
