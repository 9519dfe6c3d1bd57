// Package records counts the records and fields of an object before DuckDB
// reads it, and parts the structurally broken records from the others.
//
// DuckDB's CSV reader is fast, but it takes `1,2,` as two columns, strips
// white space round quotes, and reads nothing at all, without an error, when
// the first line break of a text stands inside quotes. Of JSON it makes rows of
// nulls, or stops. This package is the second opinion: what it calls good is
// read by DuckDB 1.5.5 as exactly one row of exactly that many columns, and a
// test holds the two to it.
//
// A text comes in through Bounds.Open and Decode, a reader round the one
// before; Scan or ScanJSON counts it; WriteClean or WriteNumbered copies it
// where DuckDB cannot read it as it is. Parquet is only counted, ScanParquet.
//
// It knows nothing of types, names or contracts: every field is text here.
package records
