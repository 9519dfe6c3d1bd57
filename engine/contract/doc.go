// Package contract reads sql/contracts/raw_<feed>.sql into a checked value: what a
// raw feed must look like, what its columns mean, and how its text becomes typed.
//
// It renders the SQL expressions that read a field ([Contract.Value] and its
// neighbours) and matches an object's header by name ([Section.Match]); it opens no
// object, runs no query and knows no engine. DuckDB reaches it as a [Judge], and the
// spelling of an engine as a [Dialect].
package contract
