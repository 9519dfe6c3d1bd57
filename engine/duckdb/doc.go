// Package duckdb is DuckDB as an engine: it lands raw objects, tells duplicates
// from key conflicts, evaluates models unit by unit, writes Parquet, and feeds the
// warehouse. All of DuckDB's quirks live here and nowhere else; each setting and
// each odd form of SQL says which fault it is there for.
//
// Rows never pass through Go as values: DuckDB reads objects and writes files and
// pipes, and Go sees counts, sums and errors.
package duckdb
