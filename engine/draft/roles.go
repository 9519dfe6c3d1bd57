package draft

import (
	"cmp"
	"slices"
	"strings"
)

// readColumns finds the type of every column.
func (d *drafter) readColumns() error {
	for _, s := range d.sections {
		s.orderDays()
	}
	for i, f := range d.fields {
		var all reading
		found := false
		for _, s := range d.sections {
			r := reading{kind: varchar}
			if i < len(s.columns) && s.columns[i] != nil {
				var err error
				if r, err = s.columns[i].read(); err != nil {
					return err
				}
				if s.columns[i].values > 0 {
					all, found = widest(all, r, found), true
				}
			}
			f.readings = append(f.readings, r)
		}
		if !found {
			all = reading{kind: varchar}
		}
		f.kind = all.kind
		f.typed = f.sqlType(all, d.words)
		f.notNull = d.always(i)
		d.seeColumn(i, f)
	}
	return nil
}

// orderDays tells every column whether the section's dates have the day first.
func (s *section) orderDays() {
	day, month := 0, 0
	for _, c := range s.columns {
		if c != nil {
			d, m := c.order()
			day, month = day+d, month+m
		}
	}
	for _, c := range s.columns {
		if c != nil {
			c.dayFirst, c.monthFirst = day, month
		}
	}
}

// widest is the reading that takes the values of both.
func widest(a, b reading, both bool) reading {
	if !both || a.kind == b.kind {
		b.digits, b.scale, b.round = max(a.digits, b.digits), max(a.scale, b.scale), a.round || b.round
		return b
	}
	numbers := map[kind]int{whole: 1, decimal: 2, double: 3}
	w := reading{kind: varchar, digits: max(a.digits, b.digits), scale: max(a.scale, b.scale)}
	switch {
	case numbers[a.kind] > 0 && numbers[b.kind] > 0 && numbers[a.kind] > numbers[b.kind]:
		w.kind = a.kind
	case numbers[a.kind] > 0 && numbers[b.kind] > 0:
		w.kind = b.kind
	case a.kind == date && b.kind == timestamp || a.kind == timestamp && b.kind == date:
		w.kind = timestamp
	}
	return w
}

func (f *field) sqlType(r reading, words vocabulary) string {
	switch r.kind {
	case whole:
		if r.digits <= 8 {
			return "integer"
		}
		if r.digits <= 18 {
			return "bigint"
		}
		return "decimal(38, 0)"
	case decimal:
		scale := max(2, r.scale)
		if scale > 2 || !words.any("money", f.name) {
			scale = max(4, r.scale)
		}
		if r.round || words.any("money", f.name) && r.scale <= 2 {
			scale = 2
		}
		return "decimal(" + itoa(max(18, r.digits+scale+2)) + ", " + itoa(scale) + ")"
	}
	return string(r.kind)
}

// always reports whether every record of every sample has a value.
func (d *drafter) always(i int) bool {
	for _, s := range d.sections {
		if i >= len(s.columns) || s.columns[i] == nil || s.columns[i].blank > 0 || s.columns[i].values == 0 {
			return false
		}
	}
	return true
}

// mostly: so few records lack a value that they are faults of the sender.
func (d *drafter) mostly(i int) bool {
	for _, s := range d.sections {
		if i >= len(s.columns) || s.columns[i] == nil || s.columns[i].blank*500 > s.columns[i].values {
			return false
		}
	}
	return true
}

// roles finds candidates for business date, key and control totals.
func (d *drafter) roles() {
	d.findDate()
	d.findKey()
	d.findControl()
}

// findKey takes the leftmost column that names a record and stands once, or nearly.
func (d *drafter) findKey() {
	var candidates []string
	for i, f := range d.fields {
		values, repeated := 0, 0
		all := map[string]bool{}
		for _, s := range d.sections {
			if i < len(s.columns) && s.columns[i] != nil {
				values += s.columns[i].values
				for text := range s.columns[i].counts {
					all[text] = true
				}
			}
		}
		repeated = values - len(all)
		named := d.words.last("identifier", f.name) || i == 0 && f.kind != decimal && f.kind != double && f.kind != boolean
		switch {
		case values == 0 || !named || !d.mostly(i):
		case repeated*300 <= values && values > 1:
			candidates = append(candidates, f.name)
			if repeated > 0 {
				d.see("%s: %d of %d records repeat a value", f.name, repeated, values)
			}
		case repeated*20 <= values:
			d.see("%s: no key: %d of %d records repeat a value; with a key all but one of each would go", f.name, repeated, values)
		}
	}
	if candidates == nil {
		d.see("no key: no column names a record, so that nothing is removed")
		return
	}
	d.key = candidates[0]
	d.require(d.key)
	d.see("key: %s%s", d.key, others(candidates))
}

func others(candidates []string) string {
	if len(candidates) < 2 {
		return ""
	}
	return "; it could also be " + strings.Join(candidates[1:], ", ")
}

func (d *drafter) require(name string) {
	for _, f := range d.fields {
		if f.name == name {
			f.notNull = true
		}
	}
}

// findControl takes the first decimal column that is named like money, and a
// column named like a currency to group by.
func (d *drafter) findControl() {
	var sums []string
	for _, f := range d.fields {
		if f.kind == decimal && d.words.any("money", f.name) {
			sums = append(sums, f.name)
		}
		if f.kind == varchar && d.words.any("group", f.name) && d.by == "" {
			d.by = f.name
		}
	}
	if sums == nil {
		d.see("no control total: no decimal column is named like money")
		return
	}
	d.control = sums[0]
	d.see("control total: sum(%s)%s%s", d.control, map[bool]string{true: " by " + d.by}[d.by != ""], others(sums))
}

// findDate takes the column whose name says most that it is the business date; of
// a time its day is read.
func (d *drafter) findDate() {
	var candidates []int
	for i, f := range d.fields {
		if (f.kind == date || f.kind == timestamp) && d.mostly(i) {
			candidates = append(candidates, i)
		}
	}
	score := func(i int) int {
		f, n := d.fields[i], 0
		for _, w := range strings.Split(f.name, "_") {
			if slices.Contains(d.words["date"], w) {
				n += 2
			}
			if slices.Contains(d.words["earlier"], w) {
				n -= 5
			}
		}
		if f.kind == date {
			n += 3
		}
		return n
	}
	candidates = slices.DeleteFunc(candidates, func(i int) bool { return score(i) < 0 })
	if len(candidates) == 0 {
		d.dateOfParts()
		return
	}
	best := slices.MaxFunc(candidates, func(a, b int) int { return cmp.Or(cmp.Compare(score(a), score(b)), cmp.Compare(b, a)) })
	var names []string
	for _, i := range append([]int{best}, candidates...) {
		if name := d.fields[i].name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	d.see("business date: %s%s", names[0], others(names))
	f := d.fields[best]
	f.notNull = true
	d.dated = f.name
	if f.kind == timestamp {
		d.dayOf(best)
	}
	d.partition = d.unit(best)
}

// dayOf makes a date of a column of times.
func (d *drafter) dayOf(i int) {
	f := d.fields[i]
	d.made = d.freeName(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(f.name, "_timestamp"), "_datetime"), "_time") + "_day")
	d.dated, d.read = d.made, f.name
	for _, r := range f.readings {
		for _, p := range r.formats {
			if !slices.Contains(d.readFormats, p) {
				d.readFormats = append(d.readFormats, p)
			}
		}
	}
	if d.readFormats == nil { // the grammar of a timestamp, of which a date takes the front
		d.read = "substr(trim(" + f.name + "), 1, 10)"
	}
}

func (d *drafter) freeName(name string) string {
	for slices.ContainsFunc(d.fields, func(f *field) bool { return f.name == name }) {
		name += "_of"
	}
	return name
}

// dateOfParts makes the business date of columns year, month and day.
func (d *drafter) dateOfParts() {
	var parts []string
	for _, key := range []string{"year", "month", "day"} {
		for _, f := range d.fields {
			if headerKey(f.headers[0]) == key && f.kind == whole {
				parts = append(parts, f.name)
			}
		}
	}
	if len(parts) != 3 {
		d.see("no business date: no column of dates that looks like one has a value in every record; the contract is whole")
		return
	}
	d.made = d.freeName("business_date")
	d.dated, d.partition = d.made, "year"
	d.read = "make_date(cast(" + parts[0] + " as int), cast(" + parts[1] + " as int), cast(" + parts[2] + " as int))"
	d.see("business date: %s, made of %s", d.made, strings.Join(parts, ", "))
}

// unit is the partition: day unless days hold few records.
func (d *drafter) unit(i int) string {
	days := map[string]bool{}
	for _, s := range d.sections {
		if i < len(s.columns) && s.columns[i] != nil {
			for text := range s.columns[i].counts {
				days[text[:min(len(text), 10)]] = true
			}
		}
	}
	switch perDay := d.records / max(1, len(days)); {
	case len(days) <= 62 || perDay >= 100:
		return ""
	default:
		return "month"
	}
}
