package queries

import "embed"

// FS are the banking project's queries, as the binary carries them.
//
//go:embed *.sql
var FS embed.FS
