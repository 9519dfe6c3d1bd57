package monitor

import (
	"cmp"
	"math/big"
	"slices"
	"time"
)

// perSecond is the end of the name of a rate.
const perSecond = "_per_second"

// firstSample is why a rate is not there yet.
const firstSample = "a rate needs two samples"

// sameKey is why a row has no rate: nobody knows which row it was before.
const sameKey = "several rows have the same key"

// difference adds the rates since an earlier result of the same panel, and sorts.
// Without an earlier one, where a counter was reset, and where rows have the same key, a
// rate is not there.
func difference(now, before Result) Result {
	out := now
	out.Rows = make([][]Value, len(now.Rows))
	for i, row := range now.Rows {
		out.Rows[i] = slices.Clone(row)
	}
	out.Columns = slices.Clone(now.Columns)
	earlier, _ := before.single()
	_, twice := now.single()
	elapsed := now.At.Sub(before.At)
	if before.At.IsZero() {
		elapsed = 0
	}
	for _, name := range slices.Concat(now.Panel.Rates, now.Panel.Growths) {
		at := out.index(name)
		if at < 0 {
			continue
		}
		out.Columns[at].Hidden = slices.Contains(now.Panel.Rates, name)
		out.Columns = slices.Insert(out.Columns, at+1, Column{Name: name + perSecond, Numeric: true})
		was := before.index(name)
		for i, row := range out.Rows {
			rate, key := Value{}, now.key(now.Rows[i])
			if old, ok := earlier[key]; ok && was >= 0 && !twice[key] {
				rate = rateOf(row[at], old[was], elapsed, out.Columns[at].Hidden)
			}
			out.Rows[i] = slices.Insert(row, at+1, rate)
		}
		if elapsed <= 0 {
			out.Absent = with(out.Absent, name+perSecond, firstSample)
		} else if len(twice) > 0 {
			out.Absent = with(out.Absent, name+perSecond, sameKey)
		}
	}
	out.sort()
	return out
}

// single are the rows by key, without those that share it with others, and the keys that
// are shared.
func (r Result) single() (rows map[string][]Value, twice map[string]bool) {
	rows, twice = map[string][]Value{}, map[string]bool{}
	for _, row := range r.Rows {
		key := r.key(row)
		if _, known := rows[key]; known {
			twice[key] = true
		}
		rows[key] = row
	}
	for key := range twice {
		delete(rows, key)
	}
	return rows, twice
}

func with(m map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// rateOf is exact until the division: counters have more digits than a float.
func rateOf(now, before Value, elapsed time.Duration, counter bool) Value {
	if !now.Known || !before.Known || elapsed <= 0 {
		return Value{}
	}
	a, ok := new(big.Rat).SetString(now.Text)
	b, okBefore := new(big.Rat).SetString(before.Text)
	if !ok || !okBefore {
		return Value{}
	}
	d := a.Sub(a, b)
	if counter && d.Sign() < 0 {
		return Value{} // reset
	}
	f, _ := d.Float64()
	return Float(f/elapsed.Seconds(), 2)
}

// sort orders the rows by the panel's column; numbers by value, and what is not there
// comes last.
func (r *Result) sort() {
	at := r.index(r.Panel.Sort)
	if at < 0 {
		return
	}
	slices.SortStableFunc(r.Rows, func(a, b []Value) int { return compare(a[at], b[at], r.Panel.Down) })
}

func compare(a, b Value, down bool) int {
	if !a.Known || !b.Known {
		switch {
		case a.Known:
			return -1
		case b.Known:
			return 1
		}
		return 0
	}
	order := 0
	x, numeric := a.Number()
	if y, also := b.Number(); numeric && also {
		order = cmp.Compare(x, y)
	} else {
		order = cmp.Compare(a.Text, b.Text)
	}
	if down {
		return -order
	}
	return order
}
