package engine

import (
	"fmt"
	"math/big"
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// compares reports whether a test holds the model's number of rows against that of
// earlier units.
func compares(one *model.Model) bool {
	return slices.ContainsFunc(one.Tests, func(t model.Test) bool { return t.Kind == model.Volume })
}

// compared are the earlier units that the tests of a unit compare it with, in order.
func (c *catalogue) compared(one *model.Model, u job.Unit) []job.Unit {
	if one == nil {
		return nil
	}
	var units []job.Unit
	for _, t := range one.Tests {
		if t.Kind == model.Volume {
			units = append(units, unitsBefore(t, u)...)
		}
	}
	units = slices.DeleteFunc(units, func(v job.Unit) bool { return !slices.Contains(c.units[one.Name], v) })
	slices.Sort(units)
	return slices.Compact(units)
}

// unitsBefore are the units that a test looks back to, whether they exist or not.
func unitsBefore(t model.Test, u job.Unit) []job.Unit {
	from, _ := u.Bounds()
	var units []job.Unit
	for n := 1; n <= t.Last; n++ {
		units = append(units, job.UnitOf(u.Partition(), t.Step.Before(from, n)))
	}
	return units
}

// volumes holds the number of rows of a unit against those of the units before: made
// in this run, or published.
func (r *run) volumes(one *model.Model, u job.Unit, rows int64) []job.TestResult {
	return volumes(one, u, rows, func(v job.Unit) (int64, bool) {
		if record, ok := r.records[one.Name][v]; ok {
			return record.Rows, true
		}
		record, ok := r.State().Unit(one.Name, string(v))
		return record.Rows, ok && !record.Lost
	})
}

func volumes(one *model.Model, u job.Unit, rows int64, rowsOf func(job.Unit) (int64, bool)) []job.TestResult {
	var results []job.TestResult
	for _, t := range one.Tests {
		if t.Kind != model.Volume {
			continue
		}
		result := job.TestResult{Dataset: one.Name, Unit: u, Test: t.Text, Place: t.Pos.String(), Warn: t.Warn, Passed: true}
		var sum, n int64
		for _, v := range unitsBefore(t, u) {
			if before, ok := rowsOf(v); ok {
				sum, n = sum+before, n+1
			}
		}
		if n > 0 && beyond(rows, sum, n, t.Percent) {
			result.Failures, result.Passed = 1, false
			result.Columns = []string{"rows", "usual_rows", "units_compared"}
			result.Examples = [][]string{{fmt.Sprint(rows), new(big.Rat).SetFrac64(sum, n).FloatString(1), fmt.Sprint(n)}}
		}
		results = append(results, result)
	}
	return results
}

// beyond reports whether rows differ from the mean of n units with sum rows by more
// than percent of it, exactly.
func beyond(rows, sum, n int64, percent string) bool {
	p, ok := new(big.Rat).SetString(percent)
	if !ok {
		return false
	}
	mean := new(big.Rat).SetFrac64(sum, n)
	difference := new(big.Rat).Sub(new(big.Rat).SetInt64(rows), mean)
	allowed := p.Mul(p, mean)
	return difference.Abs(difference).Cmp(allowed.Quo(allowed, big.NewRat(100, 1))) > 0
}
