// Package layout compares what queries cost on four layouts of the same rows in
// PostgreSQL: with and without partitions, with and without indexes.
//
// Two copies make the four: the warehouse as the mill loaded it, whose tables are
// leaves by month and day, and a copy of each such table as one heap with the same
// indexes, in the same order. What a layout lacks is dropped in the transaction
// that runs the query, which is rolled back: the rows are physically the same, and
// the planner knows nothing of the indexes. That takes locks on whole tables, so the
// database must be the measurement's own.
//
// It builds upon warehouses of the bank that ships: single rows to look up are
// chosen from its tables.
package layout
