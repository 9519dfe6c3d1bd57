// Package lake holds objects: named bytes that are replaced whole or not at all,
// in a directory or in a bucket of an S3-compatible server, behind one interface.
//
// Reading, listing, conditional creation, and publishing in two steps (bytes made
// durable but invisible, then completed by one rename or one request) are all that
// raw objects, the processed lake and its ledger need. Which objects belong together, and
// which of them are the truth, is the ledger's business, not this package's.
package lake
