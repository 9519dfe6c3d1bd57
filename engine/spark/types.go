package spark

import (
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// column is a column of files that Spark reads, with DuckDB's name of its type.
type column struct{ name, duck string }

func contractColumns(c *contract.Contract) []column {
	var columns []column
	for _, col := range c.Columns {
		columns = append(columns, column{col.Name, strings.ToUpper(col.Type.String())})
	}
	return columns
}

func modelColumns(one *model.Model) []column {
	var columns []column
	for _, c := range one.Columns {
		columns = append(columns, column{c.Name, c.Type})
	}
	return columns
}

// sparkType is what Spark calls a type of DuckDB, as it is written to Parquet.
func sparkType(duck string) string {
	switch strings.ToUpper(duck) {
	case "VARCHAR":
		return "string"
	case "TIMESTAMP":
		return "timestamp_ntz"
	case "INTEGER":
		return "int"
	}
	return strings.ToLower(duck)
}

// schema declares columns, so that Spark need not open files to know them.
func schema(columns []column) string {
	var list []string
	for _, c := range columns {
		list = append(list, "`"+strings.ReplaceAll(c.name, "`", "``")+"` "+sparkType(c.duck))
	}
	return strings.Join(list, ", ")
}

func names(columns []column) []string {
	var list []string
	for _, c := range columns {
		list = append(list, sqltext.QuoteName(c.name))
	}
	return list
}

// files is a view of Parquet files; of none it is an empty one of the same columns.
func files(name string, paths []string, columns []column, more []string, where string) view {
	if len(paths) == 0 {
		var list []string
		for _, c := range columns {
			list = append(list, "cast(null as "+sparkType(c.duck)+") as "+sqltext.QuoteName(c.name))
		}
		selected := strings.Join(append(names(columns), more...), ", ")
		return view{Name: name, SQL: "select " + selected + " from (select " + strings.Join(list, ", ") + ") where false"}
	}
	var uris []string
	for _, p := range paths {
		uris = append(uris, escapeGlob(uri(p)))
	}
	return view{Name: name, Paths: uris, Schema: schema(columns), Select: append(names(columns), more...), Where: where}
}

// calendar are the integers that hive readers take from the path.
func calendar(date string) []string {
	q := sqltext.QuoteName(date)
	return []string{"cast(year(" + q + ") as int) as year", "cast(month(" + q + ") as int) as month", "cast(day(" + q + ") as int) as day"}
}

// uri is how Spark finds what the mill calls path.
func uri(path string) string {
	if strings.HasPrefix(path, "s3://") {
		return "s3a" + path[len("s3"):]
	}
	return "file://" + path
}

// local is what the mill calls a path that Spark names.
func local(uri string) string {
	if path, ok := strings.CutPrefix(uri, "s3a://"); ok {
		return "s3://" + path
	}
	path := strings.TrimPrefix(uri, "file:")
	if strings.HasPrefix(path, "///") {
		path = path[2:]
	}
	return path
}

// escapeGlob makes a path that Hadoop takes literally.
func escapeGlob(path string) string {
	var b strings.Builder
	for _, r := range path {
		if strings.ContainsRune(`*?[]{}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
