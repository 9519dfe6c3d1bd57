package model

import (
	"strings"

	"ledgermill/engine/sqltext"
)

// SessionSQL makes what a plain duckdb shell needs before it runs the project's
// files: empty, typed tables of every dataset and business_day, and the warehouse's
// names as views.
func (p *Project) SessionSQL() string {
	var b strings.Builder
	table := func(name string, columns []Column) {
		b.WriteString("create table if not exists " + sqltext.QuoteName(name) + " (\n")
		for i, c := range columns {
			b.WriteString("  " + sqltext.QuoteName(c.Name) + " " + c.Type)
			if i < len(columns)-1 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
		}
		b.WriteString(");\n\n")
	}
	table(BusinessDay, businessDayColumns)
	for _, name := range p.Order {
		columns, _ := p.Output(name)
		table(name, columns)
	}
	loads := p.Loads()
	for _, name := range sortedKeys(loads) {
		if loads[name] != name {
			b.WriteString("create view if not exists " + sqltext.QuoteName(name) + " as select * from " + sqltext.QuoteName(loads[name]) + ";\n")
		}
	}
	return b.String()
}
