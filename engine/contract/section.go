package contract

import "ledgermill/engine/sqltext"

// Section is one `objects` line and what is said of its objects; what stands above
// the first `objects` is in every section.
type Section struct {
	Objects   string              // the pattern as written
	Pattern   Pattern             // compiled
	CSV       CSV                 // how text is cut into records and fields
	Aliases   map[string][]string // by column: further header names
	Reads     map[string]Read     // by column: how it is made where the header lacks it
	Formats   map[string]Format   // by column: what replaces the type's grammar
	Nulls     map[string][]string // by column, "" for all: texts read as null
	Constants map[string]string   // by column: the text of all its fields
	Optional  map[string]bool     // columns that a header may lack
	First     *Frame              // the record in front of header and data; nil: none
	Last      *Frame              // the records behind the data, as many as it recognises, one at least; nil: none
	Pos       sqltext.Pos
}

// CSV is the dialect of a section's text objects. Nothing is sniffed.
type CSV struct {
	Delimiter    string // one ASCII character, default ","; "" for none
	Quote        string // one ASCII character, default `"`; "" for none
	Escape       string // one ASCII character, default the quote; "" for none
	Newline      string // "\r" where records end in a lone CR; "" for \n and \r\n
	Encoding     string // "utf-8" (default), "latin-1", "windows-1252" or "utf-16"
	HeaderWithin int    // the header is within this many lines; default 1
	NoHeader     bool   // `header none`: fields come in the order of Contract.Fields
}

// DefaultCSV is the dialect of a section that says nothing.
func DefaultCSV() CSV {
	return CSV{Delimiter: ",", Quote: `"`, Escape: `"`, Encoding: "utf-8", HeaderWithin: 1}
}

// Read is how a column is made from raw text columns.
type Read struct {
	SQL  string
	Text bool     // it gives text, which is read on like a field
	Uses []string // the raw columns that it names; each is required
	Pos  sqltext.Pos
}

// Format replaces the grammar of a column's type: patterns or numbers by example.
type Format struct {
	Patterns []string // strptime patterns of a date or timestamp
	Numbers  []NumberExample
	Round    bool // half away from zero to the scale
	Pos      sqltext.Pos
}
