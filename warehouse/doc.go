// Package warehouse is the PostgreSQL side of the mill: it connects to a
// server or provides a private one, migrates it, loads units of the lake into
// partitioned tables and proves that what came is what was sent.
//
// The loader knows no table by name. It reads columns, partition bounds and
// indexes from the catalogue, so a project adds a table by adding a migration.
// A unit is copied into fresh leaves, indexed, analysed and reconciled while
// readers see the old one; one short transaction then swaps all tables of the
// unit and writes ledgermill.loads, the truth about the warehouse.
//
// The package neither reads the lake nor decides what a unit is: the caller
// hands in [Part] values whose rows arrive as a CSV stream. Rows never become
// Go values.
//
//	server, err := warehouse.StartPrivate(ctx, warehouse.PrivateOptions{Project: "bank"})
//	...
//	defer server.Close(ctx)
//	w, err := warehouse.Open(ctx, warehouse.Options{URL: server.URL()})
//	...
//	_, err = w.Migrate(ctx, migrations)
//	missing, err := w.Missing(ctx, parts)
//	report, err := w.Load(ctx, warehouse.Request{Run: "8c21", Parts: missing})
//
// A program that calls [StartPrivate] calls [Helper] first in main, and its
// tests call it first in TestMain: PostgreSQL refuses to run as root, so the
// private server is set up by the program itself, started again as another
// user.
package warehouse
