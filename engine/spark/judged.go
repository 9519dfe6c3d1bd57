package spark

import (
	"fmt"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/sqltext"
)

// Names that are no sender's: a mapping has none that begins so.
func typedName(column string) string { return sqltext.QuoteName("\x1ftyped " + column) }
func badName(column string) string   { return sqltext.QuoteName("\x1fbad " + column) }

// judged selects the landed form of a text's records: typed, filled by DEFAULT, and
// with the reasons of those that are refused.
func (f *feed) judged(t job.Text, from string) string {
	o := t.Object
	cells := f.contract.Cells(o.Section, o.Mapping, o.Fills, Dialect{})
	carried := []string{"_o", "_closes", "_unsound"}
	for i := range o.Mapping.Raw {
		carried = append(carried, job.TextField(i))
	}
	if o.Numbered {
		carried = append(carried, "_n")
	}
	for i, c := range cells {
		if c.From == contract.FromRead { // the local engine has made it
			cells[i].Typed, cells[i].Empty, cells[i].Rounded = job.ReadField(i), job.EmptyField(i), job.RoundedField(i)
			carried = append(carried, job.ReadField(i), job.EmptyField(i), job.RoundedField(i))
		}
	}
	carry := strings.Join(carried, ", ")
	named := list("select "+carry, exposed(o), "from "+from)
	var typed []string
	for _, c := range cells {
		if c.Typed != "" {
			typed = append(typed, c.Typed+" as "+typedName(c.Column.Name))
		}
	}
	return f.refused(t, cells, f.filled(t, cells, carry, list("select *", typed, "from ("+named+")")))
}

// list is a statement of a lead, further columns and a source.
func list(lead string, columns []string, from string) string {
	return strings.Join(append([]string{lead}, columns...), ",\n  ") + "\n" + from
}

func alwaysReadable(c contract.Cell) bool {
	return c.From == contract.FromRaw && c.Column.Type.Base == contract.Varchar
}

// filled gives the columns the contract's names, after DEFAULT.
func (f *feed) filled(t job.Text, cells []contract.Cell, carry, from string) string {
	var columns, rounded []string
	for _, c := range cells {
		name := c.Column.Name
		switch c.From {
		case contract.FromObject:
			columns = append(columns, f.keyOf(t)+" as "+sqltext.QuoteName(name))
			continue
		case contract.FromRecord:
			columns = append(columns, "cast(_n as bigint) as "+sqltext.QuoteName(name))
			continue
		}
		columns = append(columns, "cast("+c.Filled(typedName(name))+" as "+sparkType(c.Column.Type.String())+") as "+sqltext.QuoteName(name))
		if c.Typed != "" && c.Empty != "true" && !alwaysReadable(c) {
			columns = append(columns, c.Unreadable(typedName(name))+" as "+badName(name))
		}
		if c.Rounded != "" {
			rounded = append(rounded, "coalesce("+c.Rounded+", false)")
		}
	}
	if rounded == nil {
		rounded = []string{"false"}
	}
	columns = append(columns, "("+strings.Join(rounded, " or ")+") as _rounded")
	return list("select "+carry, columns, "from ("+from+")")
}

// keyOf is the key of the record's object.
func (f *feed) keyOf(t job.Text) string {
	if len(t.Places) == 1 {
		return sqltext.QuoteString(f.objects[t.Places[0]].Key)
	}
	var b strings.Builder
	b.WriteString("(case _o")
	for _, p := range t.Places {
		fmt.Fprintf(&b, " when %d then %s", p, sqltext.QuoteString(f.objects[p].Key))
	}
	return b.String() + " end)"
}

// refused finds the reasons: unreadable values in column order, required columns,
// CHECKs in their order.
func (f *feed) refused(t job.Text, cells []contract.Cell, from string) string {
	var columns, reasons []string
	add := func(condition, reason string) {
		reasons = append(reasons, "case when "+condition+" then "+sqltext.QuoteString(reason)+" end")
	}
	add("_unsound", contract.Encoding)
	if masked := f.contract.StillMasked(t.Object.Section, t.Object.Mapping, Dialect{}, job.TextField); masked != "" {
		add(masked, contract.Masked)
	}
	for _, c := range cells {
		columns = append(columns, sqltext.QuoteName(c.Column.Name))
		if c.Typed != "" && c.Empty != "true" && !alwaysReadable(c) {
			add(badName(c.Column.Name), contract.TypeReason(c.Column.Name))
		}
	}
	for _, c := range cells {
		if c.Column.NotNull && c.From != contract.FromObject && c.From != contract.FromRecord {
			add(sqltext.QuoteName(c.Column.Name)+" is null", contract.RequiredReason(c.Column.Name))
		}
	}
	for _, check := range f.contract.Checks {
		add("not coalesce(("+check.Text+"\n), true)", check.Name)
	}
	var fields []string
	for i := range t.Object.Mapping.Raw {
		fields = append(fields, job.TextField(i))
	}
	// A CHECK that raises makes the statement fail: see Landed.
	selected := strings.Join(columns, ", ")
	judged := list("select *", []string{"nullif(concat_ws(',',\n    " + strings.Join(reasons, ",\n    ") + "), '') as _reasons"}, "from ("+from+")")
	return "select " + selected + ", _o, _reasons, _rounded, _closes,\n  case when _reasons is not null then cast(array(" + strings.Join(fields, ", ") +
		") as array<string>) end as _fields, cast(null as string) as _raw\nfrom (" + judged + ")"
}
