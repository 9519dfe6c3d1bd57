package contract

import (
	"encoding/json"
	"slices"

	"ledgermill/engine/sqltext"
)

// Data is the text of all that bears on data, for the fingerprint: the statement's
// tokens, and what the directives say, however they say it. What documents, tests
// or limits is not in it.
func (c *Contract) Data() string {
	type section struct {
		Objects   string
		CSV       CSV
		Aliases   map[string][]string
		Reads     map[string]string
		Formats   map[string][]string
		Nulls     map[string][]string
		Constants map[string]string
		Optional  map[string]bool
		First     string `json:",omitempty"`
		Last      string `json:",omitempty"`
	}
	var sections []section
	for _, s := range c.Sections {
		one := section{Objects: s.Objects, CSV: s.CSV, Aliases: s.Aliases, Nulls: s.Nulls, Constants: s.Constants, Optional: s.Optional,
			First: s.First.String(), Last: s.Last.String(),
			Reads: map[string]string{}, Formats: map[string][]string{}}
		for name, r := range s.Reads {
			one.Reads[name] = sqltext.Canonical(r.SQL)
		}
		for name, f := range s.Formats {
			one.Formats[name] = f.texts()
		}
		sections = append(sections, one)
	}
	private := slices.Sorted(slices.Values(c.Private))
	text, err := json.Marshal(struct {
		Statement    string
		BusinessDate string
		Partition    Partition
		KeyConflict  KeyConflict
		Control      *Control
		Private      []string
		Sections     []section
	}{c.statement(), c.BusinessDate, c.Partition, c.KeyConflict, c.Control, private, sections})
	if err != nil {
		return c.Source // says more than is needed; texts, numbers and maps of them always marshal
	}
	return string(text)
}

func (f Format) texts() []string {
	texts := f.alternatives()
	if f.Round {
		texts = append(texts, "round")
	}
	return texts
}

// statement is the canonical CREATE TABLE; comments on columns document only.
func (c *Contract) statement() string {
	tokens, err := sqltext.Lex(c.File, c.Source)
	statements := sqltext.Statements(tokens)
	if err != nil || len(statements) == 0 {
		return c.Source
	}
	return sqltext.Canonical(sqltext.Source(c.Source, statements[0]))
}
