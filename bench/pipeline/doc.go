// Package pipeline is the same work in many ways: raw CSV objects of transactions
// become a stored fact and two daily summaries, and rows of a warehouse. It is a
// value with one switch an optimisation, so that each can be measured added alone
// to the naive way and taken alone from the full one.
//
// With every switch off it is what a first version would be, written with care: one
// thread parses row by row with encoding/csv, keeps CSV as storage, and sends
// batched INSERTs into one heap that has all its indexes. It obeys the rules of the
// bank's contract and models; whatever the switches, the rows are the same.
package pipeline
