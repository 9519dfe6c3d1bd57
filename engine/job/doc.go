// Package job holds what a run asks of an engine and what the engine answers, as
// plain values: objects to land, units to make, the files and accounts that come
// of it. DuckDB and Spark answer the same questions, so neither knows the other
// nor the run.
package job
