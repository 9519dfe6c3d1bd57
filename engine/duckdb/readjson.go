package duckdb

import (
	"fmt"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/records"
	"ledgermill/engine/sqltext"
)

// readJSON reads the members of objects as text, one object a line: strings without
// their quotes, numbers by their shortest text, what is nested as JSON. A member
// that is not there is null.
func readJSON(g objectGroup) string {
	o := g.objects[0]
	var columns, list []string
	member := func(key string) { columns = append(columns, sqltext.QuoteString(key)+": 'VARCHAR'") }
	if o.Numbered {
		member(job.NumberColumn)
		list = append(list, sqltext.QuoteName(job.NumberColumn))
	}
	named := map[string]bool{}
	for _, r := range o.Mapping.Raw {
		name := sqltext.QuoteName(r.Name)
		// DuckDB has no column without a name, nor two that differ in case alone, nor
		// another of the names that are used here. Nothing of the contract is read from
		// them: two that it could mean refuse the object.
		if r.Header == "" || strings.HasPrefix(r.Header, ownNames) || named[strings.ToLower(r.Header)] {
			list = append(list, "cast(null as varchar) as "+name)
			continue
		}
		named[strings.ToLower(r.Header)] = true
		member(r.Header)
		list = append(list, sqltext.QuoteName(r.Header)+" as "+name)
	}
	list = append(list, sqltext.QuoteName(fileColumn))
	if columns == nil {
		member("\x1fnone") // DuckDB wants one
	}
	return fmt.Sprintf("(select %s\nfrom read_json([%s], auto_detect = false, format = 'newline_delimited', records = true, columns = {%s}, "+
		"maximum_object_size = %d, hive_partitioning = false, filename = %s))",
		strings.Join(list, ", "), paths(g), strings.Join(columns, ", "), 2*records.MaxRecord, sqltext.QuoteString(fileColumn))
}
