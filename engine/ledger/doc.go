// Package ledger keeps what is true about a lake: which raw objects were read and
// what each held, which unit was published from what, and the accounts that make
// every record and every unit of money add up.
//
// The ledger is a sequence of entries under _ledger/ in the lake itself. An entry
// is created only if its number is free, so two runs can never both commit on top
// of the same state; it is an intent until its .done record stands beside it, and
// whoever comes next rolls it forward. The state is the fold of the entries. A run that
// changes nothing makes no entry; the last one is noted beside them ([Ledger.NoteIdle]).
//
// The ledger knows nothing of SQL, of engines or of the warehouse.
package ledger
