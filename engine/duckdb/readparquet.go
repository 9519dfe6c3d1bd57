package duckdb

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// rowNumber is what DuckDB calls the number of a record, 0 the first. It takes no
// other name, and no object that has such a column.
const rowNumber = "file_row_number"

// readParquet reads values as the text that reads back as the same value.
func readParquet(g objectGroup) string {
	o := g.objects[0]
	var list []string
	file := unusedColumn(o.Columns)
	options := "hive_partitioning = false, filename = " + sqltext.QuoteString(file)
	if o.Numbered {
		list = append(list, "cast("+rowNumber+" + 1 as varchar) as "+sqltext.QuoteName(job.NumberColumn))
		options += ", " + rowNumber + " = true"
	}
	for i, r := range o.Mapping.Raw {
		list = append(list, valueText(o.Columns[i])+" as "+sqltext.QuoteName(r.Name))
	}
	list = append(list, sqltext.QuoteName(file)+" as "+sqltext.QuoteName(fileColumn))
	return fmt.Sprintf("(select %s\nfrom read_parquet([%s], %s))", strings.Join(list, ", "), paths(g), options)
}

// unusedColumn is fileColumn, or longer where the sender calls a column so.
func unusedColumn(columns []ledger.Column) string {
	name := fileColumn
	for slices.ContainsFunc(columns, func(c ledger.Column) bool { return strings.EqualFold(c.Name, name) }) {
		name += "_"
	}
	return name
}

// nestedDecimal is a decimal inside a nested type. As a number of JSON it would be
// read as a double, so it becomes a text there.
var nestedDecimal = regexp.MustCompile(`DECIMAL\(\d+, ?\d+\)`)

// valueText is a column's value as text: an instant in UTC, what is nested as JSON.
func valueText(c ledger.Column) string {
	name := sqltext.QuoteName(c.Name)
	switch {
	case c.Type == "VARCHAR":
		return name
	case c.Type == "TIMESTAMP WITH TIME ZONE":
		return "cast(timezone('UTC', " + name + ") as varchar)"
	case nested(c.Type):
		return "cast(to_json(cast(" + name + " as " + nestedDecimal.ReplaceAllString(c.Type, "VARCHAR") + ")) as varchar)"
	}
	return "cast(" + name + " as varchar)"
}

func nested(kind string) bool {
	for _, prefix := range []string{"STRUCT(", "MAP(", "UNION("} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return strings.HasSuffix(kind, "]")
}

// unsound are the conditions that a record holds what is no text: a NUL, which no
// database takes over. The independent count finds it in texts, but does not read
// the pages of Parquet.
func unsound(o job.Object) []string {
	var any []string
	for i := range o.Columns {
		if kind := o.Columns[i].Type; kind == "VARCHAR" || nested(kind) {
			any = append(any, "coalesce(contains("+rawName(i)+", chr(0)), false)")
		}
	}
	if any == nil || contract.Shape(o.Key) != "parquet" {
		return nil
	}
	return []string{"(" + strings.Join(any, " or ") + ")"}
}
