// Package datagen makes raw data for the banking project that ships: a day of
// transactions an object, each with its control file, and the customers and
// merchants that they name. It also keeps a ledger of every defect it put in, so
// that a test can compare the mill's accounts with it, reason by reason.
//
// The same options give the same bytes. It is a bench and test tool: nothing of
// the mill itself may import it.
package datagen
