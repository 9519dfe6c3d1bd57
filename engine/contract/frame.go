package contract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// Frame is a record that holds no data: the first of an object, or one of the last.
type Frame struct {
	Word  string // the directive: FirstRecord or LastRecord
	Parts []Part // one a field, in order
	Pos   sqltext.Pos
}

// The directives that describe frames.
const (
	FirstRecord = "first record"
	LastRecord  = "last record"
)

// Part is what one field of a frame is.
type Part struct {
	Kind   PartKind
	Text   string // of a PartLiteral
	Func   string // of a PartAggregate: "count" or "sum"
	Column string // of a PartColumn, and of a PartAggregate but count(*)
	Pos    sqltext.Pos
}

// PartKind is a kind of Part.
type PartKind uint8

// The kinds of parts.
const (
	PartLiteral   PartKind = iota + 1 // a text that recognises the record
	PartSkip                          // _: anything
	PartColumn                        // first record: fills the column; last record: the group of the aggregates behind it
	PartAggregate                     // is verified
)

// String is the part as a directive writes it.
func (p Part) String() string {
	switch p.Kind {
	case PartLiteral:
		return sqltext.QuoteString(p.Text)
	case PartColumn:
		return p.Column
	case PartAggregate:
		if p.Column == "" {
			return p.Func + "(*)"
		}
		return p.Func + "(" + p.Column + ")"
	}
	return "_"
}

// String is the frame as a directive's value writes it.
func (f *Frame) String() string {
	if f == nil {
		return ""
	}
	texts := make([]string, len(f.Parts))
	for i, p := range f.Parts {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}

// Marker is the frame's first literal and the number of its field, from 0.
func (f *Frame) Marker() (field int, literal string) {
	i := slices.IndexFunc(f.Parts, func(p Part) bool { return p.Kind == PartLiteral })
	if i < 0 {
		return -1, ""
	}
	return i, f.Parts[i].Text
}

// Recognises reports whether a record, by its unquoted fields, carries every literal
// of the frame. Spaces and tabs round a field do not count, its case does.
func (f *Frame) Recognises(fields []string) bool {
	for i, p := range f.Parts {
		if p.Kind == PartLiteral && (i >= len(fields) || trimBlanks(fields[i]) != p.Text) {
			return false
		}
	}
	return true
}

// Columns are the columns that the frame names outside aggregates, each once.
func (f *Frame) Columns() []string {
	if f == nil {
		return nil
	}
	var names []string
	for _, p := range f.Parts {
		if p.Kind == PartColumn && !slices.Contains(names, p.Column) {
			names = append(names, p.Column)
		}
	}
	return names
}

// frameFills reports whether the section's first record fills the column.
func (s Section) frameFills(name string) bool { return slices.Contains(s.First.Columns(), name) }

func trimBlanks(text string) string { return strings.Trim(text, " \t") }

func (d *directives) firstRecord(line sqltext.Directive) {
	d.frame(line, &d.scope().section.First)
}

func (d *directives) lastRecord(line sqltext.Directive) {
	d.frame(line, &d.scope().section.Last)
}

// frame reads `'TRL', currency, count(*), sum(amount)`; a repeated line goes on.
func (d *directives) frame(line sqltext.Directive, into **Frame) {
	if *into == nil {
		*into = &Frame{Word: line.Word, Pos: line.Pos}
	}
	for _, it := range items(line, ",") {
		if part, ok := d.part(line, it); ok {
			(*into).Parts = append((*into).Parts, part)
		}
	}
}

var partName = regexp.MustCompile(`\A(?:[A-Za-z][A-Za-z0-9_]*|"[A-Za-z][A-Za-z0-9_]*")\z`)

func (d *directives) part(line sqltext.Directive, it item) (Part, bool) {
	part := Part{Pos: it.pos}
	aggregate := aggregateText.FindStringSubmatch(it.text)
	switch {
	case it.text == "_":
		part.Kind = PartSkip
		return part, true
	case len(it.text) >= 2 && it.text[0] == '\'' && it.text[len(it.text)-1] == '\'':
		part.Kind, part.Text = PartLiteral, trimBlanks(sqltext.Unquote(it.text))
		if part.Text == "" {
			d.fault(it.pos, "an empty literal recognises nothing", "write _ for a field that does not matter")
			return part, false
		}
		return part, true
	case aggregate != nil:
		part.Kind, part.Func = PartAggregate, strings.ToLower(aggregate[1])
		if aggregate[2] == "*" {
			if part.Func == "count" {
				return part, true
			}
			d.fault(it.pos, it.text+" is no aggregate", "write count(*) or sum(<column>)")
			return part, false
		}
		part.Column = strings.ToLower(strings.Trim(aggregate[2], `"`))
		return part, d.isColumn(part.Column, it.pos)
	case partName.MatchString(it.text):
		part.Kind, part.Column = PartColumn, strings.ToLower(strings.Trim(it.text, `"`))
		return part, d.isColumn(part.Column, it.pos)
	}
	d.fault(it.pos, fmt.Sprintf("`%s`: %q is no literal in quotes, no column, no aggregate and not _", line.Word, it.text),
		"write `-- last record: 'TRL', column, count(*), sum(column)`, one part a field")
	return part, false
}

// frames checks what the frames of a section say against the whole contract.
func (d *directives) frames(s Section) {
	for _, f := range []*Frame{s.First, s.Last} {
		if f == nil || len(f.Parts) == 0 || d.framed[f] {
			continue
		}
		d.framed[f] = true
		if field, _ := f.Marker(); field < 0 {
			d.fault(f.Pos, "`"+f.Word+"` has no literal, so that nothing recognises it", "write the text in quotes that only this record has: 'TRL'")
		}
		d.frameColumns(f)
		for _, p := range f.Parts {
			if p.Kind == PartAggregate {
				d.frameAggregate(f, p)
			}
		}
	}
}

// frameAggregate faults what the accounts do not keep: it could never be compared.
func (d *directives) frameAggregate(f *Frame, p Part) {
	if p.Column == "" {
		return
	}
	control := d.contract.Control
	if control == nil || !slices.Contains(control.Aggregates, Aggregate{Func: p.Func, Column: p.Column}) {
		d.fault(p.Pos, "`"+f.Word+"` verifies "+p.String()+", which `control` does not keep", "write `-- control: "+p.String()+"` above the first `objects`")
	}
}

func (d *directives) frameColumns(f *Frame) {
	if f.Word == FirstRecord {
		seen := map[string]bool{}
		for _, p := range f.Parts {
			if p.Kind == PartColumn && seen[p.Column] {
				d.fault(p.Pos, p.Column+" stands twice", "")
			}
			seen[p.Column] = p.Kind == PartColumn || seen[p.Column]
		}
		return
	}
	var by []string
	if d.contract.Control != nil {
		by = d.contract.Control.By
	}
	for _, g := range f.groups() {
		for i, p := range g.by {
			switch {
			case !slices.Contains(by, p.Column):
				d.fault(p.Pos, "`last record`: "+p.Column+" is no group of `control ... by`", "write _ for a field that does not matter")
				return
			case slices.ContainsFunc(g.by[:i], func(q framePart) bool { return q.Column == p.Column }):
				d.fault(p.Pos, p.Column+" stands twice", "")
				return
			}
			if col, _ := d.contract.Column(p.Column); col.Type.Base == Double {
				d.fault(p.Pos, "`last record`: "+p.Column+" is a double, of which texts do not tell groups apart", "")
			}
		}
		switch {
		case len(g.by) > 0 && len(g.by) < len(by):
			d.fault(g.by[0].Pos, "`last record`: its group is all of `control ... by`: "+strings.Join(by, ", "), "name them all before the aggregates, or none")
		case len(g.by) > 0 && len(g.aggregates) == 0:
			d.fault(g.by[0].Pos, "`last record`: no aggregate stands behind "+g.by[0].Column, "write count(*) or an aggregate of `control`")
		}
	}
}

// framePart is a part and the number of its field, from 0.
type framePart struct {
	Part
	field int
}

// frameGroup are aggregates and the columns before them.
type frameGroup struct {
	by, aggregates []framePart
}

// groups parts a frame: in a last record a column behind an aggregate begins the
// next group.
func (f *Frame) groups() []frameGroup {
	all := []frameGroup{{}}
	for i, p := range f.Parts {
		g, part := &all[len(all)-1], framePart{p, i}
		switch {
		case p.Kind == PartAggregate:
			g.aggregates = append(g.aggregates, part)
		case p.Kind != PartColumn || f.Word != LastRecord:
		case len(g.aggregates) > 0:
			all = append(all, frameGroup{by: []framePart{part}})
		default:
			g.by = append(g.by, part)
		}
	}
	return all
}
