package contract

import (
	"fmt"
	"strings"
	"unicode"

	"ledgermill/engine/sqltext"
)

// HeaderError says why a header is refused; the reason is `header`.
type HeaderError struct {
	Contract  string
	File      string // of the contract
	Missing   []Missing
	Ambiguous []Ambiguous
	Fields    int // of the header, where they are more than MaxFields
}

// Missing is a column that a header lacks.
type Missing struct {
	Column string
	For    string // the column whose `read` names it, or ""
	Near   string // the nearest header text that nothing takes, or ""
}

// Ambiguous is a column that several header texts name.
type Ambiguous struct {
	Column  string
	Headers []string
}

// Error lists what is missing and what is there twice.
func (e *HeaderError) Error() string {
	var parts []string
	for _, m := range e.Missing {
		part := "no column " + m.Column
		if m.For != "" {
			part += " (for `read " + m.For + "`)"
		}
		if m.Near != "" {
			part += fmt.Sprintf(" (nearest: %q)", m.Near)
		}
		parts = append(parts, part)
	}
	for _, a := range e.Ambiguous {
		parts = append(parts, fmt.Sprintf("%d columns for %s: %q", len(a.Headers), a.Column, a.Headers))
	}
	if e.Fields > 0 {
		parts = append(parts, fmt.Sprintf("%d columns, of %d at most", e.Fields, MaxFields))
	}
	if parts == nil {
		return "no header of " + e.Contract
	}
	return "header does not meet " + e.Contract + ": " + strings.Join(parts, "; ")
}

// Try names the directive that would let the header pass.
func (e *HeaderError) Try() string {
	if e.Fields > 0 {
		return "ask the sender for the columns alone that the contract names"
	}
	if e.lacks() == 0 {
		return "look whether the object is empty"
	}
	if len(e.Missing) == 0 {
		return "drop the alias in " + e.File + " that names the wrong one"
	}
	m := e.Missing[0]
	header := "<header text>"
	if m.Near != "" && strings.IndexFunc(m.Near, unicode.IsControl) < 0 {
		header = aliasItem(m.Near)
	}
	if m.For != "" {
		return "write `read " + m.For + "` in " + e.File + " over the columns that are there"
	}
	return fmt.Sprintf("add `-- alias %s: %s` or `-- optional: %s` to %s", m.Column, header, m.Column, e.File)
}

// aliasItem is a header text as an `alias` line takes it.
func aliasItem(text string) string {
	if strings.ContainsAny(text, "',|") || text != strings.TrimSpace(text) {
		return sqltext.QuoteString(text)
	}
	return text
}

func (e *HeaderError) lacks() int { return len(e.Missing) + len(e.Ambiguous) }
