package duckdb

import (
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

const (
	// ownNames begins the names of columns that are no sender's. A mapping has none.
	ownNames = "\x1f"
	// fileColumn is what a source calls the path that a record comes from.
	fileColumn = ownNames + "file"
)

// source is the SQL of a group's records as text: a column a field, by the names of
// the mapping, job.NumberColumn where the objects are numbered, and fileColumn.
func source(g objectGroup) string {
	read := map[string]func(objectGroup) string{"csv": readCSV, "json": readJSON, "parquet": readParquet}
	return read[contract.Shape(g.objects[0].Key)](g)
}

// paths are the files of a group as a list of literals.
func paths(g objectGroup) string {
	var list []string
	for _, o := range g.objects {
		list = append(list, sqltext.QuoteString(escapeGlob(o.Path)))
	}
	return strings.Join(list, ", ")
}
