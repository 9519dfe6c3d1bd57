// Package queries runs one query of a project, or a statement that somebody typed,
// on the warehouse or on the lake, and prints what comes back as text, CSV or JSON.
//
// On the lake the warehouse's tables are views of published units, and both places
// write a value in the same way, so that the same query has the same answer. A
// statement only reads: a transaction says so to PostgreSQL, the engine's fence and
// parser to DuckDB.
//
// The package opens neither place and changes nothing in it.
package queries
