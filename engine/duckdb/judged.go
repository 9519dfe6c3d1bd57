package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/sqltext"
)

// judged finds the reasons: unreadable values in column order, required columns,
// CHECKs in their order. They are spelled out only for records that fail.
func (l *landing) judged(g objectGroup, cells []contract.Cell, checks []contract.Check, from string) string {
	o := g.objects[0]
	var conditions, reasons []string
	add := func(condition, reason string) {
		conditions = append(conditions, condition)
		reasons = append(reasons, "case when "+condition+" then "+sqltext.QuoteString(reason)+" end")
	}
	var list []string
	for _, condition := range unsound(o) {
		add(condition, contract.Encoding)
	}
	if masked := l.contract.StillMasked(o.Section, o.Mapping, Dialect{}, rawName); masked != "" {
		add(masked, contract.Masked)
	}
	for _, c := range cells {
		list = append(list, sqltext.QuoteName(c.Column.Name))
		if c.Typed != "" && c.Empty != "true" && !alwaysReadable(c) {
			add(badName(c.Column.Name), c.Column.Name+"_type")
		}
	}
	for _, c := range cells {
		if c.Column.NotNull && c.From != contract.FromObject && c.From != contract.FromRecord {
			add(sqltext.QuoteName(c.Column.Name)+" is null", c.Column.Name+"_required")
		}
	}
	for _, check := range checks {
		add(fails(check), check.Name)
	}
	if conditions == nil {
		conditions, reasons = []string{"false"}, []string{"null"}
	}
	keep := failsName
	if len(checks) < len(l.contract.Checks) {
		keep = "true" // the CHECKs are still to come
	}
	// Whether a record fails is asked once, and what for of those alone that do.
	list = append(list, place(g),
		"case when "+failsName+" then concat_ws(',', "+strings.Join(reasons, ",\n    ")+") end as _reasons",
		"case when "+keep+" then "+l.rawText(o)+" end as _raw", `"`+"\x1frounded"+`" as _rounded`, recordBytes(o)+" as _bytes", closes(o)+" as _closes")
	judged := "select *, (" + strings.Join(conditions, "\n    or ") + ") as " + failsName + "\nfrom (" + from + ")"
	return "select " + strings.Join(list, ",\n  ") + "\nfrom (" + judged + ")"
}

const failsName = `"` + "\x1ffails" + `"`

// place is the number of the record's object. The file's name is one value for a
// whole vector, so the search runs once for thousands of records.
func place(g objectGroup) string {
	if len(g.objects) == 1 {
		return fmt.Sprintf("%d as _o", g.first[0])
	}
	var names, places []string
	for i, p := range g.objects {
		names = append(names, sqltext.QuoteString(p.Path))
		places = append(places, fmt.Sprint(g.first[i]))
	}
	return fmt.Sprintf("([%s])[list_position([%s], %s)] as _o", strings.Join(places, ", "), strings.Join(names, ", "), sqltext.QuoteName(fileColumn))
}

// keyOf is the key of the record's object.
func keyOf(g objectGroup) string {
	if len(g.objects) == 1 {
		return sqltext.QuoteString(g.objects[0].Key)
	}
	var names, keys []string
	for _, o := range g.objects {
		names, keys = append(names, sqltext.QuoteString(o.Path)), append(keys, sqltext.QuoteString(o.Key))
	}
	return fmt.Sprintf("([%s])[list_position([%s], %s)]", strings.Join(keys, ", "), strings.Join(names, ", "), sqltext.QuoteName(fileColumn))
}

// rawText is the record as sent, header to text, private columns masked.
func (l *landing) rawText(o job.Object) string {
	private := l.contract.PrivateFields(o.Section, o.Mapping)
	var fields []string
	for i, r := range o.Mapping.Raw {
		value := rawName(i)
		if slices.Contains(private, i) {
			value = maskedText(value)
		}
		fields = append(fields, sqltext.QuoteString(r.Header)+", "+value)
	}
	if fields == nil {
		return "'{}'"
	}
	return "cast(json_object(" + strings.Join(fields, ", ") + ") as varchar)"
}

// maskedText is a private text as people see it.
func maskedText(value string) string {
	return "case when " + value + " is not null then " + sqltext.QuoteString(contract.Mask) + " end"
}
