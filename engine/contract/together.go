package contract

import (
	"fmt"
	"slices"
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
}

// sources faults columns that are filled twice, and directives about text that a
// column never has.
func (d *directives) sources(s Section) {
	for _, col := range d.contract.Columns {
		_, constant := s.Constants[col.Name]
		read, isRead := s.Reads[col.Name]
		inKey := slices.Contains(s.Pattern.Columns, col.Name)
		switch {
		case constant && inKey:
			d.fault(s.Pos, "both `constant` and the key fill "+col.Name, "")
		case isRead && (constant || inKey):
			d.fault(read.Pos, "`read "+col.Name+"` has nothing to do: `constant` or the key fills it", "")
		}
		if constant || inKey {
			d.unused(s, col.Name)
		}
		for _, use := range read.Uses {
			if d.contract.from(s, use) != 0 {
				d.fault(read.Pos, "read "+col.Name+": "+use+" is not a raw column", "a `read` is over the fields of a record")
			}
		}
	}
}

// unused faults what is said of the text of a column that has none.
func (d *directives) unused(s Section, name string) {
	f, formatted := s.Formats[name]
	for _, said := range []struct {
		word string
		is   bool
	}{{"alias", len(s.Aliases[name]) > 0}, {"null", len(s.Nulls[name]) > 0}, {"optional", s.Optional[name]}} {
		if said.is {
			d.fault(s.Pos, "`"+said.word+"` says nothing of "+name+", which `constant` or the key fills", "")
		}
	}
	if formatted {
		d.fault(f.Pos, "`format` says nothing of "+name+", which `constant` or the key fills", "a format of the key stands in it: <"+name+":%Y%m%d>")
	}
}
