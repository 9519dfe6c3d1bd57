// Package sql carries the SQL files of the bank that the program ships with.
package sql

import "embed"

// FS holds contracts/, models/, tests/ and warehouse/.
//
//go:embed contracts models tests warehouse
var FS embed.FS
