// Package engine is a run: it plans which units are to be made, has an engine make
// them, audits and publishes them, and keeps the accounts. It is the one place
// that knows the order of things.
//
// A unit is a pure function of its raw objects, the statements that make it and
// its inputs; the hash of these is its fingerprint. A run makes the units whose
// fingerprint differs from the published one, and nothing else.
//
// The engine knows no table and no column by name: the bank lives in SQL files.
package engine
