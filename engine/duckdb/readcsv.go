package duckdb

import (
	"fmt"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/records"
	"ledgermill/engine/sqltext"
)

// readCSV reads text as text: nothing is sniffed, nothing is cast, nothing padded.
func readCSV(g objectGroup) string {
	o := g.objects[0]
	var columns []string
	limit := records.MaxRecord + 2
	if o.Numbered {
		columns = append(columns, sqltext.QuoteString(job.NumberColumn)+": 'VARCHAR'")
		limit += records.NumberWidth
	}
	for _, r := range o.Mapping.Raw {
		columns = append(columns, sqltext.QuoteString(r.Name)+": 'VARCHAR'")
	}
	csv := o.Section.CSV
	return fmt.Sprintf("read_csv([%s], auto_detect = false, header = %t, delim = %s, quote = %s, escape = %s, columns = {%s}, "+
		"strict_mode = true, null_padding = false, hive_partitioning = false, max_line_size = %d, filename = %s",
		paths(g), !csv.NoHeader, sqltext.QuoteString(csv.Delimiter), sqltext.QuoteString(csv.Quote), sqltext.QuoteString(csv.Escape),
		strings.Join(columns, ", "), limit, sqltext.QuoteString(fileColumn)) + readerOptions(o) + ")"
}

// readerOptions say what DuckDB would guess wrongly: it takes the line end from the
// first line break it meets, even one inside quotes, and cuts long quoted text into
// pieces that look like records.
func readerOptions(o job.Object) string {
	options := ""
	if o.NewLine != "" {
		options += ", new_line = " + sqltext.QuoteString(o.NewLine)
	}
	if o.Serial {
		options += ", parallel = false"
	}
	return options
}

// escapeGlob makes a path that DuckDB takes literally.
func escapeGlob(path string) string {
	var b strings.Builder
	for _, r := range path {
		if strings.ContainsRune("*?[", r) {
			b.WriteString("[" + string(r) + "]")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func typedName(column string) string { return sqltext.QuoteName("\x1ftyped " + column) }
func badName(column string) string   { return sqltext.QuoteName("\x1fbad " + column) }
func rawName(i int) string           { return fmt.Sprintf("%q", fmt.Sprintf("\x1fraw %d", i)) }
