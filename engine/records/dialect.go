package records

import "fmt"

// Dialect says how a text is divided. A zero byte means that there is none:
// no delimiter (each line is one field), no quote.
type Dialect struct {
	Delimiter byte
	Quote     byte
	Escape    byte // makes a quote inside quotes literal; 0: the quote doubled
	NewLine   byte // '\r' for text whose records end in a lone CR; 0: LF or CRLF
	NoHeader  bool // the first line is a record
	Columns   int  // fields of a record; required with NoHeader, else ignored
}

// RFC4180 is the dialect of a contract that says nothing: comma, double quote.
func RFC4180() Dialect { return Dialect{Delimiter: ',', Quote: '"'} }

func (d Dialect) normal() (Dialect, error) {
	if d.Escape == 0 {
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
	if d.NoHeader && d.Columns < 1 {
		return d, fmt.Errorf("csv dialect: without a header the number of columns must be given")
	}
	return d, nil
}
