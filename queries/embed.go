package queries

import "embed"

// FS holds the named queries that the program ships with.
//
//go:embed *.sql
var FS embed.FS
