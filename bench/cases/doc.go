// Package cases are what the bench measures: the ladder of optimisations, floors,
// storage, queries, growth and peers, over generated data of the bank that ships.
//
// All suites read the same data, made once a run: days of transactions with one
// record in a hundred spoilt, from which the records were taken out that no CSV reader
// can divide into fields. What is spoilt in another way, sent twice or sent late is
// still there, and every case has to deal with it.
package cases
