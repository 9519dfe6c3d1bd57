package records

import "fmt"

// Dialect says how a text is divided. A zero byte means that there is none:
// no delimiter (each line is one field), no quote.
type Dialect struct {
	Delimiter byte
	Quote     byte
	Escape    byte // makes a quote inside quotes literal; 0: the quote doubled
	NoEscape  bool // nothing does: the next quote ends the field
	NewLine   byte // '\r' for text whose records end in a lone CR; 0: LF or CRLF
	NoHeader  bool // the first line is a record
	Columns   int  // fields of a record; required with NoHeader, else ignored

	// HeaderWithin is how many lines of the text, empty ones counted, may hold
	// the header. Above 1, the header is the first of them that IsHeader takes,
	// and the lines before it are skipped.
	HeaderWithin int
	IsHeader     func(fields []string) bool

	First *Marker // a record before the header, or before all records without one
	Last  *Marker // the records at the end of the text
}

// Marker tells a record that speaks of the others from them: the field at
// place Field, 0 the first, is Literal. Spaces and tabs round the field do not
// count. Such a record stands on one line and has its own number of fields.
type Marker struct {
	Field   int
	Literal string
}

// RFC4180 is the dialect of a contract that says nothing: comma, double quote.
func RFC4180() Dialect { return Dialect{Delimiter: ',', Quote: '"'} }

func (d Dialect) normal() (Dialect, error) {
	if d.Escape == 0 && !d.NoEscape {
		d.Escape = d.Quote
	}
	if d.NewLine == 0 {
		d.NewLine = '\n'
	}
	if d.NewLine != '\n' && d.NewLine != '\r' {
		return d, fmt.Errorf("csv dialect: a record ends in LF, CRLF or CR, not %q", d.NewLine)
	}
	for _, part := range []struct {
		name  string
		value byte
	}{{"delimiter", d.Delimiter}, {"quote", d.Quote}, {"escape", d.Escape}} {
		if part.value == '\n' || part.value == '\r' || part.value >= 0x80 {
			return d, fmt.Errorf("csv dialect: %s %q is not a single ASCII character", part.name, part.value)
		}
	}
	if d.Delimiter != 0 && (d.Delimiter == d.Quote || d.Delimiter == d.Escape) {
		return d, fmt.Errorf("csv dialect: %q is both delimiter and quote or escape", d.Delimiter)
	}
	if d.NoEscape && d.Escape != 0 {
		return d, fmt.Errorf("csv dialect: %q is an escape, and there is none", d.Escape)
	}
	if d.NoHeader && d.Columns < 1 {
		return d, fmt.Errorf("csv dialect: without a header the number of columns must be given")
	}
	return d, d.frame()
}

// frame checks what stands round the records.
func (d Dialect) frame() error {
	if d.HeaderWithin > 1 && (d.NoHeader || d.IsHeader == nil) {
		return fmt.Errorf("csv dialect: nothing tells which of %d lines is the header", d.HeaderWithin)
	}
	for _, m := range []*Marker{d.First, d.Last} {
		if m != nil && (m.Literal == "" || m.Field < 0) {
			return fmt.Errorf("csv dialect: %q in field %d marks no record", m.Literal, m.Field)
		}
	}
	return nil
}
