package model

import (
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// units decides how the model is published, by which unit, and by which date.
// Its inputs are sound.
func (l *loader) units(d *draft) bool {
	m := d.model
	before := len(l.faults)
	dated, whole := l.inputKinds(m)
	m.Publish, m.Partition = d.publishOf(), contract.Whole
	switch {
	case m.Publish == 0 && len(dated) > 0:
		m.Publish = Daily
	case m.Publish == 0:
		m.Publish = Whole
	case m.Publish == Daily && len(dated) == 0:
		l.fault(d.publish.pos, "`publish: daily` needs a dated input, and %s has none", m.Name)
	}
	if m.Publish != Whole && len(dated) > 0 {
		l.dated(d, dated, whole)
	} else {
		l.whole(d)
	}
	l.grants(d)
	if at := d.preserves; at.text != "" && !slices.Contains(m.Inputs, at.text) {
		l.fault(at.pos, "`preserves` is an input of the model, and %s is none%s", at.text, sqltext.DidYouMean(at.text, m.Inputs))
	}
	return len(l.faults) == before
}

func (l *loader) inputKinds(m *Model) (dated, whole []string) {
	for _, name := range m.Inputs {
		if l.input(name).partition == contract.Whole {
			whole = append(whole, name)
		} else {
			dated = append(dated, name)
		}
	}
	return dated, whole
}

// dated checks a model that is made unit by unit.
func (l *loader) dated(d *draft, dated, whole []string) {
	m := d.model
	first := l.input(dated[0])
	m.Partition, m.BusinessDate = first.partition, first.businessDate
	for _, name := range whole {
		l.faultTry(d.needs[name], "enrich in a model with `-- publish: whole`, or in a view of the warehouse",
			"%s is whole: a model made unit by unit reads dated datasets alone", name)
	}
	for _, name := range dated[1:] {
		in := l.input(name)
		if in.partition != first.partition {
			l.faultTry(d.needs[name], "read them in a model with `-- publish: whole`, or join them in a view of the warehouse",
				"inputs of two unit sizes: %s by %s, %s by %s", dated[0], first.partition, name, in.partition)
		}
		if in.businessDate != first.businessDate && d.businessDate.text == "" {
			l.faultTry(d.needs[name], "say which: `-- business date: "+first.businessDate+"`",
				"the business date is %s in %s and %s in %s", first.businessDate, dated[0], in.businessDate, name)
		}
	}
	if d.businessDate.text != "" {
		m.BusinessDate = d.businessDate.text
	}
}

// whole checks a model that is made at once.
func (l *loader) whole(d *draft) {
	if at := d.businessDate; at.text != "" {
		l.fault(at.pos, "a whole dataset has no business date")
	}
	if !d.model.UsesBusinessDay {
		return
	}
	for _, t := range d.tree.tables {
		if t.name == BusinessDay {
			l.fault(d.st.pos(t.off), "a whole dataset has no %s", BusinessDay)
		}
	}
}

// grants checks what the model may see beyond its unit.
func (l *loader) grants(d *draft) {
	m := d.model
	m.Reads = map[string]Grant{}
	known := m.Inputs
	if m.ReadsItself {
		known = append(slices.Clone(known), m.Name)
	}
	for _, r := range d.reads {
		switch {
		case !slices.Contains(known, r.input):
			l.fault(r.pos, "`reads %s`: the model does not read it%s", r.input, sqltext.DidYouMean(r.input, known))
		case m.Partition == contract.Whole:
			l.fault(r.pos, "`reads %s`: a whole dataset sees all units of its inputs", r.input)
		case r.input == m.Name && r.grant.Kind != Previous:
			l.fault(r.pos, "`reads %s`: of itself a model sees `previous` alone", r.input)
		case r.input != m.Name && l.input(r.input).partition == contract.Whole:
			l.fault(r.pos, "`reads %s`: it is whole and has no units", r.input)
		default:
			m.Reads[r.input] = r.grant
		}
	}
}

// output holds the bound columns against what must and must not be among them;
// false where they make no table.
func (l *loader) output(d *draft) bool {
	m := d.model
	before := len(l.faults)
	for i, c := range m.Columns {
		l.outputColumn(d, i, c)
	}
	l.noDateParts(d)
	sound := len(l.faults) == before
	if m.BusinessDate != "" && !d.unclear {
		l.outputDate(d)
	}
	m.Grain = l.outputNames(d, "grain", d.grain)
	m.Order = l.outputNames(d, "order", d.order)
	m.ColumnAbout = map[string]string{}
	for _, a := range d.columnAbout {
		if c, ok := column(m.Columns, a.name); ok {
			m.ColumnAbout[c.Name] = a.text
		} else {
			l.fault(a.pos, "`about %s`: the model has no such column%s", a.name, sqltext.DidYouMean(a.name, m.Names()))
		}
	}
	if m.ReadsItself && m.Publish == No {
		l.faultTry(d.publish.pos, "publish it", "a step (`publish: no`) cannot read itself: it is kept nowhere")
	}
	if m.Load != "" && m.Publish == No {
		l.fault(d.load.pos, "a step (`publish: no`) is not loaded")
	}
	if m.Load != "" && len(d.grain) == 0 && !m.Dated() {
		// A unit is swapped whole; what has no units is merged by key.
		l.faultTry(d.load.pos, "name the columns that identify a row: `-- grain: ...`", "`load` of what has no units needs a `grain`")
	}
	return sound
}

func (l *loader) outputColumn(d *draft, i int, c Column) {
	pos := d.outputPos(c.Name, i)
	if !simpleName.MatchString(c.Name) {
		l.faultTry(pos, "write `... as name`", "column %d is called %q: a column has a name of letters, digits and _", i+1, c.Name)
	}
	if first, _ := column(d.model.Columns, c.Name); first != c || slices.Index(d.model.Columns, c) < i {
		l.fault(pos, "column %s stands twice in the output", c.Name)
	}
	switch c.Type {
	case "HUGEINT", "UHUGEINT", `"NULL"`:
		l.faultTry(pos, "cast it: cast(... as bigint), cast(... as decimal(38, 0))", "column %s is %s, which Parquet does not hold exactly", c.Name, c.Type)
	}
}

// noDateParts faults year, month and day.
func (l *loader) noDateParts(d *draft) {
	var taken []string
	var pos sqltext.Pos
	for i, c := range d.model.Columns {
		if _, ok := column(dateParts, c.Name); ok {
			if len(taken) == 0 {
				pos = d.outputPos(c.Name, i)
			}
			taken = append(taken, strings.ToLower(c.Name))
		}
	}
	if len(taken) > 0 {
		l.faultTry(pos, "name the columns; the business date stands for them", "a model does not output %s: they live in the path, and readers have them", strings.Join(taken, ", "))
	}
}

func (l *loader) outputDate(d *draft) {
	m := d.model
	pos := d.start()
	if d.businessDate.text != "" {
		pos = d.businessDate.pos
	}
	c, ok := column(m.Columns, m.BusinessDate)
	switch {
	case !ok:
		remedy := "select " + m.BusinessDate + ", or say by `-- business date: column` which column has it"
		if d.businessDate.text != "" {
			remedy = ""
		}
		l.faultTry(pos, remedy, "the output lacks the business date %s%s", m.BusinessDate, sqltext.DidYouMean(m.BusinessDate, m.Names()))
	case c.Type != "DATE":
		l.fault(pos, "the business date %s is %s and not DATE", c.Name, c.Type)
	default:
		m.BusinessDate = c.Name
	}
}

// outputNames are the names as the output spells them.
func (l *loader) outputNames(d *draft, word string, items []item) []string {
	var all []string
	for _, i := range items {
		c, ok := column(d.model.Columns, i.text)
		switch {
		case !ok:
			l.fault(i.pos, "`%s`: the output has no column %s%s", word, i.text, sqltext.DidYouMean(i.text, d.model.Names()))
		case slices.Contains(all, c.Name):
			l.fault(i.pos, "`%s` names %s twice", word, c.Name)
		default:
			all = append(all, c.Name)
		}
	}
	return all
}

// outputPos is where the select list makes the column, as well as can be told.
func (d *draft) outputPos(name string, at int) sqltext.Pos {
	star := slices.IndexFunc(d.tree.outputs, func(m mention) bool { return m.name == "*" })
	if star < 0 && at < len(d.tree.outputs) {
		return d.st.pos(d.tree.outputs[at].off)
	}
	for _, m := range d.tree.outputs {
		if m.name == strings.ToLower(name) {
			return d.st.pos(m.off)
		}
	}
	if star >= 0 {
		return d.st.pos(d.tree.outputs[star].off)
	}
	return d.start()
}
