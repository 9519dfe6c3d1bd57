// Package sqltext reads the text of a project's SQL files: tokens with positions,
// the directives of the header, parameters, and the canonical token stream that a
// fingerprint hashes. It never interprets SQL; DuckDB does that.
//
// A file is plain SQL that a shell runs as it stands. All that Ledgermill needs
// beyond it is a comment:
//
//	-- about: card events of the acquirer
//	select * from raw_card_events where amount > /* $review_above */ 5000.00
package sqltext
