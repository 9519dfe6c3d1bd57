// Package reference computes what the bank's SQL files must come to, slowly and by
// other means: plain Go over a few thousand records, with integers and rationals, no
// DuckDB and none of the engine's packages.
//
// It is what tests compare the lake with, and used by nothing else. It repeats the
// rules of sql/contracts/raw_transactions.sql and of three models on purpose: a rule
// edited there and not here makes the comparison fail. It knows the parameters'
// defaults only, and no files but CSV in UTF-8.
package reference
