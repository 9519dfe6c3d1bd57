package records

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// Reason names a structural fault; the texts are reject reasons of every
// contract and therefore part of the public language.
type Reason string

const (
	// FieldCount: the record has more or fewer fields than the header.
	FieldCount Reason = "field_count"
	// Quote: text after a closing quote, a quote in an unquoted field, a quote
	// never closed, an escape before an ordinary character (DuckDB would drop
	// it), or a line break character outside quotes that ends no record (a
	// lone CR among LF).
	Quote Reason = "quote"
	// Encoding: not UTF-8 (of a text in another encoding: a byte or code unit
	// that is no character in it), a NUL, or half a surrogate pair in JSON.
	Encoding Reason = "encoding"
	// LineTooLong: a physical line of more than MaxRecord bytes.
	LineTooLong Reason = "line_too_long"
	// JSON: the line is not one JSON object, names a key twice, or is nested
	// deeper than MaxDepth.
	JSON Reason = "json"
)

const (
	// MaxRecord is the longest record in bytes, its line end not counted.
	// DuckDB's max_line_size, as it comes, counts the line end of some lines.
	MaxRecord = 2_000_000 - len("\r\n")
	// MaxBad is the number of broken records after which a text is refused
	// whole: it is not in the dialect that was given.
	MaxBad = 1_000_000
)

// Report is what Scan found.
type Report struct {
	Header       []string   // unquoted, as sent; nil in a text without records, or with NoHeader; of JSON: the keys of all good records, as they appear
	First        []string   // fields of the first record, unquoted; nil if Dialect.First is
	Last         [][]string // the last records, in order; nil if Dialect.Last is
	Skipped      int64      // lines before the header that are neither it nor empty nor the first record
	BOM          bool
	CRLF         bool             // the first line end is CRLF
	HeaderLength int64            // offset of the first byte after the header; without one, after the BOM
	Records      int64            // good and bad
	Bad          map[Reason]int64 // how many are bad, by reason; nil for none
	Blank        int64            // wholly empty lines, which are no records (in a text of one column they are, after its header)
	Text         int64            // decompressed and decoded bytes
	MaxLine      int64            // longest good record in bytes, line end not counted
	Multiline    int64            // good records that hold a line break inside quotes

	lineEnds [2]int64 // LF (or CR, if that is the dialect's), CRLF
	leading  int64    // empty lines before the first record or header
	broken   bool     // the first record or header holds a line break, or a quote right after the byte order mark
	array    bool     // of JSON: the text is one array
	long     bool     // of JSON: a number that a double may not hold, or that would come with an exponent
	firstBad Reason
	badSum   [sha256.Size]byte // of all bad records
	dialect  Dialect           // of a delimited text
	json     *JSONOptions      // of JSON
}

// Good is the number of rows that DuckDB must find.
func (r Report) Good() int64 { return r.Records - r.Broken() }

// Broken is the number of bad records.
func (r Report) Broken() (n int64) {
	for _, of := range r.Bad {
		n += of
	}
	return n
}

// Clean reports whether DuckDB may read the text as it is. Otherwise it gets
// the copy that WriteClean makes: it stops at mixed line ends, takes an empty
// first line for the header, and guesses line ends from the first line break
// it meets, even one inside quotes. That, and a byte order mark before a quoted
// field with a delimiter in it, make it find no rows, without an error. Nor has
// it a word for what stands round the records.
func (r Report) Clean() bool {
	mixed := r.lineEnds[0] > 0 && r.lineEnds[1] > 0
	framed := r.First != nil || r.Last != nil || r.Skipped > 0
	if r.json != nil {
		return len(r.Bad) == 0 && !r.array && !r.BOM && !r.long
	}
	return len(r.Bad) == 0 && !mixed && r.leading == 0 && !r.broken && !framed && r.dialect.NewLine != '\r'
}

// NewLine is DuckDB's new_line option for a text that is Clean. It is `\n` for
// LF, and empty (leave the option out) for CRLF: given `\r\n`, DuckDB 1.5.5
// reads no rows.
func (r Report) NewLine() string {
	if r.lineEnds[1] > 0 {
		return ""
	}
	return `\n`
}

// Serial reports whether DuckDB must read the text, or its clean copy, with
// `parallel = false`: otherwise it divides a text of some megabytes into pieces
// (even for one thread) and takes a line inside quotes for a record where one
// begins. DuckDB 1.5.5 then fails, or might not.
func (r Report) Serial() bool { return r.Multiline > 0 }

// same reports whether other was made from the same text.
func (r Report) same(other Report) bool {
	return r.Text == other.Text && r.Records == other.Records && maps.Equal(r.Bad, other.Bad) && r.badSum == other.badSum &&
		slices.Equal(r.First, other.First) && slices.EqualFunc(r.Last, other.Last, slices.Equal)
}
