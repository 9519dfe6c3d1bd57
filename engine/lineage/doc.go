// Package lineage tells which columns the columns of a project come from: from a
// raw column through contracts and models to a column of the warehouse, and which
// columns decide what rows there are. It reads the tree that DuckDB's parser makes
// of a statement and follows its scopes, so that common table expressions, USING,
// windows and correlated subqueries mean what they mean to the engine.
//
// A source of a column is direct where its value goes into the value, and indirect
// where it decides about it: a condition of a CASE, the partition of a window. What
// decides about rows (filters, joins, groups) is kept once a dataset.
//
// The package also writes what it knows in the form of OpenLineage.
package lineage
