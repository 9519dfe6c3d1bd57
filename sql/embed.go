// Package sql holds the banking project's SQL files, as the binary carries them.
package sql

import "embed"

// FS are the files below this directory: contracts/, models/, tests/, warehouse/,
// monitor/.
//
//go:embed contracts models tests warehouse monitor
var FS embed.FS
