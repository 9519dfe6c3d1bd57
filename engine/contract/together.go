package contract

import (
	"fmt"
	"slices"

	"ledgermill/engine/sqltext"
)

// together checks what no single line can know.
func (d *directives) together() {
	c := d.contract
	if d.partitioned.Line != 0 && c.BusinessDate == "" {
		d.fault(d.partitioned, "`partition` needs a `business date`", "without one the contract is whole")
	}
	if d.conflict.Line != 0 && len(c.Key) == 0 && c.Columns[0].Type.Base != "" {
		d.fault(d.conflict, "`key conflict` needs a PRIMARY KEY", "")
	}
}

// reachable faults a section whose objects all match earlier ones.
func (d *directives) reachable(i int) {
	s, earlier := d.contract.Sections[i], d.contract.Sections[:i]
	same := func(e Section) bool {
		return s.Pattern.strict != nil && e.Pattern.strict != nil && e.Pattern.strict.String() == s.Pattern.strict.String()
	}
	if !slices.ContainsFunc(earlier, same) && s.Pattern.covered(earlier) {
		d.fault(s.Pos, "no object comes to this section: an earlier `objects` takes all that its pattern fits", "put the narrower pattern first")
	}
}

// names faults header texts that would name two columns.
func (d *directives) names(s Section) {
	owner := map[string]string{}
	for _, col := range d.contract.Columns {
		if d.contract.from(s, col.Name) == 0 {
			owner[headerKey(col.Name)] = col.Name
		}
	}
	for _, col := range d.contract.Columns {
		for _, alias := range s.Aliases[col.Name] {
			key := headerKey(alias)
			if other := owner[key]; other != "" && other != col.Name {
				d.fault(s.Pos, fmt.Sprintf("the header text %q would name both %s and %s", alias, other, col.Name), "")
			}
			owner[key] = col.Name
		}
	}
	for _, name := range sortedKeys(s.Reads) {
		for _, use := range s.Reads[name].Uses {
			if col := owner[headerKey(use)]; col != "" && col != use {
				d.faultOnce(s.Reads[name].Pos, fmt.Sprintf("read %s: %q fills %s and goes by that name", name, use, col), "write "+col)
			}
		}
	}
}

// faultOnce is fault for what several sections would repeat.
func (p *parser) faultOnce(pos sqltext.Pos, msg, remedy string) {
	for _, f := range p.faults {
		if f.Pos == pos && f.Msg == msg {
			return
		}
	}
	p.fault(pos, msg, remedy)
}

// sources faults columns that are filled twice in a section, and lines of its own
// that have no meaning in it.
func (d *directives) sources(s Section, own scope) {
	for _, col := range d.contract.Columns {
		_, constant := s.Constants[col.Name]
		fillers := map[string]bool{"`constant`": constant, "the key": slices.Contains(s.Pattern.Columns, col.Name), "`first record`": s.frameFills(col.Name)}
		var by []string
		for _, name := range sortedKeys(fillers) {
			if fillers[name] {
				by = append(by, name)
			}
		}
		if len(by) > 1 {
			d.fault(s.Pos, fmt.Sprintf("both %s and %s fill %s", by[0], by[1], col.Name), "")
		}
		if len(by) > 0 {
			d.unused(col.Name, by[0], own)
		}
	}
	d.shapes(s, own)
	if d.contract.FillsRecord && s.CSV.Delimiter == "" && s.Pattern.is("csv") {
		d.fault(s.Pos, RecordColumn+" numbers records by a field in front of the others, and without a delimiter there is one field", "leave "+RecordColumn+" out")
	}
	if _, err := d.contract.Match(s, nil); s.CSV.NoHeader && err != nil {
		d.fault(s.Pos, "without a header: "+err.Error(), "declare the raw columns in their order, and what `read` makes of them")
	}
}

// unused faults what a section says of the header name or the text of a column that
// has none.
func (d *directives) unused(name, by string, own scope) {
	words := []string{"alias", "null", "format"}
	if by == "`first record`" {
		words = words[:1]
	}
	for _, word := range words {
		if line, said := own.says(word, name); said {
			remedy := ""
			if word == "format" && by == "the key" {
				remedy = "a format of the key stands in it: <" + name + ":%Y%m%d>"
			}
			d.fault(line.Pos, "`"+word+"` says nothing of "+name+", which "+by+" fills", remedy)
		}
	}
	if line, said := own.says("optional", ""); said && own.section.Optional[name] {
		d.fault(line.Pos, "`optional` says nothing of "+name+", which "+by+" fills", "")
	}
}

// shapes faults lines about text in sections whose objects are none.
func (d *directives) shapes(s Section, own scope) {
	for _, line := range own.lines {
		switch line.Word {
		case "csv", FirstRecord, LastRecord:
			if s.Pattern.strict != nil && !s.Pattern.is("csv") {
				d.fault(line.Pos, "`"+line.Word+"` is of text, and the section's objects are "+s.Pattern.Shapes[0], "")
			}
		}
	}
	for _, f := range []*Frame{s.First, s.Last} {
		if f != nil && s.Pattern.is("csv") && len(s.Pattern.Shapes) > 1 {
			d.fault(s.Pos, "`"+f.Word+"` is of text, and not all of the section's objects are", "part them into two sections")
		}
	}
}
