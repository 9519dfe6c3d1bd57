package warehouse

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Difference is a figure on which the lake and the warehouse disagree.
type Difference struct {
	Column string `json:"column,omitempty"` // "" for the number of rows
	// What is "rows", "non-null values", "sum", "bytes", "true values", "smallest
	// value", "largest value" or "hash of rows"; of a control total with its group.
	What      string `json:"what"`
	Lake      string `json:"lake"`
	Warehouse string `json:"warehouse"`
	By        string `json:"difference,omitempty"` // warehouse less lake; "" where they are no numbers
}

// What a difference is about.
const (
	nonNull  = "non-null values"
	smallest = "smallest value"
	largest  = "largest value"
)

func differ(column, what, lake, warehouse string) Difference {
	d := Difference{Column: column, What: what, Lake: lake, Warehouse: warehouse}
	x, xErr := rational(lake)
	y, yErr := rational(warehouse)
	if xErr == nil && yErr == nil {
		d.By = new(big.Rat).Sub(y, x).FloatString(max(decimals(lake), decimals(warehouse)))
	}
	return d
}

// compare lists where what PostgreSQL found is not what the lake holds: rows
// first, then column by column, then the control totals.
func compare(lake, found Figures) ([]Difference, error) {
	var all []Difference
	if lake.Rows != found.Rows {
		all = append(all, differ("", "rows", fmt.Sprint(lake.Rows), fmt.Sprint(found.Rows)))
	}
	for i, t := range lake.Totals {
		differences, err := compareTotal(t, found.Totals[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", t.Column, err)
		}
		all = append(all, differences...)
	}
	for i, c := range lake.Controls {
		all = append(all, compareControl(c, found.Controls[i])...)
	}
	return all, nil
}

func compareTotal(lake, found Total) (all []Difference, err error) {
	if lake.NonNull != found.NonNull {
		all = append(all, differ(lake.Column, nonNull, fmt.Sprint(lake.NonNull), fmt.Sprint(found.NonNull)))
	}
	if lake.Sum != "" {
		want, err := rational(lake.Sum)
		if err != nil {
			return nil, fmt.Errorf("sum in the lake: %w", err)
		}
		have, err := rational(found.Sum)
		if err != nil {
			return nil, fmt.Errorf("sum in PostgreSQL: %w", err)
		}
		if want.Cmp(have) != 0 {
			what := map[Kind]string{Boolean: "true values", Text: "bytes"}[lake.Kind]
			if what == "" {
				what = "sum"
			}
			all = append(all, differ(lake.Column, what, lake.Sum, found.Sum))
		}
	}
	for _, end := range []struct {
		what    string
		in, out *string
	}{{smallest, lake.Min, found.Min}, {largest, lake.Max, found.Max}} {
		if lake.Kind.ends() && !sameValue(lake.Kind, end.in, end.out) {
			all = append(all, differ(lake.Column, end.what, orNone(end.in), orNone(end.out)))
		}
	}
	return all, nil
}

// sameValue compares canonical texts. Floating-point numbers have none: the two
// databases print the same number with other digits.
func sameValue(kind Kind, x, y *string) bool {
	if x == nil || y == nil {
		return x == y
	}
	if kind != Double && kind != Single {
		return *x == *y
	}
	bits := map[Kind]int{Double: 64, Single: 32}[kind]
	a, aErr := strconv.ParseFloat(*x, bits)
	b, bErr := strconv.ParseFloat(*y, bits)
	return aErr == nil && bErr == nil && (a == b || a != a && b != b)
}

// compareControl compares groups both ways: a group too many is a difference.
func compareControl(lake, found Control) (all []Difference) {
	have := make(map[string]ControlRow, len(found.Rows))
	for _, g := range found.Rows {
		have[groupName(lake.By, g.By)] = g
	}
	for _, want := range lake.Rows {
		name := groupName(lake.By, want.By)
		g, there := have[name]
		delete(have, name)
		if !there && want.Count == 0 {
			continue
		}
		if g.Count != want.Count {
			all = append(all, differ("", "rows"+name, fmt.Sprint(want.Count), fmt.Sprint(g.Count)))
		}
		for i, column := range lake.Sum {
			if x, y := want.Sums[i], at(g.Sums, i); !sameSum(x, y) {
				all = append(all, differ(column, "sum"+name, orNone(&x), orNone(&y)))
			}
		}
		for i, column := range lake.Count {
			if x, y := want.Counts[i], at(g.Counts, i); x != y {
				all = append(all, differ(column, nonNull+name, fmt.Sprint(x), fmt.Sprint(y)))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		all = append(all, differ("", "rows"+name, "0", fmt.Sprint(have[name].Count)))
	}
	return all
}

func at[T any](list []T, i int) (zero T) {
	if i < len(list) {
		return list[i]
	}
	return zero
}

// sameSum takes no value for zero.
func sameSum(lake, found string) bool {
	if found == "" {
		return lake == "" || isZero(lake)
	}
	want, wantErr := rational(lake)
	have, haveErr := rational(found)
	return wantErr == nil && haveErr == nil && want.Cmp(have) == 0
}

func orNone(text *string) string {
	if text == nil || *text == "" {
		return "no value"
	}
	return *text
}

func isZero(text string) bool {
	value, err := rational(text)
	return err == nil && value.Sign() == 0
}

// groupName is " for a = x, b = y", and nothing where there are no groups.
func groupName(by []string, values []*string) string {
	if len(by) == 0 {
		return ""
	}
	parts := make([]string, len(by))
	for i, name := range by {
		if i < len(values) && values[i] != nil {
			parts[i] = fmt.Sprintf("%s = %q", name, *values[i])
		} else {
			parts[i] = name + " is null"
		}
	}
	return " for " + strings.Join(parts, ", ")
}

func rational(text string) (*big.Rat, error) {
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", text)
	}
	return value, nil
}

func decimals(text string) int {
	_, fraction, _ := strings.Cut(text, ".")
	return len(fraction)
}
