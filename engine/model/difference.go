package model

import (
	"slices"
	"strings"
)

// Difference is a row of a unit test that is not as expected: expected and made side
// by side.
type Difference struct {
	Key      []string `json:"key"`                // the values that name the row
	Columns  []string `json:"columns"`            // those that differ; all, of a row that one side lacks
	Expected []string `json:"expected,omitempty"` // the values of Columns; nil: no such row was expected
	Made     []string `json:"made,omitempty"`     // nil: no such row was made
}

// differences pairs the rows that are expected with those that were made: by the
// grain where it is compared, and where that finds none by the most equal values.
func (r *UnitResult) differences(grain []string) []Difference {
	key := r.keyOf(grain)
	made := slices.Clone(r.Unexpected)
	var all, lone []Difference
	for _, row := range r.Missing {
		i := nearestRow(row, made, key)
		if i < 0 {
			lone = append(lone, Difference{Key: valuesAt(row, key), Columns: r.Columns, Expected: row})
			continue
		}
		all = append(all, r.pair(row, made[i], key))
		made = slices.Delete(made, i, i+1)
	}
	all = append(all, lone...)
	for _, row := range made {
		all = append(all, Difference{Key: valuesAt(row, key), Columns: r.Columns, Made: row})
	}
	return all
}

// keyOf are the places of the grain's columns, if all are compared; else the first.
func (r *UnitResult) keyOf(grain []string) []int {
	var key []int
	for _, name := range grain {
		if i := slices.IndexFunc(r.Columns, func(c string) bool { return strings.EqualFold(c, name) }); i >= 0 {
			key = append(key, i)
		}
	}
	if len(key) < len(grain) || len(key) == 0 {
		return []int{0}
	}
	return key
}

func (r *UnitResult) pair(expected, made []string, key []int) Difference {
	d := Difference{Key: valuesAt(expected, key)}
	for i, c := range r.Columns {
		if expected[i] != made[i] {
			d.Columns, d.Expected, d.Made = append(d.Columns, c), append(d.Expected, expected[i]), append(d.Made, made[i])
		}
	}
	return d
}

// nearestRow is the row of the same key; without one that of which at least half of the
// values are equal, and none is more so. -1: there is none.
func nearestRow(row []string, among [][]string, key []int) int {
	best, most := -1, (len(row)+1)/2-1
	for i, other := range among {
		if slices.Equal(valuesAt(row, key), valuesAt(other, key)) {
			return i
		}
		equal := 0
		for j, v := range row {
			if v == other[j] {
				equal++
			}
		}
		if equal > most {
			best, most = i, equal
		}
	}
	return best
}

func valuesAt(row []string, places []int) []string {
	var all []string
	for _, i := range places {
		all = append(all, row[i])
	}
	return all
}
